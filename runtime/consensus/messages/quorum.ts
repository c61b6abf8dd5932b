/** More than two thirds: counting, adding up and checking. */
import { bitsOf, membersOf, totalPower } from '../../core/index.ts'
import type { BlockId, Quorum, Vote, VoteBody } from './messages.ts'
import type { BftCrypto, Member } from './ports.ts'

/** True when `power` is more than two thirds of `total`. Exact: a set's power stays below 2^50, so that three times it is a safe integer. */
export const isQuorum = (power: number, total: number): boolean => power * 3 > total * 2

/** True when `power` is more than a third: at least one honest member is in it. */
export const holdsHonest = (power: number, total: number): boolean => power * 3 > total

/** Adds up votes for one block. The caller has checked each and counted their power. */
export function makeQuorum(crypto: BftCrypto, body: VoteBody & { readonly block: BlockId }, votes: readonly Vote[], size: number): Quorum {
  const ordered = [...votes].sort((a, b) => a.voter - b.voter)
  const signers = bitsOf(
    ordered.map((v) => v.voter),
    size,
  )
  const { height, round, phase, block } = body
  return { height, round, phase, block, signers, signature: crypto.aggregate(ordered.map((v) => v.signature)) }
}

/** True when a quorum holds under a set: bits that fit, enough power, a valid aggregate. */
export function checkQuorum(crypto: BftCrypto, quorum: Quorum, members: readonly Member[]): boolean {
  const signers = membersOf(quorum.signers, members)
  if (signers === undefined || !isQuorum(totalPower(signers), totalPower(members))) return false
  return crypto.verifyQuorum(quorum, signers, quorum.signature)
}
