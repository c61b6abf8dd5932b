/**
 * The one rule by which an ed25519 signature (R || s) of key A is valid, checked alike by both halves:
 *
 * 1. A and R are canonical (y below the field's prime; no sign bit on x = 0) and of no small order, A is a point of the curve, s < L;
 * 2. with k = SHA-512(R || A || M) mod L, the encoding of s·B - k·A is R byte for byte (cofactorless, RFC 8032 5.1.7 without the factor 8).
 *
 * Point 2 is what OpenSSL computes. Libraries disagree about everything in point 1, so it is decided here, on bytes, before either is asked.
 */

/** y (little-endian, without the sign bit) of the eight points whose order divides 8; two share each y but 1 and -1. */
const SMALL_ORDER: readonly bigint[] = [
  0n,
  1n,
  2n ** 255n - 20n,
  0x7a03ac9277fdc74ec6cc392cfa53202a0f67100d760b3cba4fd84d3d706a17c7n,
  0x05fc536d880238b13933c6d305acdfd5f098eff289f4c345b027b2c28f95e826n,
]
const P = 2n ** 255n - 19n
const L = 2n ** 252n + 27742317777372353535851937790883648493n

function littleEndian(bytes: Uint8Array, from: number, to: number): bigint {
  let hex = ''
  for (let i = to - 1; i >= from; i--) hex += (bytes[i] as number).toString(16).padStart(2, '0')
  return BigInt(`0x${hex}`)
}

/** Byte 15 of every y that is refused: that of a listed y, or 0xff of the y from the prime on. It settles nearly all points without big integers. */
const SUSPECT: ReadonlySet<number> = new Set([0xff, ...SMALL_ORDER.map((y) => Number((y >> 120n) & 255n))])

/** True when the 32 bytes at `from` are a canonical encoding of no small-order point; whether they lie on the curve is not asked. */
function acceptablePoint(bytes: Uint8Array, from: number): boolean {
  if (!SUSPECT.has(bytes[from + 15] as number)) return true
  const y = littleEndian(bytes, from, from + 32) & (2n ** 255n - 1n)
  return y < P && !SMALL_ORDER.includes(y)
}

/** True when the 32 bytes are acceptable as a key as far as bytes can tell. */
export function acceptableKey(key: Uint8Array): boolean {
  return key instanceof Uint8Array && key.length === 32 && acceptablePoint(key, 0)
}

/** True when s, the second half of a signature, is below the group's order (whose top byte is 0x10). */
function belowOrder(sig: Uint8Array): boolean {
  const top = sig[63] as number
  return top < 0x10 || (top === 0x10 && littleEndian(sig, 32, 64) < L)
}

/** Point 1 of the rule for a signature, but for the curve equation. */
export function acceptableSignature(sig: Uint8Array): boolean {
  return sig instanceof Uint8Array && sig.length === 64 && belowOrder(sig) && acceptablePoint(sig, 0)
}

/** A scalar of 32 little-endian bytes below the group's order, or undefined. */
export function readScalar(bytes: Uint8Array): bigint | undefined {
  const s = littleEndian(bytes, 0, 32)
  return s < L ? s : undefined
}

/** Bytes (little-endian, up to 64) modulo the group's order. */
export function moduloOrder(bytes: Uint8Array): bigint {
  return littleEndian(bytes, 0, bytes.length) % L
}
