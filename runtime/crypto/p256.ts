/** ECDSA over P-256 on noble, under the rule of p256-rule.ts: identity keys of chips whose security engine has no ed25519. The reference half: portable, slow. */
import { p256 } from '@noble/curves/nist.js'
import { abytes } from '../core/index.ts'
import { acceptableP256Signature, looksLikeP256Key } from './p256-rule.ts'

/** True when `sig` (64 bytes) is valid for the message under `key` (33 bytes). False, never an error, for malformed input. */
export function verifyP256(sig: Uint8Array, message: Uint8Array, key: Uint8Array): boolean {
  if (!acceptableP256Signature(sig) || !isP256Key(key)) return false
  try {
    return p256.verify(sig, message, key, { lowS: true })
  } catch {
    return false
  }
}

/** True when the 33 bytes are a compressed point of the curve. */
export function isP256Key(key: Uint8Array): boolean {
  if (!looksLikeP256Key(key)) return false
  try {
    p256.Point.fromBytes(key)
    return true
  } catch {
    return false
  }
}

/** Signature (64 bytes) of a message with a 32-byte secret scalar. */
export function signP256(message: Uint8Array, secret: Uint8Array): Uint8Array {
  return p256.sign(message, abytes(secret, 32, 'secret key'), { lowS: true })
}

/** Public key (33 bytes) of a 32-byte secret scalar. */
export function publicKeyP256(secret: Uint8Array): Uint8Array {
  return p256.getPublicKey(abytes(secret, 32, 'secret key'), true)
}
