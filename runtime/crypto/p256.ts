/** P-256 on noble, under the rule of p256-rule.ts. The reference half: portable, slow. */
import { p256 } from '@noble/curves/nist.js'
import { acceptableP256Signature, p256KeyForm } from './p256-rule.ts'

/** True when `sig` (64 bytes) is valid for the message under `key` (33 bytes). False, never an error, for malformed input. */
export function verifyP256(sig: Uint8Array, message: Uint8Array, key: Uint8Array): boolean {
  if (!acceptableP256Signature(sig) || !p256KeyForm(key)) return false
  try {
    return p256.verify(sig, message, key, { lowS: true })
  } catch {
    return false
  }
}
