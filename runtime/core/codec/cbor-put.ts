/**
 * Canonical dag-cbor straight into memory that the caller has made large enough: what fixed layouts are put together from. Each function writes at `at`
 * and gives the position behind. Tests hold every layout equal to `encode`.
 */
import { utf8 } from './bytes.ts'
import type { CID } from './cid.ts'
import { UtnetError } from '../errors.ts'

/** Major types of CBOR (RFC 8949, section 3.1); `NULL` is a whole byte. */
export const UINT = 0
export const BYTES = 2
export const TEXT = 3
export const ARRAY = 4
export const MAP = 5
export const NULL = 0xf6
/** A head is at most this long. */
export const HEAD_MAX = 9

/** Bytes of a head with this argument. */
export function headLength(n: number): number {
  return n < 24 ? 1 : n < 0x100 ? 2 : n < 0x1_0000 ? 3 : n < 0x1_0000_0000 ? 5 : 9
}

/** Major type and argument (an integer from 0 below 2^53) in the shortest form. Throws `core_bad_argument` on another argument. */
export function putHead(into: Uint8Array, at: number, major: number, n: number): number {
  const type = major << 5
  if (n >= 0 && n < 24 && n === (n | 0)) {
    into[at] = type | n
    return at + 1
  }
  if (!Number.isSafeInteger(n) || n < 0) throw new UtnetError('core_bad_argument', `${n} is not an unsigned integer below 2^53`)
  if (n < 0x100) {
    into[at] = type | 24
    into[at + 1] = n
    return at + 2
  }
  if (n < 0x1_0000) {
    into[at] = type | 25
    into[at + 1] = n >> 8
    into[at + 2] = n
    return at + 3
  }
  if (n < 0x1_0000_0000) {
    into[at] = type | 26
    put32(into, at + 1, n)
    return at + 5
  }
  into[at] = type | 27
  put32(into, at + 1, Math.floor(n / 0x1_0000_0000))
  put32(into, at + 5, n % 0x1_0000_0000)
  return at + 9
}

function put32(into: Uint8Array, at: number, n: number): void {
  into[at] = n >>> 24
  into[at + 1] = n >>> 16
  into[at + 2] = n >>> 8
  into[at + 3] = n
}

/** An unsigned integer of 64 bits. */
export function putU64(into: Uint8Array, at: number, n: bigint): number {
  if (n >= 0n && n <= 0x1f_ffff_ffff_ffffn) return putHead(into, at, UINT, Number(n))
  if (n < 0n || n > 0xffff_ffff_ffff_ffffn) throw new UtnetError('core_bad_argument', `${n} is not an unsigned integer of 64 bits`)
  into[at] = (UINT << 5) | 27
  put32(into, at + 1, Number(n >> 32n))
  put32(into, at + 5, Number(n & 0xffff_ffffn))
  return at + 9
}

/** Bytes as they are, without a head. */
export function putRaw(into: Uint8Array, at: number, bytes: Uint8Array): number {
  const { length } = bytes
  // A call of `set` costs more than a short loop.
  if (length <= 24) for (let i = 0; i < length; i++) into[at + i] = bytes[i] as number
  else into.set(bytes, at)
  return at + length
}

/** A byte string. */
export function putBytes(into: Uint8Array, at: number, bytes: Uint8Array): number {
  return putRaw(into, putHead(into, at, BYTES, bytes.length), bytes)
}

/** Text: takes up to `HEAD_MAX` and three bytes for each of its UTF-16 units. Throws `core_bad_argument` on a lone surrogate. */
export function putText(into: Uint8Array, at: number, text: string): number {
  const { length } = text
  if (length <= 256) {
    const from = at + headLength(length)
    let i = 0
    for (; i < length; i++) {
      const unit = text.charCodeAt(i)
      if (unit > 0x7f) break
      into[from + i] = unit
    }
    if (i === length) {
      putHead(into, at, TEXT, length)
      return from + length
    }
  }
  if (!text.isWellFormed()) throw new UtnetError('core_bad_argument', 'dag-cbor text has a lone surrogate')
  const bytes = utf8(text)
  return putRaw(into, putHead(into, at, TEXT, bytes.length), bytes)
}

/** A link: tag 42 over the CID's bytes behind a zero. */
export function putLink(into: Uint8Array, at: number, { bytes }: CID): number {
  into[at] = 0xd8
  into[at + 1] = 42
  const to = putHead(into, at + 2, BYTES, bytes.length + 1)
  into[to] = 0
  return putRaw(into, to + 1, bytes)
}
