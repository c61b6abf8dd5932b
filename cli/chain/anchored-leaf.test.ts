import { expect, test } from 'vitest'
import { signBatch, signTx, userOf } from '../../runtime/consensus/testing/test-kit.ts'
import {
  batchData,
  cidOf,
  concatBytes,
  DAG_CBOR,
  LIMITS,
  merkleRoot,
  RAW,
  sha256,
  toBase64,
  utf8,
  UtnetError,
  type CID,
  type NodeApi,
} from '../../runtime/core/index.ts'
import { anchoredLeaf } from './anchored-leaf.ts'

const CHAIN = cidOf(RAW, utf8('c'))
const node = userOf(5)
const leaf = utf8('a leaf')
const receipt = cidOf(DAG_CBOR, leaf)
const data = batchData([sha256(leaf)])

/** An anchor of one batch, as a search of the chain gives it. */
function anchor(nonce: number, of: CID, size = 1) {
  const statement = { thread: 0, first: nonce, size, prev: new Uint8Array(32), root: merkleRoot([leaf]) }
  const payload = { kind: 'anchor', batches: [signBatch(node, CHAIN, statement)], data: of } as const
  const wire = signTx(node, { chainId: CHAIN, nonce, expiry: 9, gasLimit: 1n, maxFeePerGas: 1n, payload })
  return { type: 'transaction', kind: 'anchor', status: 'ok', tx: cidOf(DAG_CBOR, wire).toString(), proof: { leaf: toBase64(wire) } }
}

const simulatedApi = (entries: readonly ReturnType<typeof anchor>[], blocks: readonly (readonly [CID, Uint8Array])[]): NodeApi =>
  ({
    chain: async () => ({ height: 5 }),
    chainEvents: async () => ({ entries, done: true }),
    ipfs: async (cid: string) => {
      const body = blocks.find(([of]) => of.toString() === cid)?.[1]
      if (body === undefined) throw new UtnetError('block_not_found', 'nobody has it')
      return { body }
    },
  }) as unknown as NodeApi

test('an anchor is found behind others whose data is not there, or is none', async () => {
  const [withheld, garbage] = [cidOf(RAW, utf8('w')), cidOf(RAW, utf8('g'))]
  const shown = [
    [garbage, utf8('no list')],
    [data.cid, data.bytes],
    [receipt, leaf],
  ] as const
  const sought = { receipt, node: node.key }
  const api = simulatedApi([anchor(0, withheld), anchor(1, garbage), anchor(2, data.cid)], shown)
  expect((await anchoredLeaf(api, api, sought)).target.batch.first).toBe(2)
  const without = simulatedApi([anchor(0, withheld)], shown)
  await expect(anchoredLeaf(without, without, sought)).rejects.toMatchObject({
    code: 'receipt_not_anchored',
    hint: expect.stringContaining('nobody has it') as string,
  })
})

test('a node that shows pages without an end is read so far and no further', async () => {
  const block = [
    [data.cid, data.bytes],
    [receipt, leaf],
  ] as const
  for (const [empty, found] of [
    [LIMITS.anchorPages - 1, true],
    [LIMITS.anchorPages, false],
  ] as const) {
    let pages = 0
    const api = {
      ...simulatedApi([], block),
      chainEvents: async () => ({ entries: pages++ < empty ? [] : [anchor(2, data.cid)], next: `${pages}`, done: false }),
    } as unknown as NodeApi
    const sought = anchoredLeaf(api, api, { receipt, node: node.key })
    if (found) expect((await sought).shown.leaf).toEqual(leaf)
    else await expect(sought).rejects.toMatchObject({ code: 'receipt_not_anchored', limit: 'anchorPages', used: LIMITS.anchorPages + 1 })
    expect(pages).toBe(LIMITS.anchorPages)
  }
})

test('data with another number of leaves than the batch, or another leaf, leads nowhere', async () => {
  const other = cidOf(DAG_CBOR, utf8('another'))
  const two = batchData([concatBytes(sha256(leaf), sha256(utf8('another')))])
  // far behind the last leaf that the batch has
  const late = batchData([concatBytes(...Array.from({ length: 300 }, () => sha256(utf8('another'))), sha256(leaf))])
  for (const [size, shown] of [
    [2, data],
    [1, two],
    [2, two],
    [1, late],
  ] as const) {
    const api = simulatedApi(
      [anchor(0, shown.cid, size)],
      [
        [shown.cid, shown.bytes],
        [receipt, leaf],
        [other, utf8('another')],
      ],
    )
    await expect(anchoredLeaf(api, api, { receipt, node: node.key })).rejects.toMatchObject({ code: 'receipt_invalid' })
  }
})
