/** AES-256-GCM (NIST SP 800-38D) under a key used once, so the nonce is zero. Sealed bytes are ciphertext || 16-byte tag. */
import { gcm } from '@noble/ciphers/aes.js'
import { abytes } from '../core/index.ts'

const NONCE = new Uint8Array(12)

/** Seals bytes under a 32-byte key that seals nothing else, ever; `bound` is authenticated beside them. */
export function seal(key: Uint8Array, plain: Uint8Array, bound: Uint8Array): Uint8Array {
  return gcm(abytes(key, 32, 'seal key'), NONCE, bound).encrypt(plain)
}

/** The bytes that were sealed; undefined when the key is another or anything was changed. */
export function unseal(key: Uint8Array, sealed: Uint8Array, bound: Uint8Array): Uint8Array | undefined {
  if (sealed.length < 16) return undefined
  try {
    return gcm(abytes(key, 32, 'seal key'), NONCE, bound).decrypt(sealed)
  } catch {
    return undefined
  }
}
