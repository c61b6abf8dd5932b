import { addToCell, hasCell, readCell, readCellOr, removeCell, takeFromCell, writeCell } from './cell'
import { Kind, pathOf } from './keys'

/** One value under a name. */
export class StorageValue<T> {
  private key: Uint8Array

  constructor(name: string, within: Uint8Array | null = null) {
    this.key = pathOf(Kind.value, name, within)
  }

  /** 0, false, '', no bytes, no items or null where it was never set; reverts for a `@data` class. */
  get(): T {
    return readCell<T>(this.key)
  }

  getOr(fallback: T): T {
    return readCellOr<T>(this.key, fallback)
  }

  set(value: T): void {
    writeCell<T>(this.key, value)
  }

  /** Adds to an integer or an amount and gives the sum; reverts on overflow. */
  add(by: T): T {
    return addToCell<T>(this.key, by)
  }

  /** Takes from an integer or an amount and gives the rest; reverts where there is too little. */
  sub(by: T): T {
    return takeFromCell<T>(this.key, by)
  }

  has(): bool {
    return hasCell(this.key)
  }

  remove(): void {
    removeCell(this.key)
  }
}

/** Numbers in a row, from 1: for ids. */
export class StorageCounter {
  private count: StorageValue<u64>

  constructor(name: string, within: Uint8Array | null = null) {
    this.count = new StorageValue<u64>(name, within)
  }

  /** The last number given out; 0 before the first. */
  get last(): u64 {
    return this.count.get()
  }

  next(): u64 {
    return this.count.add(1)
  }
}
