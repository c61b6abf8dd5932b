import { decodePayload, encodePayload, payloadLabel } from '../../../runtime/consensus/bft/index.ts'
import { type BftCrypto, type Message, type Proposal } from '../../../runtime/consensus/messages/index.ts'
import { runChainNet } from '../net/chain-net.ts'
import type { ChainLiar } from '../net/chain-net-options.ts'
import { broken, held, type Attack } from './attack.ts'

/** Another block of the same place: good too, but for one millisecond. */
function otherBlock(message: Proposal, own: BftCrypto): Proposal {
  const { block, parentCertificate } = decodePayload(message.payload)
  const payload = encodePayload({ block: { ...block, header: { ...block.header, time: block.header.time + 1 } }, parentCertificate })
  const { height, round, validRound } = message
  const body = { height, round, validRound, block: payloadLabel(payload)?.id ?? message.block }
  return { ...message, ...body, payload, signature: own.signProposal(body) }
}

/** Signs two blocks in each place that it leads, and two votes in each phase: for the block, and for none. */
const twoFaced: ChainLiar = {
  index: 0,
  outgoing: (message, to, own): readonly Message[] => {
    if (to % 2 === 0) return [message]
    if (message.kind === 'proposal' && message.validRound < 0) return [message, otherBlock(message, own)]
    if (message.kind !== 'vote' || message.block === null) return [message]
    const body = { height: message.height, round: message.round, phase: message.phase, block: null }
    return [message, { kind: 'vote', ...body, voter: message.voter, signature: own.signVote(body) }]
  },
}

/** The real chain on four validators; the first signs twice. */
export const equivocation: Attack = {
  name: 'equivocation',
  of: '4.4',
  aim: 'a validator signs two blocks or two votes in one place, and goes on as if nothing had happened',
  defences: {
    evidence: 'whoever holds both brings them onto the chain, which burns the bond; from the next epoch on its vote key has no power',
  },
  run: async (seed, without) => {
    const report = await runChainNet({
      seed,
      heights: 9,
      genesis: { epochBlocks: 4, trustingBlocks: 40 },
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
