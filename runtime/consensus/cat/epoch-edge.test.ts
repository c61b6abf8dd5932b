import { expect, test } from 'vitest'
import { equalBytes, leaderOf, offeredFee, totalPower, type ChipAction } from '../../core/index.ts'
import type { TestChip } from '../power/testing/chips.ts'
import { crypto, signTx, type TestValidator } from '../testing/test-kit.ts'
import { makeCat } from './index.ts'
import { signerOf } from './testing/chips.ts'
import { simulatedEnvironment, workChain } from './testing/work-chain.ts'

crypto.useNativeHashes()

/** The last height of epoch 3: what changes in epoch 2 counts behind it. */
const LAST = 16

test('at the edge of an epoch: chips answer as they sat in the epoch of the block, and a verdict counts by the set of its own height, in whichever epoch it comes', async () => {
  const w = await workChain()
  const { chain, chips, nodes } = w
  const less = nodes[0] as TestValidator
  const [kept, gone] = chips.get(less) as [TestChip, TestChip]
  const action: ChipAction = { op: 'assign', serial: gone.serial, node: null, consent: null }
  chain.submit(
    signTx(less, {
      chainId: chain.chainId,
      nonce: chain.nextNonce(less.address),
      expiry: 100,
      gasLimit: 20_000_000n,
      maxFeePerGas: offeredFee(chain.baseFee()),
      payload: { kind: 'chip', action },
    }),
  )
  expect((await w.block()).outcomes.map((o) => o.status)).toEqual(['ok'])
  while (chain.head().header.height < LAST - 1) await w.block()
  const before = chain.catSeats(less.key, LAST)
  await w.block({ cat: await w.cat() })
  expect([LAST, LAST + 1].map((h) => [totalPower(chain.setAt(h)), chain.catSeats(less.key, h).count])).toEqual([
    [12, 2],
    [11, 1],
  ])

  // two who are more than half of the set that votes on this block, and just half of that of the block which they judge
  const at = (height: number): number[] => chain.setAt(height).flatMap((v, i) => (equalBytes(v.key, less.key) ? [] : [i]))
  expect(at(LAST)).toEqual(at(LAST + 1))
  const [a, b, c] = at(LAST) as [number, number, number]
  await expect(w.block({ verdicts: [w.verdict(LAST, true, [a, b])] })).rejects.toThrow('not of more than half')
  expect(chain.reward(LAST)?.status).toBe('pending')

  // what all its chips answer that it had the height before is no answer of those that it has
  const set = chain.setAt(LAST + 1)
  let round = 0
  while (!equalBytes((set[leaderOf(chain.head().header.seed, round, set)] as { key: Uint8Array }).key, less.key)) round++
  const { challenge, ...task } = chain.task(less.key, LAST + 1)
  const result = await simulatedEnvironment.run({ challenge, ...task })
  const cat = (await makeCat(challenge, before, result, signerOf([kept, gone]))) as Uint8Array
  const own = (await makeCat(challenge, chain.catSeats(less.key, LAST + 1), result, signerOf([kept]))) as Uint8Array
  const timeMs = chain.head().header.time + 1_000
  const build = (shown: Uint8Array) =>
    chain.buildBlock({ timeMs, round, proposer: less.proposer, cat: shown, verdicts: [w.verdict(LAST, true, [a, b, c])] }).executed
  const faultIn = async (shown: Uint8Array): Promise<string | null | undefined> => {
    const executed = chain.executeBlock(build(shown).block)
    const certificate = await chain.certify(
      executed,
      nodes.map((n) => n.voter),
    )
    await chain.commitBlock(executed, certificate)
    return chain.reward(LAST + 1)?.fault
  }
  expect(build(own).execution.roots.state).not.toEqual(build(cat).execution.roots.state)
  expect(['aggregate', 'form', 'answer']).toContain(await faultIn(cat))
  expect(chain.reward(LAST)?.status).toBe('released')
})
