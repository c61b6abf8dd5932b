/** ed25519 (RFC 8032) on noble points, under the rule of ed25519-rule.ts. The reference half: portable, slow. */
import { ed25519 } from '@noble/curves/ed25519.js'
import { sha512 } from '@noble/hashes/sha2.js'
import { abytes, concatBytes, equalBytes } from '../core/index.ts'
import { Point } from './ed25519-point.ts'
import { acceptableKey, acceptableSignature, moduloOrder, readScalar } from './ed25519-rule.ts'

/** True when `sig` (64 bytes) is valid for the message under `key` (32 bytes). False, never an error, for malformed input. */
export function verifyEd25519(sig: Uint8Array, message: Uint8Array, key: Uint8Array): boolean {
  if (!acceptableSignature(sig) || !acceptableKey(key)) return false
  const r = sig.subarray(0, 32)
  const s = readScalar(sig.subarray(32))
  if (s === undefined) return false
  try {
    const a = Point.fromBytes(key, false)
    const k = moduloOrder(sha512(concatBytes(r, key, message)))
    return equalBytes(Point.BASE.multiplyUnsafe(s).subtract(a.multiplyUnsafe(k)).toBytes(), r)
  } catch {
    return false
  }
}

/** True when the 32 bytes are a canonical point of the curve and not of small order. */
export function isEd25519Key(key: Uint8Array): boolean {
  if (!acceptableKey(key)) return false
  try {
    Point.fromBytes(key, false)
    return true
  } catch {
    return false
  }
}

/** Signature (64 bytes) of a message with a 32-byte secret (the RFC's seed). */
export function signEd25519(message: Uint8Array, secret: Uint8Array): Uint8Array {
  return ed25519.sign(message, abytes(secret, 32, 'secret key'))
}

/** Public key (32 bytes) of a 32-byte secret. */
export function publicKeyEd25519(secret: Uint8Array): Uint8Array {
  return ed25519.getPublicKey(abytes(secret, 32, 'secret key'))
}
