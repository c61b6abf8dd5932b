/** Identity keys of chips: ed25519 or P-256. */

interface Key {
  readonly alg: 'ed25519' | 'p256'
  readonly bytes: Uint8Array
}

type Verify = (sig: Uint8Array, message: Uint8Array, key: Uint8Array) => boolean

/** The checks of `verifyIdentity` over a half's signatures. */
export function identityCheck(verifyEd25519: Verify, verifyP256: Verify): (identity: Key, sig: Uint8Array, message: Uint8Array) => boolean {
  return ({ alg, bytes }, sig, message) => (alg === 'ed25519' ? verifyEd25519 : verifyP256)(sig, message, bytes)
}
