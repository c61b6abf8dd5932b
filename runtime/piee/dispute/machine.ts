/**
 * A dispute as a pure machine: messages and heights in, who lost out. It narrows from a receipt to a segment between two checkpoints, to one operator of it, to one
 * chunk of one of its outputs; what that should be, a referee says (`settle`). The prover is held to its own values only: each operator's output must follow from the
 * inputs that the prover itself committed to.
 */
import {
  DTYPES,
  encode,
  equalBytes,
  isUtnetError,
  leafHash,
  CHUNK_BYTES,
  UtnetError,
  type Commitment,
  type ComparisonClass,
} from '../../core/index.ts'
import { arithmeticOf, checkRoot, classOf, firstDifference, fittingCommitment, type Claim } from '../claim.ts'
import { byteLength, chunkFits, chunkLength, chunksFit, type Leaved } from '../opening.ts'
import { segmentOf, type Outline } from '../outline.ts'
import { checkReveal } from '../reveal.ts'
import {
  disputeId,
  messageToSign,
  readBody,
  readChallenge,
  readNaming,
  readOpening,
  readRevealed,
  TURNS,
  type Naming,
  type Opening,
  type Party,
  type SignedMessage,
} from './messages.ts'

/** Why a party lost: no message in time; a message that is none; what contradicts what the party is bound to; a difference that is none; an output that is not what the operator gives. */
export type Reason = 'silence' | 'malformed' | 'inconsistent' | 'no_difference' | 'wrong_output'

/** Who lost, and by which rule. */
export interface Outcome {
  /** One, or both. */
  readonly losers: readonly Party[]
  readonly reason: Reason
  /** For people. */
  readonly detail: string
}

/** What both parties agree on before the first message. */
export interface Terms {
  readonly claim: Claim
  /** ed25519 key of who challenges. */
  readonly challenger: Uint8Array
  readonly outline: Outline
  /** Blocks that a party has for a message. */
  readonly blocks: number
  readonly verify: (sig: Uint8Array, message: Uint8Array, key: Uint8Array) => boolean
}

/** The state between two messages; it has an outcome once it is over. */
export interface Dispute {
  readonly terms: Terms
  readonly id: Uint8Array
  /** Height of the last message; first, of the opening. */
  readonly height: number
  /** Messages so far. */
  readonly sent: number
  readonly commitment?: Commitment
  readonly segment?: number
  /** Values of the segment, by name. */
  readonly values?: ReadonlyMap<string, Leaved>
  readonly naming?: Naming
  readonly opening?: Opening
  readonly outcome?: Outcome
}

/** A dispute in which nobody has said anything; the first message is due `blocks` blocks behind `height`. */
export function openDispute(terms: Terms, height: number): Dispute {
  if (!Number.isSafeInteger(terms.blocks) || terms.blocks < 1)
    throw new UtnetError('core_bad_argument', `a deadline is a number of blocks, not ${terms.blocks}`)
  return { terms, id: disputeId(terms.claim, terms.challenger), height: aheight(height, 0), sent: 0 }
}

function aheight(height: number, least: number): number {
  if (!Number.isSafeInteger(height) || height < least)
    throw new UtnetError('dispute_refused', `height ${height} is no height from ${least} on`)
  return height
}

/** Whose message is due; undefined where all were sent or somebody lost. */
export const turnOf = ({ sent, outcome }: Dispute): Party | undefined => (outcome === undefined ? TURNS[sent] : undefined)

/** The last block in which the message that is due counts. */
export const deadlineOf = ({ height, terms }: Dispute): number => height + terms.blocks

/** The class under which an entry is compared. */
export const classOfEntry = (commitment: Commitment, entry: number): ComparisonClass => classOf(arithmeticOf(commitment, entry))

const lost = (dispute: Dispute, party: Party, reason: Reason, detail: string): Dispute => ({
  ...dispute,
  outcome: { losers: [party], reason, detail },
})

/** What height does: who owes a message and is late has lost. */
export function atHeight(dispute: Dispute, height: number): Dispute {
  aheight(height, dispute.height)
  const turn = turnOf(dispute)
  if (turn === undefined || height <= deadlineOf(dispute)) return dispute
  return lost(dispute, turn, 'silence', `message ${dispute.sent + 1} was due at ${deadlineOf(dispute)}`)
}

/**
 * What a message in the block of that height does. Throws `dispute_refused`, and changes nothing, for one that the party whose turn it is did not send to this place of this
 * dispute; whatever else is wrong with it loses the dispute.
 */
export function accept(dispute: Dispute, message: SignedMessage, height: number): Dispute {
  const now = atHeight(dispute, height)
  const party = turnOf(now)
  if (party === undefined) {
    if (now !== dispute) return now
    throw new UtnetError('dispute_refused', 'nobody owes a message in this dispute')
  }
  const { claim, challenger, verify } = now.terms
  if (!equalBytes(message.key, party === 'prover' ? claim.prover : challenger))
    throw new UtnetError('dispute_refused', `it is the turn of the ${party}`)
  if (!verify(message.sig, messageToSign(message.body), message.key))
    throw new UtnetError('dispute_refused', 'the signature of the message is wrong')
  const { dispute: id, number, payload } = headOf(message)
  if (!equalBytes(id, now.id) || number !== now.sent + 1)
    throw new UtnetError('dispute_refused', `this is not message ${now.sent + 1} of this dispute`)
  const next = { ...now, height, sent: now.sent + 1 }
  try {
    return STEPS[now.sent]!(next, payload)
  } catch (thrown) {
    if (thrown instanceof Loss) return lost(next, thrown.party ?? party, thrown.reason, thrown.message)
    // what the readers of canonical bytes refuse; anything else is a fault of ours
    if (isUtnetError(thrown) && thrown.fault !== 'node') return lost(next, party, 'malformed', thrown.message)
    throw thrown
  }
}

function headOf(message: SignedMessage): ReturnType<typeof readBody> {
  try {
    return readBody(message.body)
  } catch (cause) {
    throw new UtnetError('dispute_refused', 'the message is none', { cause })
  }
}

/** Ends a step: the party (the sender, where none is named) has lost. */
class Loss extends Error {
  readonly reason: Reason
  readonly party: Party | undefined

  constructor(reason: Reason, detail: string, party?: Party) {
    super(detail)
    this.reason = reason
    this.party = party
  }
}

/** Runs a check that throws `evidence_invalid`; what it refuses loses for that reason. */
function must<T>(reason: Reason, party: Party | undefined, check: () => T): T {
  try {
    return check()
  } catch (thrown) {
    if (isUtnetError(thrown) && thrown.fault !== 'node') throw new Loss(reason, thrown.message, party)
    throw thrown
  }
}

const STEPS: readonly ((dispute: Dispute, payload: Uint8Array) => Dispute)[] = [challenged, revealed, named, opened]

function challenged(dispute: Dispute, payload: Uint8Array): Dispute {
  const { claim, outline } = dispute.terms
  const { commitment: bytes, own, segment } = readChallenge(payload)
  must('malformed', undefined, () => checkRoot(claim, bytes))
  const commitment = must('inconsistent', 'prover', () => fittingCommitment(claim, outline, bytes))
  must('malformed', undefined, () => segmentOf(commitment, segment))
  if (own !== null) {
    const other = must('inconsistent', undefined, () => fittingCommitment(claim, outline, own))
    if (other.checkpoints.length !== commitment.checkpoints.length)
      throw new Loss('inconsistent', 'the commitments do not have the same checkpoints')
    const difference = firstDifference(commitment, other)
    if (difference !== segment)
      throw new Loss(
        'no_difference',
        difference === undefined ? 'both committed to the same' : `they differ in segment ${difference} first, not in ${segment}`,
      )
  }
  return { ...dispute, commitment, segment }
}

function revealed(dispute: Dispute, payload: Uint8Array): Dispute {
  const reveal = readRevealed(payload)
  const { commitment, segment, terms } = dispute as Required<Dispute>
  return { ...dispute, values: must('inconsistent', undefined, () => checkReveal(terms.outline, commitment, segment, reveal)) }
}

/** The output that is named, as the prover committed to it. */
export function namedOutput({ terms, values, naming }: Dispute): Leaved {
  const { entry, output } = naming as Naming
  return values?.get(terms.outline.trace[entry]?.outputs[output] as string) as Leaved
}

function named(dispute: Dispute, payload: Uint8Array): Dispute {
  const naming = readNaming(payload)
  const { commitment, segment, terms } = dispute as Required<Dispute>
  const { from, to } = segmentOf(commitment, segment)
  const { entry, output, chunk, data, element } = naming
  const name = terms.outline.trace[entry]?.outputs[output]
  if (entry < from || entry >= to || name === undefined || name === '')
    throw new Loss('malformed', `the segment has no output ${output} of entry ${entry}`)
  const next = { ...dispute, naming }
  const value = namedOutput(next)
  const leaf = value.leaves[chunk]
  if (leaf === undefined) throw new Loss('malformed', `${name} has no chunk ${chunk}`)
  const compared = classOfEntry(commitment, entry)
  if (compared === 'unchecked')
    throw new Loss('no_difference', `nothing is claimed of entry ${entry}: it ran by ${arithmeticOf(commitment, entry)}`)
  if ((compared === 'exact') !== (data !== null)) throw new Loss('malformed', `entry ${entry} is ${compared}`)
  if (data !== null) {
    if (data.length !== chunkLength(value, chunk))
      throw new Loss('malformed', `chunk ${chunk} of ${name} does not have ${data.length} bytes`)
    if (equalBytes(leafHash(data), leaf)) throw new Loss('no_difference', `chunk ${chunk} of ${name} is what the prover has`)
  } else if (
    Math.floor(((element as number) * DTYPES[value.dtype]) / CHUNK_BYTES) !== chunk ||
    (element as number) * DTYPES[value.dtype] >= byteLength(value)
  )
    throw new Loss('malformed', `element ${element} of ${name} is not in chunk ${chunk}`)
  return next
}

function opened(dispute: Dispute, payload: Uint8Array): Dispute {
  const opening = readOpening(payload)
  const { naming, terms, values } = dispute as Required<Dispute>
  const output = namedOutput(dispute)
  const entry = terms.outline.trace[naming.entry] as { readonly inputs: readonly string[] }
  if (!chunkFits(output, naming.chunk, opening.data)) throw new Loss('inconsistent', 'the chunk is not the one that was committed to')
  if (opening.operands.length !== entry.inputs.length)
    throw new Loss('malformed', `${opening.operands.length} operands of ${entry.inputs.length}`)
  opening.operands.forEach((chunks, i) => {
    const value = values.get(entry.inputs[i] as string)
    if ((value === undefined) !== (chunks === null))
      throw new Loss('malformed', `operand ${i} is ${value === undefined ? 'no' : 'a'} value of the run`)
    if (value !== undefined && chunks !== null && !chunksFit(value, chunks))
      throw new Loss('inconsistent', `operand ${i} is not what was committed to`)
  })
  return { ...dispute, opening }
}

/** Canonical bytes of an outcome. */
export const outcomeBytes = ({ losers, reason, detail }: Outcome): Uint8Array => encode([[...losers], reason, detail])
