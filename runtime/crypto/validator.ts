/** What a validator must show before it may enter a set. */
import { possessionMessage, type Validator } from '../core/index.ts'
import { isEd25519Key } from './ed25519.ts'

export type BlsVerify = (sig: Uint8Array, message: Uint8Array, key: Uint8Array) => boolean

/** The check of `verifyValidator` over a half's BLS. */
export function validatorCheck(blsVerify: BlsVerify): (v: Validator) => boolean {
  return (v) => Number.isSafeInteger(v.power) && v.power > 0 && isEd25519Key(v.key) && blsVerify(v.pop, possessionMessage(v.bls), v.bls)
}
