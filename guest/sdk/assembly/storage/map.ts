import { addToCell, hasCell, readCell, readCellOr, removeCell, takeFromCell, writeCell } from './cell'
import { Kind, encodeKey, entryPath, joined, pathOf } from './keys'

/** Values under a name and a key. It cannot be gone through: that is what `StorageOrderedMap` is for. */
export class StorageMap<K, V> {
  private path: Uint8Array

  constructor(name: string, within: Uint8Array | null = null) {
    this.path = pathOf(Kind.map, name, within)
  }

  /** 0, false, '', no bytes, no items or null where it was never set; reverts for a `@data` class. */
  get(key: K): V {
    return readCell<V>(this.at(key))
  }

  getOr(key: K, fallback: V): V {
    return readCellOr<V>(this.at(key), fallback)
  }

  set(key: K, value: V): void {
    writeCell<V>(this.at(key), value)
  }

  /** Adds to an integer or an amount and gives the sum; reverts on overflow. */
  add(key: K, by: V): V {
    return addToCell<V>(this.at(key), by)
  }

  /** Takes from an integer or an amount and gives the rest; reverts where there is too little. */
  sub(key: K, by: V): V {
    return takeFromCell<V>(this.at(key), by)
  }

  has(key: K): bool {
    return hasCell(this.at(key))
  }

  remove(key: K): void {
    removeCell(this.at(key))
  }

  private at(key: K): Uint8Array {
    return joined(this.path, encodeKey<K>(key))
  }
}

/** Containers under a name and a key: `new StorageGroup<string, StorageMap<string, u64>>('allowances').at(owner).get(spender)`. */
export class StorageGroup<K, C> {
  private path: Uint8Array

  constructor(name: string, within: Uint8Array | null = null) {
    this.path = pathOf(Kind.group, name, within)
  }

  /** The container of a key. */
  at(key: K): C {
    return instantiate<C>('', entryPath(this.path, encodeKey<K>(key)))
  }
}
