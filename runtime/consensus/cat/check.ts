/** Checks a CAT object against the seats of its node: pure, the same on every validator, whatever became of the chips since. */
import { digest, isUtnetError, toHex } from '../../core/index.ts'
import type { ChainCrypto } from '../crypto-port.ts'
import { decodeCat, type Cat } from './cat.ts'
import { catAnswerMessage, drawSeats } from './challenge.ts'
import type { AnsweringChips } from './seats.ts'

/** The checks that a CAT takes. */
export type CatCrypto = Pick<ChainCrypto, 'verifyIdentity' | 'blsFastAggregateVerify'>

/** Why a CAT shows nothing: none was given, the node has no chips, it cannot be read, a drawn chip did not sign, or not all chips did. */
export type CatFault = 'none' | 'no-chips' | 'form' | 'answer' | 'aggregate'

/** What is wrong with it, or the result (32 bytes) that it shows. */
export type CheckedCat = { readonly fault: CatFault } | { readonly fault: undefined; readonly result: Uint8Array }

function readCat(bytes: Uint8Array): Cat | undefined {
  try {
    return decodeCat(bytes)
  } catch (error) {
    if (isUtnetError(error)) return undefined
    throw error
  }
}

/** True when the aggregate is of all seats over the challenge (eq. 14, as one pairing check against the stored sum of their keys). */
export function checkAggregate(aggregate: Uint8Array, challenge: Uint8Array, seats: AnsweringChips, crypto: CatCrypto): boolean {
  return crypto.blsFastAggregateVerify(aggregate, challenge, [seats.aggregate])
}

/** Checks the bytes that a block carries. `challenge` is of the block's proposer and height, `seats` are that proposer's. */
export function checkCat(bytes: Uint8Array, challenge: Uint8Array, seats: AnsweringChips, crypto: CatCrypto): CheckedCat {
  if (bytes.length === 0) return { fault: seats.count === 0 ? 'no-chips' : 'none' }
  if (seats.count === 0) return { fault: 'no-chips' }
  const cat = readCat(bytes)
  const drawn = drawSeats(challenge, seats.count)
  if (cat === undefined || cat.answers.length !== drawn.length) return { fault: 'form' }
  if (!checkAggregate(cat.aggregate, challenge, seats, crypto)) return { fault: 'aggregate' }
  const answered = drawn.every((index, i) => {
    const { serial, identity } = seats.seat(index)
    return crypto.verifyIdentity(cat.answers[i] as Uint8Array, catAnswerMessage(challenge, serial, cat.result), identity)
  })
  return answered ? { fault: undefined, result: cat.result } : { fault: 'answer' }
}

const REMEMBERED = 8

/** Checks that remember the last ones: a block is run more than once where it turns out to need a module. */
export class CatChecks {
  readonly #crypto: CatCrypto
  readonly #known = new Map<string, CheckedCat>()

  constructor(crypto: CatCrypto) {
    this.#crypto = crypto
  }

  /** `checkCat`. A challenge is of one node at one height of one chain, so it has one answer to who sits where. */
  check(bytes: Uint8Array, challenge: Uint8Array, seats: AnsweringChips): CheckedCat {
    const key = toHex(digest('cat-check', challenge, bytes))
    const known = this.#known.get(key)
    if (known !== undefined) return known
    const checked = checkCat(bytes, challenge, seats, this.#crypto)
    const oldest = this.#known.keys().next()
    if (this.#known.size >= REMEMBERED && oldest.done !== true) this.#known.delete(oldest.value)
    this.#known.set(key, checked)
    return checked
  }
}
