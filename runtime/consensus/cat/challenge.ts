/** What a round asks of its proposer: which chips answer, which operator runs, and what is signed. White paper 2.5 (CAT), 2.3 (eq. 1). */
import { digest, encode, UtnetError, type CID } from '../../core/index.ts'

/**
 * Chips drawn by one challenge, with replacement: of a share m that is missing, at least one is drawn with probability 1 - (1 - m)^44, so a node that
 * lacks a tenth of what it claims is caught with 99.03 %.
 */
export const CAT_DRAWS = 44

const number64 = (bytes: Uint8Array): bigint => new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0)

/**
 * The challenge of a node at a height: digest("cat-challenge", [chain id, height, seed of the block before, node key]). It is known when the block before is final, and
 * never earlier; rounds of one height share it.
 */
export function catChallenge(chainId: CID, height: number, previousSeed: Uint8Array, node: Uint8Array): Uint8Array {
  return digest('cat-challenge', encode([chainId, height, previousSeed, node]))
}

/** Seats that answer a challenge, each once, in the order in which they were drawn first. */
export function drawSeats(challenge: Uint8Array, count: number): number[] {
  if (!Number.isSafeInteger(count) || count < 1) throw new UtnetError('core_bad_argument', `there must be a seat to draw, not ${count}`)
  const seats = new Set<number>()
  for (let i = 0; i < CAT_DRAWS; i++) seats.add(Number(number64(digest('cat-draw', encode([challenge, i]))) % BigInt(count)))
  return [...seats]
}

/** The operator that a challenge samples, of those that the genesis names. */
export function drawOperator(challenge: Uint8Array, operators: readonly string[]): string {
  const name = operators[Number(number64(digest('cat-operator', challenge)) % BigInt(Math.max(1, operators.length)))]
  if (name === undefined) throw new UtnetError('core_bad_argument', 'there is no operator to draw')
  return name
}

/** What a block shows of a result: enough to hold one against it, and nothing of what the result is. Verdicts are signed over the result itself. */
export function shownResult(result: Uint8Array): Uint8Array {
  return digest('cat-shown', result)
}

/** What a drawn chip signs: that it is there now, and stands behind the result. */
export function catAnswerMessage(challenge: Uint8Array, serial: Uint8Array, shown: Uint8Array): Uint8Array {
  return digest('cat-answer', encode([challenge, serial, shown]))
}
