import { expect, test } from 'vitest'
import { equalBytes, leaderOf } from '../../core/index.ts'
import type { TestValidator } from '../testing/test-kit.ts'
import { workChain, type WorkChain } from './testing/work-chain.ts'

/** A block of a round, by who leads it, with a good CAT; gives its height. */
async function blockIn(w: WorkChain, round: number): Promise<number> {
  const { header } = w.chain.head()
  const set = w.chain.setAt(header.height + 1)
  const key = set[leaderOf(header.seed, round, set)]?.key as Uint8Array
  const leader = w.nodes.find((node) => equalBytes(node.key, key)) as TestValidator
  const cat = await w.cat(leader)
  await w.chain.produce({ timeMs: header.time + 1_000, round, proposer: leader.proposer, voters: w.nodes.map((n) => n.voter), cat })
  return w.chain.head().header.height
}

test('U2.5-VRF-1 a block earns half the reward for each round before its own, down to nothing', async () => {
  const w = await workChain({ blockReward: 1_000n })
  const amounts: (bigint | undefined)[] = []
  for (const round of [0, 1, 2, 9, 10, 100]) amounts.push(w.chain.reward(await blockIn(w, round))?.amount)
  expect(amounts).toEqual([1_000n, 500n, 250n, 1n, 0n, 0n])
})

test('what a late block earns is what is paid', async () => {
  const w = await workChain({ blockReward: 1_000n })
  const height = await blockIn(w, 2)
  await w.block({ verdicts: [w.verdict(height, true, [0, 1, 2])] })
  expect(w.chain.reward(height)).toMatchObject({ status: 'released', amount: 250n })
  expect(w.chain.minted()).toBe(250n)
})
