/**
 * A 32-byte secret under the 128-bit chip key S: AES key wrap (RFC 3394), which security engines have, of a label and the secret.
 * The wrap's own check is 64 bits; the label makes it 128 and keeps secrets of one use from standing for those of another.
 */
import { createCipheriv, createDecipheriv } from 'node:crypto'
import { abytes, concatBytes, equalBytes, utf8, UtnetError } from '../core/index.ts'

/** Length of S. */
export const CHIP_KEY_BYTES = 16

const LABEL_BYTES = 8
const SECRET_BYTES = 32
/** RFC 3394 2.2.3.1: the initial value. */
const IV = new Uint8Array(8).fill(0xa6)

/** What the wrapped secret is for. */
export type WrapUse = 'identity' | 'bls'

const LABELS: Readonly<Record<WrapUse, Uint8Array>> = { identity: utf8('utnet/id'), bls: utf8('utnet/b1') }

/** Bytes of a wrapped secret: label, secret and the initial value. */
export const WRAPPED_BYTES = LABEL_BYTES + SECRET_BYTES + IV.length

/** AES key wrap of whole 64-bit blocks, two or more. */
export function aesWrap(key: Uint8Array, plain: Uint8Array): Uint8Array {
  abytes(key, CHIP_KEY_BYTES, 'chip key')
  if (plain.length < 16 || plain.length % 8 !== 0)
    throw new UtnetError('core_bad_argument', `what is wrapped must be two or more blocks of 8 bytes, is ${plain.length} bytes`)
  const cipher = createCipheriv('id-aes128-wrap', key, IV)
  return concatBytes(cipher.update(plain), cipher.final())
}

/** What was wrapped; undefined when the key is another or anything was changed. */
export function aesUnwrap(key: Uint8Array, wrapped: Uint8Array): Uint8Array | undefined {
  abytes(key, CHIP_KEY_BYTES, 'chip key')
  // OpenSSL takes a single block, too, which RFC 3394 does not have.
  if (wrapped.length < 24 || wrapped.length % 8 !== 0) return undefined
  try {
    const decipher = createDecipheriv('id-aes128-wrap', key, IV)
    return concatBytes(decipher.update(wrapped), decipher.final())
  } catch {
    return undefined
  }
}

/** The bytes that are wrapped for a secret (32 bytes). */
export function labelled(use: WrapUse, secret: Uint8Array): Uint8Array {
  return concatBytes(LABELS[use], abytes(secret, SECRET_BYTES, 'secret'))
}

/** The secret of labelled bytes; undefined when they are of another use. */
export function unlabelled(use: WrapUse, bytes: Uint8Array): Uint8Array | undefined {
  if (bytes.length !== LABEL_BYTES + SECRET_BYTES || !equalBytes(bytes.subarray(0, LABEL_BYTES), LABELS[use])) return undefined
  // A copy: of a Buffer, `slice` would be a view, and whoever unwrapped it overwrites what lies behind.
  return Uint8Array.from(bytes.subarray(LABEL_BYTES))
}

/** Wraps a secret under S; deterministic (eq. 4). */
export function wrapSecret(key: Uint8Array, use: WrapUse, secret: Uint8Array): Uint8Array {
  const plain = labelled(use, secret)
  try {
    return aesWrap(key, plain)
  } finally {
    plain.fill(0)
  }
}

/** The secret (eq. 5); undefined under another S, of another use or after any change. */
export function unwrapSecret(key: Uint8Array, use: WrapUse, wrapped: Uint8Array): Uint8Array | undefined {
  if (wrapped.length !== WRAPPED_BYTES) return undefined
  const plain = aesUnwrap(key, wrapped)
  if (plain === undefined) return undefined
  try {
    return unlabelled(use, plain)
  } finally {
    plain.fill(0)
  }
}
