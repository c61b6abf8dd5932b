/**
 * ECDSA on P-256 over SHA-256 (FIPS 186-5), as chips sign with it: keys are compressed points (33 bytes), signatures r || s (64 bytes) with r and s in
 * [1, n - 1] and s at most n / 2, so that a signature has one form. Both halves check alike.
 */
export const P256_KEY_BYTES = 33
export const P256_SIGNATURE_BYTES = 64

/** Order of the group. */
export const P256_ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n

const bigEndian = (bytes: Uint8Array): bigint => bytes.reduce((n, b) => (n << 8n) | BigInt(b), 0n)

/** True when r and s are in their ranges. */
export function acceptableP256Signature(sig: Uint8Array): boolean {
  if (!(sig instanceof Uint8Array) || sig.length !== P256_SIGNATURE_BYTES) return false
  const r = bigEndian(sig.subarray(0, 32))
  const s = bigEndian(sig.subarray(32))
  return r > 0n && r < P256_ORDER && s > 0n && s <= P256_ORDER / 2n
}

/** The signature with the lower s: engines give either. */
export function lowerP256(sig: Uint8Array): Uint8Array {
  const s = bigEndian(sig.subarray(32))
  if (s <= P256_ORDER / 2n) return sig
  const out = Uint8Array.from(sig)
  let rest = P256_ORDER - s
  for (let i = 63; i >= 32; i--, rest >>= 8n) out[i] = Number(rest & 255n)
  return out
}

/** True when the bytes have the form of a compressed point; whether it lies on the curve is not asked. */
export function p256KeyForm(key: Uint8Array): boolean {
  return key instanceof Uint8Array && key.length === P256_KEY_BYTES && (key[0] === 2 || key[0] === 3)
}
