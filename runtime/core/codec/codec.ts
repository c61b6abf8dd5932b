/** Canonical dag-cbor: strict, bounded, no floats, no undefined. Decoding refuses whatever re-encodes to other bytes. */
import { CID } from 'multiformats/cid'
import { CborReader } from './cbor-reader.ts'
import type { Cbor } from './cbor-value.ts'
import { writeCbor } from './cbor-writer.ts'
import { limitError, UtnetError } from '../errors.ts'
import { LIMITS } from '../limits.ts'

export type { Cbor } from './cbor-value.ts'
export { appendCbor } from './cbor-writer.ts'

/** Bytes of a value in canonical dag-cbor; throws `core_bad_argument` on floats, undefined or integers over 64 bits. */
export function encode(value: Cbor): Uint8Array {
  return writeCbor(value)
}

/** The value of canonical dag-cbor bytes; throws `core_not_canonical` or `core_too_large`, naming `what`. Integers over 2^53-1 come back as bigint. */
export function decode(bytes: Uint8Array, what = 'dag-cbor', maxBytes: number = LIMITS.cborBytes): Cbor {
  if (!(bytes instanceof Uint8Array)) throw new UtnetError('core_bad_argument', `${what} must be a Uint8Array`)
  if (bytes.length > maxBytes) throw limitError('core_too_large', 'cborBytes', bytes.length, maxBytes, what)
  return new CborReader(bytes, what).readAll()
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
  for (const key of Object.keys(map))
    if (!keys.includes(key)) throw new UtnetError('core_not_canonical', `${what} has an unknown field ${key}`)
  return map
}

/** The value as an array (of `length` items, if given). */
export function asArray(value: Cbor | undefined, what: string, length?: number): readonly Cbor[] {
  if (!Array.isArray(value)) throw new UtnetError('core_not_canonical', `${what} must be an array`)
  if (length !== undefined && value.length !== length)
    throw new UtnetError('core_not_canonical', `${what} must have ${length} items, has ${value.length}`)
  return value as readonly Cbor[]
}

/** The value as bytes (of `length`, if given). */
export function asBytes(value: Cbor | undefined, what: string, length?: number): Uint8Array {
  if (!(value instanceof Uint8Array)) throw new UtnetError('core_not_canonical', `${what} must be bytes`)
  if (length !== undefined && value.length !== length)
    throw new UtnetError('core_not_canonical', `${what} must be ${length} bytes, is ${value.length}`)
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
