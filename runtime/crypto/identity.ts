/** Signatures of chips, of either kind of identity key. */
import type { IdentityKey } from '../core/index.ts'

type Verify = (sig: Uint8Array, message: Uint8Array, key: Uint8Array) => boolean

/** The check of `verifyIdentity` over a half's algorithms. */
export function identityCheck(
  verifyEd25519: Verify,
  verifyP256: Verify,
): (sig: Uint8Array, message: Uint8Array, key: IdentityKey) => boolean {
  return (sig, message, key) => (key.alg === 'p256' ? verifyP256 : verifyEd25519)(sig, message, key.bytes)
}
