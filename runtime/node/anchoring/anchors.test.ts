import { expect, test } from 'vitest'
import { LIMITS, sha256, utf8, type BatchStatement, type CID } from '../../core/index.ts'
import { signBatch, testChain, testGenesis, UNC, userOf, VALIDATOR } from '../../consensus/testing/test-kit.ts'
import type { SignedBatch } from '../../receipts/index.ts'
import { heldAccount } from '../parts.ts'
import { anchorBatches, retireClosed } from './anchors.ts'

/** A node on a real chain, with batches of such sizes on lane 0, and lanes that the chain is made to have closed. */
async function open(sizes: readonly number[], shut: readonly number[] = []) {
  const node = heldAccount(VALIDATOR.secret)
  const accounts = [{ address: node.address, balance: 1_000_000n * UNC }]
  const t = await testChain({ genesis: testGenesis({ accounts }) })
  const one = signBatch(VALIDATOR, t.chain.chainId, { thread: 0, first: 0, size: 1, prev: new Uint8Array(32), root: sha256(utf8('r')) })
  const batches = sizes.map((size, first): SignedBatch =>
    size === 1 ? one : signBatch(VALIDATOR, t.chain.chainId, { ...one.batch, first, size }),
  )
  const [kept, retired, marks]: [CID[], number[], ReadonlyMap<number, number>[]] = [[], [], []]
  const options = {
    chain: {
      ...t.chain,
      batchHead: (key: Uint8Array, thread: number) => ({ ...t.chain.batchHead(key, thread), closed: shut.includes(thread) ? 1 : null }),
    },
    receipts: {
      lanes: () => [0, 1, 2],
      batchesFrom: (from: ReadonlyMap<number, number>) => (marks.push(from), batches),
      digests: () => undefined,
      retire: (thread: number) => void retired.push(thread),
    },
    node,
    digestsOf: ({ size }: BatchStatement) => new Uint8Array(32 * size),
    keep: async ({ cid }: { readonly cid: CID }) => void kept.push(cid),
  }
  const anchored = (): number[] =>
    t.chain.waitingOf(node.address).map(({ body }) => (body.payload.kind === 'anchor' ? body.payload.batches.length : 0))
  return { t, node, options, kept, retired, marks, anchored }
}

test('lanes that the chain has closed are retired, and of them nothing is anchored', async () => {
  const { options, retired, marks } = await open([], [1])
  retireClosed(options)
  expect(retired).toEqual([1])
  await anchorBatches(options)
  expect(marks.map((m) => [...m])).toEqual([
    [
      [0, 0],
      [1, Number.MAX_SAFE_INTEGER],
      [2, 0],
    ],
  ])
})

test('anchorReceipts: as many receipts as fit a block of links are anchored together, one more is of the next', async () => {
  const whole = Array.from({ length: LIMITS.anchorReceipts / LIMITS.batchReceipts - 1 }, () => LIMITS.batchReceipts as number)
  const { options, kept, anchored } = await open([...whole, LIMITS.batchReceipts - 1, 1, 1])
  await anchorBatches(options)
  expect(anchored()).toEqual([whole.length + 2, 1])
  expect(kept).toHaveLength(2)
  // what waits goes first
  await anchorBatches(options)
  expect(anchored()).toEqual([whole.length + 2, 1])
})

test('a transaction holds 200 batches, and six of them are sent at a time', async () => {
  const { options, anchored } = await open(Array.from({ length: 1_201 }, () => 1))
  await anchorBatches(options)
  expect(anchored()).toEqual([200, 200, 200, 200, 200, 200])
})

test('what the mempool does not take waits for the next block, and a batch that the journal lost is a fault of the node', async () => {
  const full = await open([1])
  const poor = { ...full.options, node: heldAccount(userOf(9).secret) }
  await anchorBatches(poor)
  expect(full.t.chain.waiting()).toBe(0)
  await expect(anchorBatches({ ...full.options, digestsOf: () => undefined })).rejects.toMatchObject({ code: 'node_internal' })
})
