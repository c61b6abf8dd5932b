import { readCell, removeCell, writeCell } from './cell'
import { Kind, encodeKey, joined, pathOf } from './keys'

/** Values in a row. Its length stands under its path, an item under path and index (4 bytes). */
export class StorageVector<T> {
  private path: Uint8Array

  constructor(name: string, within: Uint8Array | null = null) {
    this.path = pathOf(Kind.vector, name, within)
  }

  get length(): u32 {
    return readCell<u32>(this.path)
  }

  /** Reverts outside of it. */
  get(index: u32): T {
    this.check(index)
    return readCell<T>(this.at(index))
  }

  /** Reverts outside of it. */
  set(index: u32, value: T): void {
    this.check(index)
    writeCell<T>(this.at(index), value)
  }

  /** Gives the new item's index. */
  push(value: T): u32 {
    const index = this.length
    if (index == u32.MAX_VALUE) throw new Error('the vector is full')
    writeCell<T>(this.at(index), value)
    writeCell<u32>(this.path, index + 1)
    return index
  }

  /** Takes the last item away; reverts where there is none. */
  pop(): T {
    const length = this.length
    if (length == 0) throw new Error('the vector is empty')
    const value = readCell<T>(this.at(length - 1))
    removeCell(this.at(length - 1))
    writeCell<u32>(this.path, length - 1)
    return value
  }

  /** Takes an item away and puts the last one in its place; reverts outside of it. */
  swapRemove(index: u32): T {
    this.check(index)
    const value = readCell<T>(this.at(index))
    const last = this.pop()
    if (index < this.length) writeCell<T>(this.at(index), last)
    return value
  }

  /** At most `limit` items from an index on. */
  slice(from: u32, limit: u32): Array<T> {
    const length = this.length
    const end = <u32>min<u64>(<u64>from + limit, length)
    const items: Array<T> = []
    for (let i = from; i < end; i++) items.push(readCell<T>(this.at(i)))
    return items
  }

  private check(index: u32): void {
    const length = this.length
    if (index >= length) throw new Error('index ' + index.toString() + ' of a vector of ' + length.toString())
  }

  private at(index: u32): Uint8Array {
    return joined(this.path, encodeKey<u32>(index))
  }
}
