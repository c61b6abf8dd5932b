/** Proof that a member signed two different things in one place: two votes of one phase, or two proposals of one round. White paper 2.5. */
import { asArray, asBytes, asText, asUint, decode, encode, fromHex, LIMITS, toHex, UtnetError, type Cbor } from '../../core/index.ts'
import type { BlockId, Proposal, Vote } from './messages.ts'
import type { BftCrypto, Member } from './ports.ts'

interface SignedChoice {
  readonly block: BlockId | null
  /** Of a proposal; -1 for a vote. */
  readonly validRound: number
  readonly signature: Uint8Array
}

/** The proof, as it stands in a transaction. */
export interface Evidence {
  readonly height: number
  readonly round: number
  readonly what: 'proposal' | 'prevote' | 'precommit'
  /** Place of the offender in the height's set. */
  readonly member: number
  /** The two choices, the smaller (block, then valid round) first: one offence is one record. */
  readonly choices: readonly [SignedChoice, SignedChoice]
}

const orderOf = (a: SignedChoice, b: SignedChoice): number => {
  const [x, y] = [a.block ?? '', b.block ?? '']
  return x < y ? -1 : x > y ? 1 : a.validRound - b.validRound
}

const ordered = (a: SignedChoice, b: SignedChoice): [SignedChoice, SignedChoice] => (orderOf(a, b) <= 0 ? [a, b] : [b, a])

/** Evidence of two votes of one member, round and phase for different blocks. */
export function voteEvidence(a: Vote, b: Vote): Evidence {
  const choice = ({ block, signature }: Vote): SignedChoice => ({ block, validRound: -1, signature })
  return { height: a.height, round: a.round, what: a.phase, member: a.voter, choices: ordered(choice(a), choice(b)) }
}

/** Evidence of two different proposals of one round. */
export function proposalEvidence(a: Proposal, b: Proposal): Evidence {
  const choice = ({ block, validRound, signature }: Proposal): SignedChoice => ({ block, validRound, signature })
  return { height: a.height, round: a.round, what: 'proposal', member: a.proposer, choices: ordered(choice(a), choice(b)) }
}

/** Checks evidence under the set of its height; gives the offender, or undefined when it proves nothing. */
export function checkEvidence(
  evidence: Evidence,
  members: readonly Member[],
  crypto: Pick<BftCrypto, 'verifyVote' | 'verifyProposal'>,
): Member | undefined {
  const member = members[evidence.member]
  const [a, b] = evidence.choices
  if (member === undefined || orderOf(a, b) >= 0) return undefined
  const { height, round, what } = evidence
  const signed = ({ block, validRound, signature }: SignedChoice): boolean => {
    if (what !== 'proposal') return validRound === -1 && crypto.verifyVote({ height, round, phase: what, block }, member, signature)
    return block !== null && crypto.verifyProposal({ height, round, validRound, block }, member, signature)
  }
  return signed(a) && signed(b) ? member : undefined
}

/** Canonical bytes. */
export function encodeEvidence(e: Evidence): Uint8Array {
  const choice = (c: SignedChoice): Cbor => [c.block === null ? null : fromHex(c.block), c.validRound + 1, c.signature]
  return encode([1, e.height, e.round, e.what, e.member, choice(e.choices[0]), choice(e.choices[1])])
}

/** The evidence of its bytes; throws `core_not_canonical` or `core_too_large`. */
export function decodeEvidence(bytes: Uint8Array): Evidence {
  const list = asArray(decode(bytes, 'evidence', LIMITS.misconductBytes), 'evidence', 7)
  if (list[0] !== 1) throw new UtnetError('core_not_canonical', 'evidence is of an unknown version')
  const what = asText(list[3], 'what')
  if (what !== 'proposal' && what !== 'prevote' && what !== 'precommit')
    throw new UtnetError('core_not_canonical', 'evidence is of an unknown kind')
  const choice = (value: Cbor | undefined): SignedChoice => {
    const c = asArray(value, 'choice', 3)
    return {
      block: c[0] === null ? null : toHex(asBytes(c[0], 'block', 32)),
      validRound: asUint(c[1], 'valid round') - 1,
      signature: asBytes(c[2], 'signature', what === 'proposal' ? 64 : 96),
    }
  }
  const choices = [choice(list[5]), choice(list[6])] as const
  if (orderOf(choices[0], choices[1]) >= 0) throw new UtnetError('core_not_canonical', 'the choices of evidence are not in order')
  return { height: asUint(list[1], 'height'), round: asUint(list[2], 'round'), what, member: asUint(list[4], 'member'), choices }
}
