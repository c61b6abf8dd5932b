/** More than two thirds: counting, adding up and checking. */
import type { BlockId, Quorum, Vote, VoteBody } from './messages.ts'
import type { BftCrypto, Member } from './ports.ts'

/** Total power of a set. Sums are exact: a set's power stays below 2^50, so that three times it is a safe integer. */
export function powerOf(members: readonly Member[]): number {
  return members.reduce((n, m) => n + m.power, 0)
}

/** True when `power` is more than two thirds of `total`. */
export const isQuorum = (power: number, total: number): boolean => power * 3 > total * 2

/** True when `power` is more than a third: at least one honest member is in it. */
export const holdsHonest = (power: number, total: number): boolean => power * 3 > total

/** Adds up votes for one block. The caller has checked each and counted their power. */
export function makeQuorum(crypto: BftCrypto, body: VoteBody & { readonly block: BlockId }, votes: readonly Vote[], size: number): Quorum {
  const signers = new Uint8Array(Math.ceil(size / 8))
  const ordered = [...votes].sort((a, b) => a.voter - b.voter)
  for (const { voter } of ordered) signers[voter >> 3] = (signers[voter >> 3] as number) | (1 << (voter & 7))
  const { height, round, phase, block } = body
  return { height, round, phase, block, signers, signature: crypto.aggregate(ordered.map((v) => v.signature)) }
}

/** Members whose bits are set; undefined when the field does not fit the set. */
function signersIn(signers: Uint8Array, members: readonly Member[]): Member[] | undefined {
  if (signers.length !== Math.ceil(members.length / 8)) return undefined
  const out: Member[] = []
  for (let i = 0; i < signers.length * 8; i++) {
    if ((((signers[i >> 3] as number) >> (i & 7)) & 1) === 0) continue
    const member = members[i]
    if (member === undefined) return undefined
    out.push(member)
  }
  return out
}

/** True when a quorum holds under a set: bits that fit, enough power, a valid aggregate. */
export function checkQuorum(crypto: BftCrypto, quorum: Quorum, members: readonly Member[]): boolean {
  const signers = signersIn(quorum.signers, members)
  if (signers === undefined || !isQuorum(powerOf(signers), powerOf(members))) return false
  return crypto.verifyQuorum(quorum, signers, quorum.signature)
}
