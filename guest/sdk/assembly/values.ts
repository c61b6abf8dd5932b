/**
 * Values in the canonical dag-cbor form of WIT values, which calls between contracts carry and storage keeps: integers, text and bytes as such, floats as
 * their little-endian bytes, arrays and `@data` classes as lists, `T | null` as a list of none or one, an amount as its decimal text.
 */

import { Amount } from './amount'
import { fromUtf8 } from './bytes'
import { CborWriter } from './cbor'
import { zeroed } from './raw/abi'

export class ValueWriter extends CborWriter {
  put<T>(value: T): void {
    if (isNullable<T>()) {
      if (changetype<usize>(value) == 0) {
        this.list(0)
      } else {
        this.list(1)
        this.put<NonNullable<T>>(changetype<NonNullable<T>>(value))
      }
    } else if (isBoolean<T>() || isInteger<T>() || isString<T>()) {
      this.value<T>(value)
    } else if (isFloat<T>()) {
      const bytes = new Uint8Array(sizeof<T>())
      store<T>(bytes.dataStart, value)
      this.value<Uint8Array>(bytes)
    } else if (value instanceof Uint8Array) {
      this.value<Uint8Array>(value)
    } else if (value instanceof Amount) {
      this.value<string>(value.toString())
    } else if (isArray<T>()) {
      this.list(value.length)
      for (let i = 0; i < value.length; i++) this.put<valueof<T>>(value[i])
    } else {
      // the build adds `encodeData` and `decodeData` to every class marked `@data`
      // @ts-ignore: generated
      if (!isDefined(value.encodeData))
        ERROR('a value is of numbers, bool, string, Amount, Uint8Array, arrays, T | null and classes marked @data')
      // @ts-ignore: generated
      value.encodeData<ValueWriter>(this)
    }
  }
}

/** Reads what `ValueWriter` wrote. Throws where the bytes are of another type. */
export class ValueReader {
  private at: i32 = 0

  constructor(private bytes: Uint8Array) {}

  get isAtEnd(): bool {
    return this.at == this.bytes.length
  }

  take<T>(): T {
    if (isNullable<T>()) {
      const count = this.head(4)
      if (count > 1) this.unfit()
      if (count == 0) return changetype<T>(<usize>0)
      return changetype<T>(this.take<NonNullable<T>>())
    } else if (isBoolean<T>()) {
      const byte = this.byte()
      if (byte != 0xf4 && byte != 0xf5) this.unfit()
      return <T>(byte == 0xf5)
    } else if (isInteger<T>()) {
      return this.integer<T>()
    } else if (isFloat<T>()) {
      const bytes = this.take<Uint8Array>()
      if (bytes.length != <i32>sizeof<T>()) this.unfit()
      return load<T>(bytes.dataStart)
    } else if (isString<T>()) {
      return changetype<T>(fromUtf8(this.chunk(3)))
    } else if (idof<T>() == idof<Uint8Array>()) {
      return changetype<T>(this.chunk(2))
    } else if (idof<T>() == idof<Amount>()) {
      return changetype<T>(Amount.parse(this.take<string>()))
    } else if (isArray<T>()) {
      const count = <i32>this.head(4)
      if (count > this.bytes.length) this.unfit()
      const array = instantiate<T>(count)
      for (let i = 0; i < count; i++) array[i] = this.take<valueof<T>>()
      return array
    } else {
      const value = zeroed<T>()
      // @ts-ignore: generated
      if (!isDefined(value.decodeData))
        ERROR('a value is of numbers, bool, string, Amount, Uint8Array, arrays, T | null and classes marked @data')
      // @ts-ignore: generated
      value.decodeData<ValueReader>(this)
      return value
    }
  }

  /** The start of a `@data` object: as many fields as the class has now. */
  fields(count: i32): void {
    if (<i32>this.head(4) != count) this.unfit()
  }

  /** How many items the list has that begins here. */
  items(): i32 {
    return <i32>this.head(4)
  }

  /** What a function without result gives. */
  nothing(): void {
    if (this.byte() != 0xf6) this.unfit()
  }

  /** Takes a value to this place: of a field that nothing else has seen yet. */
  into<T>(place: usize): void {
    const value = this.take<T>()
    if (isReference<T>()) store<usize>(place, changetype<usize>(value))
    else store<T>(place, value)
  }

  private unfit(): void {
    throw new Error('the bytes are not of the type that is read')
  }

  private byte(): u8 {
    if (this.at >= this.bytes.length) this.unfit()
    return this.bytes[this.at++]
  }

  private argument(info: u8): u64 {
    if (info < 24) return info
    if (info > 27) this.unfit()
    let value: u64 = 0
    for (let left = 1 << (info - 24); left > 0; left--) value = (value << 8) | this.byte()
    return value
  }

  private head(major: u8): u64 {
    const first = this.byte()
    if (first >> 5 != major) this.unfit()
    return this.argument(first & 31)
  }

  private integer<T>(): T {
    const first = this.byte()
    const negative = first >> 5 == 1
    if (first >> 5 > 1 || (negative && !isSigned<T>())) this.unfit()
    const argument = this.argument(first & 31)
    if (isSigned<T>() && argument > <u64>i64.MAX_VALUE) this.unfit()
    const value = negative ? <T>(-1 - <i64>argument) : <T>argument
    // what does not fit comes back as another number
    if ((negative ? <u64>(-1 - <i64>value) : <u64>value) != argument || (isSigned<T>() && value < <T>0 != negative)) this.unfit()
    return value
  }

  private chunk(major: u8): Uint8Array {
    const length = this.head(major)
    if (length > <u64>(this.bytes.length - this.at)) this.unfit()
    const from = this.at
    this.at += <i32>length
    return this.bytes.slice(from, this.at)
  }
}
