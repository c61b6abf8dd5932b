/** Whether what a peer sent holds by itself: signatures, quorums, labels. What a message means to the machine is the machine's matter. */
import {
  checkQuorum,
  type BftPorts,
  type BlockLabel,
  type FinalNotice,
  type HeightSetup,
  type LockNotice,
  type Member,
  type Proposal,
  type Quorum,
} from '../messages/index.ts'
import type { Refusal } from './events.ts'
import { MAX_ROUND } from './timeouts.ts'

type Crypto = BftPorts['crypto']

/** Whether a proposal is one that its round's leader may make: cheap, so it is asked before any signature. */
export function checkProposer(p: Proposal, { members, leaderOf }: HeightSetup): Refusal | undefined {
  if (members[p.proposer] === undefined) return 'member'
  if (!(p.round >= 0 && p.round <= MAX_ROUND && p.validRound >= -1)) return 'round'
  return leaderOf(p.round) === p.proposer ? undefined : 'leader'
}

/** The label of the block of a proposal whose proposer may make it, or why it does not hold. */
export function checkProposal(p: Proposal, { members }: HeightSetup, { crypto, labelOf }: BftPorts): BlockLabel | Refusal {
  if (!crypto.verifyProposal(p, members[p.proposer] as Member, p.signature)) return 'signature'
  const label = labelOf(p.payload)
  if (label === undefined || label.id !== p.block || label.height !== p.height) return 'payload'
  return (p.validRound < 0 ? label.round === p.round : label.round <= p.validRound) ? label : 'payload'
}

/** Whether the prevotes that a proposal carries justify it (lines 22 and 28). */
export function isJustified({ lock, validRound, height, round, block }: Proposal, members: readonly Member[], crypto: Crypto): boolean {
  if (validRound < 0) return lock === null
  if (lock === null || validRound >= round) return false
  const same = lock.phase === 'prevote' && lock.height === height && lock.round === validRound && lock.block === block
  return same && checkQuorum(crypto, lock, members)
}

/** The label of the block that a lock is of, or why it does not hold. */
export function checkLock(
  { quorum, payload }: LockNotice,
  members: readonly Member[],
  { crypto, labelOf }: BftPorts,
): BlockLabel | Refusal {
  if (!checkQuorum(crypto, quorum, members)) return 'lock'
  const label = labelOf(payload)
  return label?.id === quorum.block ? label : 'payload'
}

/** Whether a certificate makes its block final. */
export const isCertified = (certificate: Quorum, members: readonly Member[], crypto: Crypto): boolean =>
  certificate.phase === 'precommit' && checkQuorum(crypto, certificate, members)

/** The label of a final block, or why its notice does not hold. */
export function checkFinal(
  { certificate, payload }: FinalNotice,
  members: readonly Member[],
  { crypto, labelOf }: BftPorts,
): BlockLabel | Refusal {
  if (!isCertified(certificate, members, crypto)) return 'certificate'
  const label = labelOf(payload)
  return label?.id === certificate.block ? label : 'payload'
}
