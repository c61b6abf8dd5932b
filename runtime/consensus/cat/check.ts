/** Checks a CAT object against the seats of its node: pure, the same on every validator, whatever became of the chips since. */
import { isUtnetError } from '../../core/index.ts'
import type { ChainCrypto } from '../crypto-port.ts'
import { decodeCat, type Cat } from './cat.ts'
import { catAnswerMessage, drawSeats } from './challenge.ts'
import type { CatSeats } from './seats.ts'

export type CatCrypto = Pick<ChainCrypto, 'verifyEd25519' | 'blsFastAggregateVerify'> & {
  verifyP256?(signature: Uint8Array, message: Uint8Array, key: Uint8Array): boolean
}

/** Why a CAT shows nothing: none was given, the node has no chips, it cannot be read, a drawn chip did not sign, or not all chips did. */
export type CatFault = 'none' | 'no-chips' | 'form' | 'answer' | 'aggregate'

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
export function checkAggregate(aggregate: Uint8Array, challenge: Uint8Array, seats: CatSeats, crypto: CatCrypto): boolean {
  return crypto.blsFastAggregateVerify(aggregate, challenge, [seats.aggregate])
}

/** Checks the bytes that a block carries. `challenge` is of the block's proposer and height, `seats` are that proposer's. */
export function checkCat(bytes: Uint8Array, challenge: Uint8Array, seats: CatSeats, crypto: CatCrypto): CheckedCat {
  if (bytes.length === 0) return { fault: seats.count === 0 ? 'no-chips' : 'none' }
  if (seats.count === 0) return { fault: 'no-chips' }
  const cat = readCat(bytes)
  const drawn = drawSeats(challenge, seats.count)
  if (cat === undefined || cat.answers.length !== drawn.length) return { fault: 'form' }
  if (!checkAggregate(cat.aggregate, challenge, seats, crypto)) return { fault: 'aggregate' }
  const answered = drawn.every((index, i) => {
    const { serial, identity } = seats.seat(index)
    const verify = identity.alg === 'ed25519' ? crypto.verifyEd25519 : crypto.verifyP256
    return verify !== undefined && verify(cat.answers[i] as Uint8Array, catAnswerMessage(challenge, serial, cat.result), identity.bytes)
  })
  return answered ? { fault: undefined, result: cat.result } : { fault: 'answer' }
}
