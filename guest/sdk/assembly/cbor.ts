/** Canonical dag-cbor, written. Keys must be given in dag-cbor's order (length first, then bytewise). No floats. */

import { Amount } from './amount'
import { toUtf8 } from './bytes'

export class CborWriter {
  private buffer: Uint8Array = new Uint8Array(64)
  private length: i32 = 0

  /** The bytes written so far. */
  finish(): Uint8Array {
    return this.buffer.subarray(0, this.length)
  }

  /** Announces a map of `entries` entries. */
  map(entries: i32): void {
    this.head(5, <u64>entries)
  }

  /** Announces a list of `items` items. */
  list(items: i32): void {
    this.head(4, <u64>items)
  }

  entry<T>(key: string, value: T): void {
    this.text(key)
    this.value<T>(value)
  }

  value<T>(value: T): void {
    if (isNullable<T>()) {
      if (changetype<usize>(value) == 0) this.byte(0xf6)
      else this.value<NonNullable<T>>(changetype<NonNullable<T>>(value))
    } else if (isBoolean<T>()) {
      this.byte(value ? 0xf5 : 0xf4)
    } else if (isInteger<T>()) {
      if (isSigned<T>() && value < <T>0) this.head(1, <u64>(-1 - <i64>value))
      else this.head(0, <u64>value)
    } else if (isString<T>()) {
      this.text(changetype<string>(value))
    } else if (value instanceof Amount) {
      this.text(value.toString())
    } else if (value instanceof Uint8Array) {
      this.head(2, <u64>value.length)
      this.raw(value)
    } else if (isArray<T>()) {
      this.head(4, <u64>value.length)
      for (let i = 0; i < value.length; i++) this.value<valueof<T>>(value[i])
    } else {
      ERROR('an event holds bool, integers, string, Amount, Uint8Array and arrays of these')
    }
  }

  private text(value: string): void {
    const bytes = toUtf8(value)
    this.head(3, <u64>bytes.length)
    this.raw(bytes)
  }

  private head(major: u8, argument: u64): void {
    const type = major << 5
    if (argument < 24) {
      this.byte(type | <u8>argument)
      return
    }
    const size = argument <= 0xff ? 1 : argument <= 0xffff ? 2 : argument <= 0xffffffff ? 4 : 8
    this.byte(type | (size == 1 ? 24 : size == 2 ? 25 : size == 4 ? 26 : 27))
    for (let shift = 8 * (size - 1); shift >= 0; shift -= 8) this.byte(<u8>(argument >> shift))
  }

  private byte(value: u8): void {
    this.reserve(1)
    this.buffer[this.length++] = value
  }

  private raw(bytes: Uint8Array): void {
    this.reserve(bytes.length)
    memory.copy(this.buffer.dataStart + <usize>this.length, bytes.dataStart, <usize>bytes.length)
    this.length += bytes.length
  }

  private reserve(more: i32): void {
    if (this.length + more <= this.buffer.length) return
    const larger = new Uint8Array(max(this.buffer.length * 2, this.length + more))
    memory.copy(larger.dataStart, this.buffer.dataStart, <usize>this.length)
    this.buffer = larger
  }
}
