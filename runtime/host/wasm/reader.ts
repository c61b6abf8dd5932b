/** A bounded reader of WebAssembly's binary form: every length is checked before it is used, every error names its offset. */
import { fromUtf8 } from '../../core/index.ts'
import { invalid } from './invalid.ts'

export class Reader {
  readonly bytes: Uint8Array
  at: number
  readonly end: number
  /** What is added to positions in errors: where `bytes` begins in what the user handed in. */
  readonly origin: number

  constructor(bytes: Uint8Array, origin = 0, at = 0, end = bytes.length) {
    this.bytes = bytes
    this.origin = origin
    this.at = at
    this.end = end
  }

  get done(): boolean {
    return this.at >= this.end
  }

  fail(message: string, at = this.at): Error {
    return invalid('format', this.origin + at, message)
  }

  u8(): number {
    if (this.at >= this.end) throw this.fail('the bytes end early')
    return this.bytes[this.at++] as number
  }

  /** Four bytes, little-endian. */
  u32le(): number {
    const [a, b, c, d] = this.take(4) as unknown as [number, number, number, number]
    return (a | (b << 8) | (c << 16) | (d << 24)) >>> 0
  }

  /** LEB128, 32 bits unsigned, at most 5 bytes. */
  u32(): number {
    const first = this.at < this.end ? (this.bytes[this.at] as number) : 128
    if (first < 128) {
      this.at++
      return first
    }
    let value = 0
    for (let shift = 0; ; shift += 7) {
      const byte = this.u8()
      if (shift === 28 && byte > 15) throw this.fail('an integer does not fit 32 bits', this.at - 1)
      value += (byte & 127) * 2 ** shift
      if (byte < 128) return value
    }
  }

  /** LEB128, signed, at most `bits` bits (32, 33 or 64); the value is exact up to 33 bits. */
  signed(bits: 32 | 33 | 64): bigint {
    let value = 0n
    const last = Math.ceil(bits / 7) * 7 - 7
    for (let shift = 0; ; shift += 7) {
      const byte = this.u8()
      if (shift === last) {
        const used = bits - shift
        const top = (byte & 127) >> (used - 1)
        if (byte > 127 || (top !== 0 && top !== (1 << (8 - used)) - 1)) throw this.fail(`an integer does not fit ${bits} bits`, this.at - 1)
      }
      value |= BigInt(byte & 127) << BigInt(shift)
      if (byte < 128) return BigInt.asIntN(shift + 7, value)
    }
  }

  /** Passes over a LEB128 integer of at most `max` bytes. */
  skipLeb(max: number): void {
    for (let i = 0; i < max; i++) if (this.u8() < 128) return
    throw this.fail('an integer is too long')
  }

  take(length: number): Uint8Array {
    if (length > this.end - this.at) throw this.fail('the bytes end early')
    const out = this.bytes.subarray(this.at, this.at + length)
    this.at += length
    return out
  }

  skip(length: number): void {
    if (length > this.end - this.at) throw this.fail('the bytes end early')
    this.at += length
  }

  /** A UTF-8 name of at most 1,024 bytes. */
  name(): string {
    const at = this.at
    const length = this.u32()
    if (length > 1_024) throw this.fail('a name is longer than 1024 bytes', at)
    const bytes = this.take(length)
    try {
      return fromUtf8(bytes)
    } catch {
      throw this.fail('a name is not UTF-8', at)
    }
  }

  /** A reader of the next `length` bytes, which this one passes over. */
  sub(length: number): Reader {
    const at = this.at
    this.skip(length)
    return new Reader(this.bytes, this.origin, at, at + length)
  }

  /** A count of items that take at least one byte each. */
  count(): number {
    const at = this.at
    const n = this.u32()
    if (n > this.end - this.at) throw this.fail(`a count of ${n} is more than the bytes left`, at)
    return n
  }
}
