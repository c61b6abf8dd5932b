/** AES-256-GCM by node:crypto, the same bytes as seal.ts. */
import { createCipheriv, createDecipheriv } from 'node:crypto'
import { abytes, concatBytes } from '../core/index.ts'

const NONCE = new Uint8Array(12)
const TAG_BYTES = 16

/** Seals bytes under a 32-byte key that seals nothing else, ever; `bound` is authenticated beside them. */
export function seal(key: Uint8Array, plain: Uint8Array, bound: Uint8Array): Uint8Array {
  const cipher = createCipheriv('aes-256-gcm', abytes(key, 32, 'seal key'), NONCE, { authTagLength: TAG_BYTES })
  cipher.setAAD(bound)
  return concatBytes(cipher.update(plain), cipher.final(), cipher.getAuthTag())
}

/** The bytes that were sealed; undefined when the key is another or anything was changed. */
export function unseal(key: Uint8Array, sealed: Uint8Array, bound: Uint8Array): Uint8Array | undefined {
  if (sealed.length < TAG_BYTES) return undefined
  const decipher = createDecipheriv('aes-256-gcm', abytes(key, 32, 'seal key'), NONCE, { authTagLength: TAG_BYTES })
  decipher.setAAD(bound)
  decipher.setAuthTag(sealed.subarray(sealed.length - TAG_BYTES))
  try {
    return concatBytes(decipher.update(sealed.subarray(0, sealed.length - TAG_BYTES)), decipher.final())
  } catch {
    return undefined
  }
}
