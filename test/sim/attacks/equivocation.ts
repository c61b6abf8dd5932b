import type { Message, Vote } from '../../../runtime/consensus/bft/index.ts'
import { runChainNet, type ChainLiar } from '../chain-net.ts'
import { broken, held, type Attack } from './attack.ts'

/** Signs two votes in each place: for the block to some, for none to others. */
const twoFaced: ChainLiar = {
  index: 0,
  outgoing: (message, to, own): readonly Message[] => {
    if (message.kind !== 'vote' || to % 2 === 0 || message.block === null) return [message]
    const body = { height: message.height, round: message.round, phase: message.phase, block: null }
    const second: Vote = { kind: 'vote', ...body, voter: message.voter, signature: own.signVote(body) }
    return [message, second]
  },
}

/** The real chain on four validators; the first signs twice. */
export const equivocation: Attack = {
  name: 'equivocation',
  of: '4.4',
  aim: 'a validator signs two votes in one place, and goes on as if nothing had happened',
  defences: {
    evidence: 'whoever holds both votes brings them onto the chain, which burns the bond; from the next epoch on its vote key has no power',
  },
  run: async (seed, without) => {
    const report = await runChainNet({
      seed,
      heights: 9,
      epochBlocks: 4,
      powers: [1, 1, 1, 1],
      liar: twoFaced,
      report: !without.has('evidence'),
    })
    const { conflicts, faults, accused, slashed } = report
    // of the last height: an epoch after the offence
    const powers = report.powers[0]?.at(-1) ?? []
    if (conflicts[0] !== undefined) return broken(`two blocks at height ${conflicts[0].height}`)
    if (faults[0] !== undefined) return broken(faults[0])
    const seen = `evidence against validators [${accused.join()}], slashed [${slashed.join()}]; powers in the next epoch ${powers.join(', ')}`
    const punished = slashed.join() === String(twoFaced.index) && powers[twoFaced.index] === 0
    return punished ? held(seen) : broken(seen)
  },
}
