/** Canonical dag-cbor: strict, bounded, no floats, no undefined. Decoding refuses whatever re-encodes to other bytes. */
import * as dagCbor from '@ipld/dag-cbor'
import { CID } from 'multiformats/cid'
import { equalBytes } from './bytes.ts'
import { limitError, UtnetError } from './errors.ts'
import { LIMITS } from './limits.ts'

export type Cbor = null | boolean | number | bigint | string | Uint8Array | CID | readonly Cbor[] | { readonly [key: string]: Cbor }

/** Bytes of a value in canonical dag-cbor; throws `core_bad_argument` on floats, undefined or integers over 64 bits. */
export function encode(value: Cbor): Uint8Array {
  check(value, 0)
  return dagCbor.encode(value)
}

/** The value of canonical dag-cbor bytes; throws `core_not_canonical` or `core_too_large`, naming `what`. Integers over 2^53-1 come back as bigint. */
export function decode(bytes: Uint8Array, what = 'dag-cbor', maxBytes: number = LIMITS.cborBytes): Cbor {
  if (!(bytes instanceof Uint8Array)) throw new UtnetError('core_bad_argument', `${what} must be a Uint8Array`)
  if (bytes.length > maxBytes) throw limitError('core_too_large', 'cborBytes', bytes.length, maxBytes, what)
  scan(bytes, what)
  let value: Cbor
  let again: Uint8Array
  try {
    value = dagCbor.decode<Cbor>(bytes)
    check(value, 0)
    again = dagCbor.encode(value)
  } catch (cause) {
    throw new UtnetError('core_not_canonical', `${what} is not canonical dag-cbor: ${cause instanceof Error ? cause.message : ''}`, { cause })
  }
  if (!equalBytes(bytes, again)) throw new UtnetError('core_not_canonical', `${what} is not canonical dag-cbor: it re-encodes to other bytes`)
  return value
}

function check(value: unknown, depth: number): void {
  if (depth > LIMITS.cborDepth) throw limitError('core_too_large', 'cborDepth', depth, LIMITS.cborDepth, 'dag-cbor nesting')
  switch (typeof value) {
    case 'string':
      if (!value.isWellFormed()) throw new UtnetError('core_bad_argument', 'dag-cbor text has a lone surrogate')
      return
    case 'boolean':
      return
    case 'number':
      if (!Number.isSafeInteger(value) || Object.is(value, -0)) throw new UtnetError('core_bad_argument', `dag-cbor has no place for the number ${value}`)
      return
    case 'bigint':
      if (value > 0xffff_ffff_ffff_ffffn || value < -0x8000_0000_0000_0000n) {
        throw new UtnetError('core_bad_argument', 'dag-cbor integers are at most 64 bits')
      }
      return
    case 'object':
      if (value === null || value instanceof Uint8Array || CID.asCID(value) !== null) return
      if (Array.isArray(value)) {
        for (const item of value) check(item, depth + 1)
        return
      }
      for (const key of Object.keys(value)) check((value as Record<string, unknown>)[key], depth + 1)
      return
    default:
      throw new UtnetError('core_bad_argument', `dag-cbor has no place for ${typeof value}`)
  }
}

/** Walks the heads without recursion, so that hostile nesting or item counts never reach the library's decoder. */
function scan(bytes: Uint8Array, what: string): void {
  const bad = (why: string) => new UtnetError('core_not_canonical', `${what} is not canonical dag-cbor: ${why}`)
  const left: number[] = [1]
  let at = 0
  let items = 0
  while (left.length > 0) {
    const top = left.length - 1
    if (left[top] === 0) {
      left.pop()
      continue
    }
    left[top] = (left[top] as number) - 1
    if (++items > LIMITS.cborItems) throw limitError('core_too_large', 'cborItems', items, LIMITS.cborItems, what)
    const head = bytes[at++]
    if (head === undefined) throw bad('it ends early')
    const major = head >> 5
    const info = head & 31
    let n = info
    if (info >= 24) {
      if (info > 27) throw bad('indefinite length')
      const width = 1 << (info - 24)
      if (at + width > bytes.length) throw bad('it ends early')
      n = 0
      for (let i = 0; i < width; i++) n = n * 256 + (bytes[at + i] as number)
      at += width
    }
    if (major === 2 || major === 3) {
      at += n
      if (at > bytes.length) throw bad('it ends early')
    } else if (major === 4 || major === 5) {
      const count = major === 5 ? n * 2 : n
      if (count > bytes.length - at) throw bad('it ends early')
      left.push(count)
      if (left.length > LIMITS.cborDepth + 1) throw limitError('core_too_large', 'cborDepth', left.length - 1, LIMITS.cborDepth, what)
    } else if (major === 6) {
      left[top] += 1
    }
  }
  if (at !== bytes.length) throw bad('bytes follow its end')
}

// Readers of decoded structures: each checks one field and names it.

type Fields = { readonly [key: string]: Cbor }

/** The value as a map with exactly the given keys; throws `core_not_canonical` naming what is missing or unknown. */
export function asMap(value: Cbor | undefined, keys: readonly string[], what: string): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || value instanceof Uint8Array || CID.asCID(value) !== null) {
    throw new UtnetError('core_not_canonical', `${what} must be a map`)
  }
  const map = value as Fields
  for (const key of keys) if (!Object.hasOwn(map, key)) throw new UtnetError('core_not_canonical', `${what} lacks ${key}`)
  for (const key of Object.keys(map)) if (!keys.includes(key)) throw new UtnetError('core_not_canonical', `${what} has an unknown field ${key}`)
  return map
}

/** The value as an array (of `length` items, if given). */
export function asArray(value: Cbor | undefined, what: string, length?: number): readonly Cbor[] {
  if (!Array.isArray(value)) throw new UtnetError('core_not_canonical', `${what} must be an array`)
  if (length !== undefined && value.length !== length) throw new UtnetError('core_not_canonical', `${what} must have ${length} items, has ${value.length}`)
  return value as readonly Cbor[]
}

/** The value as bytes (of `length`, if given). */
export function asBytes(value: Cbor | undefined, what: string, length?: number): Uint8Array {
  if (!(value instanceof Uint8Array)) throw new UtnetError('core_not_canonical', `${what} must be bytes`)
  if (length !== undefined && value.length !== length) throw new UtnetError('core_not_canonical', `${what} must be ${length} bytes, is ${value.length}`)
  return value
}

/** The value as text. */
export function asText(value: Cbor | undefined, what: string): string {
  if (typeof value !== 'string') throw new UtnetError('core_not_canonical', `${what} must be text`)
  return value
}

/** The value as a safe non-negative integer. */
export function asUint(value: Cbor | undefined, what: string): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) {
    throw new UtnetError('core_not_canonical', `${what} must be an unsigned integer below 2^53`)
  }
  return value
}

/** The value as an unsigned 64-bit integer. */
export function asU64(value: Cbor | undefined, what: string): bigint {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return BigInt(value)
  if (typeof value === 'bigint' && value >= 0n) return value
  throw new UtnetError('core_not_canonical', `${what} must be an unsigned 64-bit integer`)
}

/** The value as a CID link. */
export function asCid(value: Cbor | undefined, what: string): CID {
  const cid = typeof value === 'object' && value !== null ? CID.asCID(value) : null
  if (cid === null) throw new UtnetError('core_not_canonical', `${what} must be a CID link`)
  return cid
}
