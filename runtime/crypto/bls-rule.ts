/**
 * BLS signatures on BLS12-381, draft-irtf-cfrg-bls-signature: keys in G1 (48 bytes compressed), signatures in G2 (96 bytes compressed),
 * proof-of-possession suite. Both halves check alike:
 *
 * - every decoded point is canonical, on the curve and in its prime-order subgroup;
 * - a key or a signature at infinity is refused, so is a set of keys whose sum is the infinity;
 * - aggregates are over one message only, and only keys with a checked proof of possession may enter a set.
 *
 * Possession is shown by an ordinary signature of `possessionMessage(key)`. The draft gives such proofs a DST of their own, which blst's binding
 * cannot set; the separation is instead in the message: everything signed here is a sha-256 digest under a domain, and `possession` is one of
 * its own, so no vote can be shown as a proof of possession or the other way round.
 */
export const BLS_DST = 'BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_'
export const BLS_SECRET_BYTES = 32
export const BLS_KEY_BYTES = 48
export const BLS_SIGNATURE_BYTES = 96
/** The compressed bytes of the inverse of a key's point: the sign flag turned over. */
export function inverseKey(key: Uint8Array): Uint8Array {
  const out = Uint8Array.from(key)
  out[0] = (out[0] as number) ^ 0x20
  return out
}

/** Decoded keys kept: a subgroup check costs more than the addition that follows. */
export const BLS_KEY_CACHE = 16_384
/** Signatures kept of which it is known that they are points of the group: votes of two rounds of the largest set. */
export const BLS_SIGNATURE_CACHE = 4_096
