/** The CAT object as it travels in a block: the drawn chips' answers, the aggregate of all chips, the result of the sampled operator. */
import { asArray, asBytes, decode, digest, encode, LIMITS, UtnetError } from '../../core/index.ts'
import { CAT_DRAWS } from './challenge.ts'

/** The object. */
export interface Cat {
  /** `shownResult` of what the sampled operator gave (Q of eq. 1), 32 bytes. Operator and operands follow from the challenge. */
  readonly result: Uint8Array
  /** Aggregate BLS signature of all the node's chips over the challenge, 96 bytes (eq. 10). */
  readonly aggregate: Uint8Array
  /** Signatures by identity keys, 64 bytes, of the seats that were drawn, in the order of `drawSeats`. */
  readonly answers: readonly Uint8Array[]
}

/** A block of a proposer that shows no chips. */
export const NO_CAT: Uint8Array = new Uint8Array(0)

/** Canonical bytes: [1, result, aggregate, [answers]]. */
export function encodeCat(cat: Cat): Uint8Array {
  return encode([1, cat.result, cat.aggregate, [...cat.answers]])
}

/** The object of its bytes; throws `core_not_canonical` or `core_too_large`. */
export function decodeCat(bytes: Uint8Array): Cat {
  const list = asArray(decode(bytes, 'CAT', LIMITS.catBytes), 'CAT', 4)
  if (list[0] !== 1) throw new UtnetError('core_not_canonical', 'CAT is of an unknown version')
  const answers = asArray(list[3], 'answers')
  if (answers.length < 1 || answers.length > CAT_DRAWS) throw new UtnetError('core_not_canonical', `CAT has ${answers.length} answers`)
  return {
    result: asBytes(list[1], 'result', 32),
    aggregate: asBytes(list[2], 'aggregate', 96),
    answers: answers.map((answer) => asBytes(answer, 'answer', 64)),
  }
}

/** What a header says of the bytes. */
export function catDigest(cat: Uint8Array): Uint8Array {
  return digest('cat', cat)
}
