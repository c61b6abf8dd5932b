/**
 * The contract's state as typed values and maps. A key is kind (1 byte), length of the name (2 bytes), name, encoded map key:
 * no two names, and no map and value, can meet. Integers are big-endian, text is UTF-8.
 */

import { get_, remove, set_ } from './raw/host-storage'
import { fromUtf8, toUtf8 } from './bytes'

const VALUE: u8 = 0
const MAP: u8 = 1

function prefix(kind: u8, name: string): Uint8Array {
  const text = toUtf8(name)
  if (text.length > 0xffff) throw new Error('the name of a storage value is too long')
  const bytes = new Uint8Array(3 + text.length)
  bytes[0] = kind
  bytes[1] = <u8>(text.length >> 8)
  bytes[2] = <u8>text.length
  bytes.set(text, 3)
  return bytes
}

function encode<T>(value: T): Uint8Array {
  if (isString<T>()) return toUtf8(changetype<string>(value))
  if (isInteger<T>()) {
    const bytes = new Uint8Array(sizeof<T>())
    for (let i = 0; i < <i32>sizeof<T>(); i++) bytes[i] = <u8>(<u64>value >> (8 * (<u64>sizeof<T>() - 1 - i)))
    return bytes
  }
  if (value instanceof Uint8Array) return value
  ERROR('storage holds integers, bool, string and Uint8Array')
}

function decode<T>(bytes: Uint8Array): T {
  if (isString<T>()) return changetype<T>(fromUtf8(bytes))
  if (isInteger<T>()) {
    let value: u64 = 0
    for (let i = 0; i < bytes.length; i++) value = (value << 8) | bytes[i]
    return <T>value
  }
  return changetype<T>(bytes)
}

/** What was never set: 0, false, '' or no bytes. */
function zero<T>(): T {
  if (isString<T>()) return changetype<T>('')
  if (isInteger<T>()) return <T>0
  return changetype<T>(new Uint8Array(0))
}

function read<T>(key: Uint8Array): T {
  const bytes = get_(key)
  return bytes === null ? zero<T>() : decode<T>(bytes)
}

/** One value under a name. */
export class StorageValue<T> {
  private key: Uint8Array

  constructor(name: string) {
    this.key = prefix(VALUE, name)
  }

  /** 0, false, '' or no bytes where it was never set. */
  get(): T {
    return read<T>(this.key)
  }

  set(value: T): void {
    set_(this.key, encode<T>(value))
  }

  has(): bool {
    return get_(this.key) !== null
  }

  remove(): void {
    remove(this.key)
  }
}

/** Values under a name and a key. */
export class StorageMap<K, V> {
  private prefix: Uint8Array

  constructor(name: string) {
    this.prefix = prefix(MAP, name)
  }

  /** 0, false, '' or no bytes where it was never set. */
  get(key: K): V {
    return read<V>(this.at(key))
  }

  set(key: K, value: V): void {
    set_(this.at(key), encode<V>(value))
  }

  has(key: K): bool {
    return get_(this.at(key)) !== null
  }

  remove(key: K): void {
    remove(this.at(key))
  }

  private at(key: K): Uint8Array {
    const encoded = encode<K>(key)
    const bytes = new Uint8Array(this.prefix.length + encoded.length)
    bytes.set(this.prefix)
    bytes.set(encoded, this.prefix.length)
    return bytes
  }
}
