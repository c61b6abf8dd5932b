/** Somebody fills blocks, so that what the node offered when it sent no longer pays the base fee. */
import { beforeEach, expect, test } from 'vitest'
import {
  batchLeaf,
  cidOf,
  contractAddress,
  demandId,
  inclusionPath,
  leafHash,
  LIMITS,
  merkleRoot,
  RAW,
  utf8,
  type BatchStatement,
} from '../../core/index.ts'
import { useNativeHashes } from '../../crypto/native.ts'
import { signBatch, testChain, testGenesis, UNC, userOf, VALIDATOR, type TestChain } from '../../consensus/testing/test-kit.ts'
import type { SignedBatch } from '../../receipts/index.ts'
import { payBaseFee } from '../transactions.ts'
import { anchorBatches, answerDemands } from './index.ts'

useNativeHashes()

const [ann, bob] = [userOf(2), userOf(3)]
/** An eighth more each. */
const FULL = 7
const ZERO = new Uint8Array(32)
const leaves = [utf8('a leaf'), utf8('another')]
const hashes = leaves.map(leafHash)

let t: TestChain
/** Sends what takes the whole of a block. */
let fill: () => void

beforeEach(async () => {
  const accounts = [ann, bob, VALIDATOR].map(({ address }) => ({ address, balance: 1_000n * UNC }))
  t = await testChain({ genesis: testGenesis({ accounts }) })
  t.send(ann, { kind: 'publish', name: 'spinner', module: cidOf(RAW, utf8('spinner')), world: 'contract', size: 100 })
  await t.produce()
  const to = contractAddress(ann.address, 0)
  const whole = { gasLimit: BigInt(LIMITS.blockGas), maxFeePerGas: 100n * t.chain.params.baseFee }
  fill = () => void t.send(ann, { kind: 'call', to, export: 'spin', args: [] }, whole)
})

/** Blocks that are full with what came first, until the base fee is above twice what it was, and one that is as dear and has room; `before` runs before each, as a node does. */
async function dear(before: () => void | Promise<void>): Promise<void> {
  const began = t.chain.baseFee()
  for (let i = 0; i < FULL; i++) fill()
  for (let i = 0; i <= FULL; i++) {
    if (i === FULL) expect(t.chain.baseFee() > 2n * began).toBe(true)
    await before()
    await t.produce()
  }
}

test('U3.3-ROL-1 a leaf that is asked for is shown while blocks are dear: what the node sent before offers enough again', async () => {
  const { chain } = t
  const signed = signBatch(VALIDATOR, chain.chainId, { thread: 0, first: 0, size: 2, prev: ZERO, root: merkleRoot(leaves) })
  const anchor = t.send(VALIDATOR, { kind: 'anchor', batches: [signed], data: null })
  await t.produce()
  const path = inclusionPath([leafHash(batchLeaf(signed.batch, signed.sig))], 0)
  const payload = { kind: 'refute', target: { anchor, at: 0, ...signed, path }, claim: { kind: 'unavailable', index: 1 } } as const
  t.send(bob, payload, { gasLimit: 20_000_000n })
  await t.produce()
  expect(chain.demands().map(({ id }) => id)).toEqual([demandId(anchor, 0, 1)])
  const leaf = (_thread: number, _first: number, index: number) => ({
    leaf: leaves[index] as Uint8Array,
    path: inclusionPath(hashes, index),
  })
  const demanded = answerDemands(chain, { leaf }, VALIDATOR)
  await dear(() => {
    payBaseFee(chain, VALIDATOR)
    demanded.answer()
  })
  expect(chain.demands()).toEqual([])
})

test('an anchor that waits is not sent again, and gets in while blocks are dear', async () => {
  const { chain } = t
  const batches: SignedBatch[] = [
    signBatch(VALIDATOR, chain.chainId, { thread: 0, first: 0, size: 2, prev: ZERO, root: merkleRoot(leaves) }),
  ]
  const digests = (): Uint8Array => new Uint8Array(64)
  const receipts = {
    lanes: () => [0],
    batchesFrom: (marks: ReadonlyMap<number, number>) =>
      batches.filter(({ batch }: { batch: BatchStatement }) => batch.first >= (marks.get(0) ?? 0)),
    digests,
    retire: () => {},
  }
  await dear(async () => {
    payBaseFee(chain, VALIDATOR)
    await anchorBatches({ chain, receipts, node: VALIDATOR, digestsOf: digests, keep: () => Promise.resolve() })
    expect(chain.waitingOf(VALIDATOR.address).length).toBeLessThanOrEqual(1)
  })
  expect(chain.batchHead(VALIDATOR.key, 0).next).toBe(2)
  // one transaction, and no second one that was refused
  expect(chain.account(VALIDATOR.address).nonce).toBe(1)
})
