/** The rules of the algorithm that fire within a round (arXiv 1807.04938, algorithm 1; its line numbers stand below): what a node does next, from what it knows. */
import { isQuorum, type BlockId, type Proposal } from '../messages/index.ts'
import type { BlockVerdict } from './known-blocks.ts'
import type { RoundLog } from './rounds.ts'

export type Step = 'propose' | 'prevote' | 'precommit'

/** What a node knows of the round at work. */
export interface Situation {
  readonly step: Step
  readonly log: RoundLog
  /** Power of the whole set. */
  readonly total: number
  readonly verdictOf: (block: BlockId) => BlockVerdict | undefined
  readonly lockAllows: (proposal: Proposal) => boolean
}

export type Move =
  | { readonly type: 'vote'; readonly phase: 'prevote' | 'precommit'; readonly block: BlockId | null }
  | { readonly type: 'lock'; readonly block: BlockId }
  | { readonly type: 'wait'; readonly step: 'prevote' | 'precommit' }
  /** The round can decide nothing any more. */
  | { readonly type: 'leave' }

/** The next move, or undefined where no rule fires. Moves that are made must show in the next situation. */
export function nextMove(now: Situation): Move | undefined {
  const { step } = now
  // a quorum of prevotes is taken note of even where the round is over
  const locked = step === 'propose' ? undefined : lock(now)
  if (locked !== undefined) return locked
  if (isVoid(now)) return { type: 'leave' }
  if (step === 'propose') return waitForPrecommits(now) ?? prevote(now)
  return (step === 'prevote' ? precommitNothing(now) : undefined) ?? waitForPrecommits(now)
}

/** A quorum of precommits for none: no block can have one beside it, so that nothing is to be waited for (the paper waits, line 47). */
const isVoid = ({ log, total }: Situation): boolean => isQuorum(log.precommit.for(null), total)

/** Lines 22 and 28. */
function prevote({ log: { proposal }, verdictOf, lockAllows }: Situation): Move | undefined {
  const verdict = proposal === undefined ? undefined : verdictOf(proposal.block)
  if (proposal === undefined || verdict === undefined) return undefined
  const fresh = proposal.validRound < 0
  const good = verdict.valid && (!fresh || verdict.timely) && lockAllows(proposal)
  return { type: 'vote', phase: 'prevote', block: good ? proposal.block : null }
}

/** Line 36. */
function lock({ log, total, verdictOf }: Situation): Move | undefined {
  if (log.locked) return undefined
  const block = log.prevote.find((power) => isQuorum(power, total))
  return block !== undefined && verdictOf(block)?.valid === true ? { type: 'lock', block } : undefined
}

/** Lines 34 and 44. */
function precommitNothing({ log, total }: Situation): Move | undefined {
  if (isQuorum(log.prevote.for(null), total)) return { type: 'vote', phase: 'precommit', block: null }
  return !log.prevoteTimer && isQuorum(log.prevote.total, total) ? { type: 'wait', step: 'prevote' } : undefined
}

/** Line 47. */
function waitForPrecommits({ log, total }: Situation): Move | undefined {
  return !log.precommitTimer && isQuorum(log.precommit.total, total) ? { type: 'wait', step: 'precommit' } : undefined
}
