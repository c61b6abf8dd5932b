/** The rollup of receipts on a real node: an anchor leads to its leaves, what is asked for is shown, and a refuted thread's receipts are void. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  batchLeaf,
  decodeTx,
  demandId,
  encodeTx,
  formatAddress,
  fromBase64,
  inclusionPath,
  keyAddress,
  leafHash,
  merkleRoot,
  offeredFee,
  parseCid,
  PARAMS,
  readBatchData,
  receiptId,
  ROLLUP,
  txSigningBytes,
  type AnchoredBatch,
  type ChainEntry,
  type Claim,
  type NodeEvent,
  batchMessage,
} from '../../core/index.ts'
import { publicKeyEd25519, signEd25519 } from '../../crypto/native.ts'
import { createClient } from '../../../gateway/client/index.ts'
import { identity } from '../../../test/compliance/onnx-models.ts'
import { verifyBundle } from '../../verify/index.ts'
import { startDevNode } from '../dev-node.ts'
import { nodeKeys } from '../folder/node-keys.ts'

const folder = mkdtempSync(join(tmpdir(), 'utnet-rollup-'))
let node: Awaited<ReturnType<typeof startDevNode>>
let api: ReturnType<typeof createClient>

beforeAll(async () => {
  node = await startDevNode({ data: folder, port: 0, threads: 0 })
  api = createClient(node.url)
  await api.putModel('echo', identity(1, ['n']))
  await api.fund(formatAddress(keyAddress(key)))
}, 60_000)
afterAll(async () => {
  await node.close()
  rmSync(folder, { recursive: true, force: true })
})

const secret = new Uint8Array(32).fill(0x77)
const key = publicKeyEd25519(secret)
let nonce = 0

/** A refutation by somebody with an account. */
async function refute(target: AnchoredBatch, claim: Claim) {
  const body = {
    chainId: parseCid((await api.info()).chainId),
    sender: key,
    nonce: nonce++,
    expiry: (await api.chain()).height + 100,
    gasLimit: 20_000_000n,
    maxFeePerGas: offeredFee(PARAMS.baseFee),
    payload: { kind: 'refute' as const, target, claim },
  }
  const { hash } = await api.submit(encodeTx({ body, sig: signEd25519(txSigningBytes(body), secret) }))
  return api.transaction(hash, 20_000)
}

async function receiptOf(): Promise<string> {
  const { receipt } = await api.infer({ model: 'echo', inputs: [{ name: 'x', dtype: 'f32', shape: [1], data: new Uint8Array(4) }] })
  await api.receipt(receipt.id, 20_000)
  return receipt.id
}

/** The batch that a receipt is in, as a refutation names it, and the links of its anchor. */
async function anchored(receipt: string) {
  const { anchor } = await api.receipt(receipt)
  const { entries } = await api.chainEvents({
    filter: [`record=${(await api.info()).nodeKey}`],
    from: Number(anchor?.height),
    to: Number(anchor?.height),
    proof: true,
  })
  for (const { tx, proof } of entries) {
    const { payload } = decodeTx(fromBase64(proof?.leaf ?? '')).body
    if (payload.kind !== 'anchor' || payload.data === null) continue
    const links = readBatchData((await api.ipfs(payload.data.toString(), '', 'raw')).body)
    const at = links.findIndex((list) => list.some((id) => id.toString() === receipt))
    const found = payload.batches[at]
    if (found === undefined) continue
    const path = inclusionPath(
      payload.batches.map((b) => leafHash(batchLeaf(b.batch, b.sig))),
      at,
    )
    return { target: { anchor: parseCid(tx), at, ...found, path }, links: links[at] ?? [] }
  }
  throw new Error(`no anchor of ${receipt}`)
}

async function nextEvent(filter: readonly string[], after: string): Promise<NodeEvent | undefined> {
  const stop = new AbortController()
  for await (const event of api.events(stop.signal, { filter, after })) {
    stop.abort()
    return event
  }
  return undefined
}

test('U3.3-ROL-1 an anchor leads to its leaves, and a leaf that is asked for is shown by the node by itself', async () => {
  const { target, links } = await anchored(await receiptOf())
  const { anchor, at, batch } = target
  const leaves = await Promise.all(links.map(async (id) => (await api.ipfs(id.toString(), '', 'raw')).body))
  expect(leaves.map((leaf) => receiptId(leaf).toString())).toEqual(links.map(String))
  expect(merkleRoot(leaves)).toEqual(batch.root)

  const asked = await refute(target, { kind: 'unavailable', index: 0 })
  expect(asked).toMatchObject({ state: 'final', status: 'ok' })
  const shown = (await nextEvent([`record=${anchor}`, `address=${formatAddress(keyAddress(batch.node))}`], `${asked.height}`)) as ChainEntry
  expect(shown).toMatchObject({ type: 'transaction', kind: 'reveal', status: 'ok' })
  const { entries } = await api.chainEvents({ filter: [`tx=${shown.tx}`], proof: true })
  const { payload } = decodeTx(fromBase64(entries[0]?.proof?.leaf ?? '')).body
  expect(payload).toMatchObject({ kind: 'reveal', reveals: [{ demand: demandId(anchor, at, 0), leaf: leaves[0] }] })
  // what is good cannot be refuted
  const none = await refute(target, { kind: 'leaf', index: 0, leaf: leaves[0] as Uint8Array, path: inclusionPath(leaves.map(leafHash), 0) })
  expect(none).toMatchObject({ status: 'refused', message: 'the leaf breaks no rule' })
}, 60_000)

test('U3.3-ROL-1 a node that signed twice loses the thread: its receipts fail the check rollup, and it goes on in another thread', async () => {
  const trust = { trust: [await api.genesis()] }
  const rollupOf = async (id: string) => {
    const { valid, checks } = await verifyBundle(await api.bundle(id), trust)
    return { valid, failed: checks.filter((c) => !c.ok).map((c) => c.name), detail: checks.find((c) => c.name === 'rollup')?.detail }
  }
  const before = await receiptOf()
  const { target } = await anchored(before)
  expect(await rollupOf(before)).toMatchObject({ valid: true, failed: [], detail: expect.stringContaining('open at block') as string })
  // the node's own key, taken from its folder: what only a dishonest node would sign
  const leaf = (await api.ipfs(before, '', 'raw')).body
  const other = { ...target.batch, size: 2, root: merkleRoot([leaf, leaf]) }
  const sig = signEd25519(batchMessage(parseCid((await api.chain()).chainId), other), nodeKeys(join(folder, 'keys')).identity)
  const done = await refute(target, { kind: 'twice', batch: other, sig })
  expect(done).toMatchObject({ status: 'ok' })
  const detail = `refuted: receipts of this thread from number ${target.batch.first} on are void since block ${done.height}`
  expect(await rollupOf(before)).toEqual({ valid: false, failed: ['rollup'], detail })
  const after = await receiptOf()
  const { body } = await api.receipt(after)
  expect(body).not.toMatchObject({ thread: target.batch.thread })
  expect(await rollupOf(after)).toMatchObject({ valid: true, failed: [] })
  expect((await anchored(after)).target.batch.first).toBe(0)
  expect(ROLLUP.windowBlocks).toBeGreaterThan(ROLLUP.answerBlocks)
}, 60_000)
