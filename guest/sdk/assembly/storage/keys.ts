/**
 * Keys of the contract's state. Every container has a path: kind (1 byte), length of its name (2 bytes), name; in a group, behind the group's path with
 * length and bytes of the group's key. What follows the path is the container's own affair. As each part says its own length, no two containers meet.
 */

import { Amount } from '../amount'
import { fromUtf8, toUtf8 } from '../bytes'
import { ValueWriter } from '../values'

/** No containers of two kinds meet, though they have one name. */
export enum Kind {
  value,
  map,
  vector,
  set,
  orderedKeys,
  orderedValues,
  group,
}

const LENGTH_MAX = 0xffff

export function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(a.length + b.length)
  bytes.set(a)
  bytes.set(b, a.length)
  return bytes
}

function sized(bytes: Uint8Array): Uint8Array {
  if (bytes.length > LENGTH_MAX) throw new Error('a name or key of storage is too long')
  const all = new Uint8Array(2 + bytes.length)
  all[0] = <u8>(bytes.length >> 8)
  all[1] = <u8>bytes.length
  all.set(bytes, 2)
  return all
}

/** The path of a container. `within` is that of the group's entry which holds it; none is the contract itself. */
export function pathOf(kind: Kind, name: string, within: Uint8Array | null): Uint8Array {
  const head = new Uint8Array(1)
  head[0] = <u8>kind
  const own = joined(head, sized(toUtf8(name)))
  return within === null ? own : joined(within, own)
}

/** The path of what a group holds under a key. */
export function entryPath(group: Uint8Array, key: Uint8Array): Uint8Array {
  return joined(group, sized(key))
}

/** Distinct for distinct keys, and in their order: integers by value, text by its UTF-8 bytes. (Of `@data` classes only distinct.) */
export function encodeKey<K>(key: K): Uint8Array {
  if (isString<K>()) return toUtf8(changetype<string>(key))
  if (isInteger<K>()) {
    const size = <i32>sizeof<K>()
    const bytes = new Uint8Array(size)
    const bits = isSigned<K>() && !isBoolean<K>() ? <u64>key ^ ((<u64>1) << (8 * <u64>size - 1)) : <u64>key
    for (let i = 0; i < size; i++) bytes[i] = <u8>(bits >> (8 * <u64>(size - 1 - i)))
    return bytes
  }
  if (isFloat<K>()) ERROR('a key of storage is an integer, bool, string, Amount, Uint8Array or a class marked @data')
  if (key instanceof Uint8Array) return key.slice()
  if (key instanceof Amount) return key.toBytes()
  const writer = new ValueWriter()
  writer.put<K>(key)
  return writer.finish().slice()
}

/** The key of these bytes, where it was no `@data` object. */
export function decodeKey<K>(bytes: Uint8Array): K {
  if (isString<K>()) return changetype<K>(fromUtf8(bytes))
  if (isInteger<K>()) {
    const size = <u64>sizeof<K>()
    let bits: u64 = 0
    for (let i = 0; i < bytes.length; i++) bits = (bits << 8) | bytes[i]
    return <K>(isSigned<K>() && !isBoolean<K>() ? bits ^ ((<u64>1) << (8 * size - 1)) : bits)
  }
  if (idof<K>() == idof<Uint8Array>()) return changetype<K>(bytes)
  if (idof<K>() == idof<Amount>()) return changetype<K>(Amount.fromBytes(bytes))
  ERROR('an ordered key is an integer, bool, string, Amount or Uint8Array')
}
