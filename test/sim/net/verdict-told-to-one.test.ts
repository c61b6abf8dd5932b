import { expect, test } from 'vitest'
import { equalBytes } from '../../../runtime/core/index.ts'
import { decodeBlockVerdict } from '../../../runtime/consensus/cat/index.ts'
import { simulatedEnvironment } from '../../../runtime/consensus/cat/testing/work-chain.ts'
import { crypto } from '../../../runtime/consensus/testing/test-kit.ts'
import { runChainNet } from './chain-net.ts'
import type { ChainLiar } from './chain-net-options.ts'
import { FIRST_WITH_CHIPS, honestPart, netWork } from './net-work.ts'

crypto.useNativeHashes()

/** Half of the power is one validator's, so every verdict takes its vote, which it shows to one other alone. */
const POWERS = [2, 2, 6]
const [TOLD, NOT_TOLD, JUDGE] = [0, 1, 2]
const toOne: ChainLiar = { index: JUDGE, outgoing: (message, to) => (message.kind === 'verdict' && to !== TOLD ? [] : [message]) }

/** Of each block of the validator that hears nothing of that judge: how many blocks behind those that it is about its verdicts come. */
async function lateness(asked: boolean): Promise<number[]> {
  const late: number[] = []
  const { faults, conflicts } = await runChainNet({
    seed: 4,
    powers: POWERS,
    heights: FIRST_WITH_CHIPS + 6,
    pauseMs: 300,
    liar: toOne,
    ...netWork({ environment: 'deferred' }, () => honestPart(simulatedEnvironment)),
    lose: ({ kind }) => !asked && kind === 'lack',
    act: (height, chain, validators) => {
      const { header, verdicts } = chain.blockAt(height)
      if (height > FIRST_WITH_CHIPS && equalBytes(header.proposer, validators[NOT_TOLD]?.key ?? header.proposer))
        for (const bytes of verdicts) late.push(height - decodeBlockVerdict(bytes).height)
      return []
    },
  })
  expect({ faults, conflicts }).toEqual({ faults: [], conflicts: [] })
  return late
}

test('U2.3-PIEE-4 a verdict that reaches one validator alone counts in the block of another, which asks for it; without asking it does not', async () => {
  const late = await lateness(true)
  expect(late.length).toBeGreaterThan(0)
  for (const blocks of late) expect(blocks).toBeLessThanOrEqual(3)
  expect(await lateness(false)).toEqual([])
})
