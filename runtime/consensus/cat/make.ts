/** The proposer's side: brings its chips' answers together. */
import { encodeCat } from './cat.ts'
import { catAnswerMessage, drawSeats, shownResult } from './challenge.ts'
import type { AnsweringChips } from './seats.ts'

type Maybe<T> = T | Promise<T>

/** The chips that work for a node, as it reaches them. */
export interface CatSigner {
  /** Signature (64 bytes) by the identity key of a chip; undefined where the chip does not answer. */
  answer(serial: Uint8Array, message: Uint8Array): Maybe<Uint8Array | undefined>
  /** The BLS signatures of all chips over the challenge added up, 96 bytes; undefined where they cannot be had. */
  aggregate(challenge: Uint8Array): Maybe<Uint8Array | undefined>
}

/** The bytes for the block, of what the operator gave; undefined where a drawn chip is missing. */
export async function makeCat(
  challenge: Uint8Array,
  seats: AnsweringChips,
  result: Uint8Array,
  signer: CatSigner,
): Promise<Uint8Array | undefined> {
  const drawn = drawSeats(challenge, seats.count)
  const shown = shownResult(result)
  const aggregate = await signer.aggregate(challenge)
  if (aggregate === undefined) return undefined
  const answers: Uint8Array[] = []
  for (const index of drawn) {
    const { serial } = seats.seat(index)
    const answer = await signer.answer(serial, catAnswerMessage(challenge, serial, shown))
    if (answer === undefined) return undefined
    answers.push(answer)
  }
  return encodeCat({ result: shown, aggregate, answers })
}
