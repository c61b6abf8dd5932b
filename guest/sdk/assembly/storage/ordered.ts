import { addToCell, hasCell, readCell, readCellOr, removeCell, takeFromCell, writeCell } from './cell'
import { Kind, decodeKey, encodeKey, joined, pathOf } from './keys'
import { Tree } from './tree'

/** Different values, in order. */
export class StorageSet<K> {
  private tree: Tree

  constructor(name: string, within: Uint8Array | null = null) {
    this.tree = new Tree(pathOf(Kind.set, name, within))
  }

  get size(): u32 {
    return this.tree.size
  }

  has(key: K): bool {
    return this.tree.has(encodeKey<K>(key))
  }

  /** False where it was there. */
  add(key: K): bool {
    const encoded = encodeKey<K>(key)
    if (this.tree.has(encoded)) return false
    this.tree.insert(encoded)
    return true
  }

  /** False where it was not there. */
  remove(key: K): bool {
    const encoded = encodeKey<K>(key)
    if (!this.tree.has(encoded)) return false
    this.tree.remove(encoded)
    return true
  }

  /** The first ones, in order; the last ones, last first, with `reverse`. */
  values(limit: i32, reverse: bool = false): Array<K> {
    return decoded<K>(this.tree.range(null, null, limit, reverse))
  }

  /** At most `limit` with from <= value < to. */
  range(from: K, to: K, limit: i32, reverse: bool = false): Array<K> {
    return decoded<K>(this.tree.range(encodeKey<K>(from), encodeKey<K>(to), limit, reverse))
  }
}

function decoded<K>(keys: Array<Uint8Array>): Array<K> {
  const found: Array<K> = []
  for (let i = 0; i < keys.length; i++) found.push(decodeKey<K>(keys[i]))
  return found
}

export class Entry<K, V> {
  constructor(
    readonly key: K,
    readonly value: V,
  ) {}
}

/** Values under keys that can be gone through in order: integers by value, text and bytes bytewise. A key has at most 64 bytes. */
export class StorageOrderedMap<K, V> {
  private tree: Tree
  private path: Uint8Array

  constructor(name: string, within: Uint8Array | null = null) {
    this.tree = new Tree(pathOf(Kind.orderedKeys, name, within))
    this.path = pathOf(Kind.orderedValues, name, within)
  }

  get size(): u32 {
    return this.tree.size
  }

  /** 0, false, '', no bytes, no items or null where it was never set; reverts for a `@data` class. */
  get(key: K): V {
    return readCell<V>(this.at(encodeKey<K>(key)))
  }

  getOr(key: K, fallback: V): V {
    return readCellOr<V>(this.at(encodeKey<K>(key)), fallback)
  }

  set(key: K, value: V): void {
    const encoded = encodeKey<K>(key)
    this.index(encoded)
    writeCell<V>(this.at(encoded), value)
  }

  /** Adds to an integer or an amount and gives the sum; reverts on overflow. */
  add(key: K, by: V): V {
    const encoded = encodeKey<K>(key)
    this.index(encoded)
    return addToCell<V>(this.at(encoded), by)
  }

  /** Takes from an integer or an amount and gives the rest; reverts where there is too little. */
  sub(key: K, by: V): V {
    const encoded = encodeKey<K>(key)
    this.index(encoded)
    return takeFromCell<V>(this.at(encoded), by)
  }

  has(key: K): bool {
    return hasCell(this.at(encodeKey<K>(key)))
  }

  /** False where it was not there. */
  remove(key: K): bool {
    const encoded = encodeKey<K>(key)
    if (!hasCell(this.at(encoded))) return false
    removeCell(this.at(encoded))
    this.tree.remove(encoded)
    return true
  }

  /** The first ones, in order; the last ones, last first, with `reverse`. */
  entries(limit: i32, reverse: bool = false): Array<Entry<K, V>> {
    return this.entriesOf(this.tree.range(null, null, limit, reverse))
  }

  /** At most `limit` with from <= key < to. */
  range(from: K, to: K, limit: i32, reverse: bool = false): Array<Entry<K, V>> {
    return this.entriesOf(this.tree.range(encodeKey<K>(from), encodeKey<K>(to), limit, reverse))
  }

  private entriesOf(keys: Array<Uint8Array>): Array<Entry<K, V>> {
    const found: Array<Entry<K, V>> = []
    for (let i = 0; i < keys.length; i++) found.push(new Entry<K, V>(decodeKey<K>(keys[i]), readCell<V>(this.at(keys[i]))))
    return found
  }

  private index(key: Uint8Array): void {
    if (!hasCell(this.at(key))) this.tree.insert(key)
  }

  private at(key: Uint8Array): Uint8Array {
    return joined(this.path, key)
  }
}
