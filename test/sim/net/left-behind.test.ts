import { expect, test } from 'vitest'
import { crypto } from '../../../runtime/consensus/testing/test-kit.ts'
import { runChainNet } from './chain-net.ts'
import type { ChainNetOptions } from './chain-net-options.ts'

crypto.useNativeHashes()

/** When power is gone, when the liar falls silent, and when the others must have a block by. */
const BLACKOUT_MS = 6_000
const [ALONE, LIAR] = [0, 3]

/**
 * The worst that a blackout does, with four of one unit: nobody hears the proposal, so all precommit none, but the precommits come to one validator only. It leaves the
 * round, signs in the next, and power is gone everywhere. What the liar said it says to nobody else: the two others have two precommits of the four, and what was the
 * third is a vote of a round that the one that left has behind it.
 */
const blackout: ChainNetOptions = {
  seed: 1,
  heights: 1,
  powers: [1, 1, 1, 1],
  fallsAtMs: { [BLACKOUT_MS]: [0, 1, 2] },
  untilMs: 60_000,
  lose: (message, { from, to, atMs }) => {
    if (atMs > BLACKOUT_MS) return from === LIAR
    if (message.kind === 'proposal') return true
    return message.kind === 'vote' && (message.round > 0 || (message.phase === 'precommit' && to !== ALONE))
  },
}

test('C24 the real chain: a validator that left a round alone leads the others out of it behind a blackout', async () => {
  const { blocks, crashes, faults } = await runChainNet(blackout)
  expect({ faults, crashes, ends: blocks.slice(0, LIAR).map((b) => b.length) }).toEqual({ faults: [], crashes: 3, ends: [1, 1, 1] })
})

test('without the precommits in its row they stand in that round for good', async () => {
  const { faults } = await runChainNet({ ...blackout, forgetsBefore: true })
  expect(faults).toEqual([expect.stringMatching(/^no end/)])
})
