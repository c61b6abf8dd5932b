/**
 * The one rule by which an ECDSA signature over P-256 with SHA-256 (FIPS 186-5) is valid, checked alike by both halves:
 *
 * 1. the key is a compressed point (33 bytes, SEC 1 2.3.3) of the curve;
 * 2. the signature is r || s, 32 bytes each, big-endian, 0 < r < n, 0 < s <= n / 2: with the other s of the same r it would be a second one;
 * 3. the equation holds for the SHA-256 of the message.
 */
import { toHex } from '../core/index.ts'

const N = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n
const HALF = N >> 1n

export const P256_KEY_BYTES = 33

const scalar = (bytes: Uint8Array): bigint => BigInt(`0x${toHex(bytes)}`)

/** True when the bytes look like a compressed point; whether it lies on the curve is not asked. */
export function looksLikeP256Key(key: Uint8Array): boolean {
  return key instanceof Uint8Array && key.length === P256_KEY_BYTES && (key[0] === 2 || key[0] === 3)
}

/** Point 2 of the rule. */
export function acceptableP256Signature(sig: Uint8Array): boolean {
  if (!(sig instanceof Uint8Array) || sig.length !== 64) return false
  const r = scalar(sig.subarray(0, 32))
  const s = scalar(sig.subarray(32))
  return r > 0n && r < N && s > 0n && s <= HALF
}

/** A signature (64 bytes) as the rule wants it: security engines give either s. */
export function lowP256(sig: Uint8Array): Uint8Array {
  const s = scalar(sig.subarray(32))
  if (s <= HALF) return sig
  const out = Uint8Array.from(sig)
  let rest = N - s
  for (let i = 63; i >= 32; i--) {
    out[i] = Number(rest & 255n)
    rest >>= 8n
  }
  return out
}
