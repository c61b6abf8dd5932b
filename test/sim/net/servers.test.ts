import { describe, expect, test } from 'vitest'
import { crypto } from '../../../runtime/consensus/testing/test-kit.ts'
import { runChainNet } from './chain-net.ts'
import type { ChainNetReport } from './chain-net-options.ts'
import { HEIGHTS, SERVERS, servedNet } from './servers.ts'

crypto.useNativeHashes()

/** A new one each run; a red run prints it. */
const SEED = Number(process.env['SIM_SEED'] ?? 1 + Math.floor(Math.random() * 100_000))

/** What others may see the liar do, where they must see it. */
const OFFENCES: Readonly<Record<string, readonly string[]>> = {
  old: [],
  forged: ['certificate', 'payload'],
  reordered: [],
  truncated: ['certificate', 'payload'],
  endless: ['certificate'],
  slow: [],
  'left-set': ['certificate'],
  'other-chain': ['certificate'],
}

const agreement = ({ blocks, stateRoots, conflicts, faults, accused }: ChainNetReport) => ({
  chains: new Set(blocks.map((b) => b.join())).size,
  states: new Set(stateRoots).size,
  ends: [...new Set(blocks.map((b) => b.length))],
  conflicts,
  faults,
  accused,
})
const AGREED = { chains: 1, states: 1, ends: [HEIGHTS], conflicts: [], faults: [], accused: [] }

describe('C24 who was away is served by a liar', () => {
  test.each(Object.keys(SERVERS))(
    '%s, alone for twenty seconds: it takes no block that is not the chain’s, and ends where all are',
    async (name) => {
      const { options, given } = servedNet(name, SEED)
      const report = await runChainNet(options)
      expect({ ...agreement(report), seed: SEED }).toEqual({ ...AGREED, seed: SEED })
      expect(report.offences.toSorted()).toEqual(OFFENCES[name])
      expect(given.length).toBeGreaterThan(4)
      // 64 messages of a peer, and what honest ones say of a height or two
      expect(report.held).toBeLessThan(400)
    },
  )

  test.each(Object.keys(SERVERS))('%s, beside honest ones: it has all blocks five seconds after it is back', async (name) => {
    const { options } = servedNet(name, SEED, { alone: false })
    expect({ ...agreement(await runChainNet(options)), seed: SEED }).toEqual({ ...AGREED, seed: SEED })
  })
})
