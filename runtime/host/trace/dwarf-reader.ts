/** Bytes of debug sections: numbers and texts of DWARF, little-endian, 32-bit format. Whatever lies outside throws a RangeError. */

/** A text of a section, not read yet: many are never shown. */
export interface TextAt {
  readonly bytes: Uint8Array
  readonly at: number
}

const LEB_BYTES = 10

export class DwarfReader {
  readonly bytes: Uint8Array
  readonly #view: DataView
  readonly end: number
  at: number

  constructor(bytes: Uint8Array, at = 0, end: number = bytes.length) {
    if (at > end || end > bytes.length) throw new RangeError('outside of the section')
    this.bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.at = at
    this.end = end
  }

  get done(): boolean {
    return this.at >= this.end
  }

  skip(n: number): number {
    const from = this.at
    if (n > this.end - from) throw new RangeError('outside of the section')
    this.at = from + n
    return from
  }

  u8(): number {
    return this.#view.getUint8(this.skip(1))
  }
  i8(): number {
    return this.#view.getInt8(this.skip(1))
  }
  u16(): number {
    return this.#view.getUint16(this.skip(2), true)
  }
  u32(): number {
    return this.#view.getUint32(this.skip(4), true)
  }

  /** Bits beyond the 53rd are lost: no such number is of use here. */
  uleb(): number {
    let value = 0
    for (let i = 0; i < LEB_BYTES; i++) {
      const byte = this.u8()
      value += (byte & 127) * 2 ** (7 * i)
      if (byte < 128) return value
    }
    throw new RangeError('a number is too long')
  }

  sleb(): number {
    let value = 0
    for (let i = 0; i < LEB_BYTES; i++) {
      const byte = this.u8()
      value += (byte & 127) * 2 ** (7 * i)
      if (byte < 128) return byte < 64 ? value : value - 2 ** (7 * (i + 1))
    }
    throw new RangeError('a number is too long')
  }

  /** A text that ends with a zero. */
  text(): TextAt {
    const from = this.at
    const zero = this.bytes.indexOf(0, from)
    if (zero < 0 || zero >= this.end) throw new RangeError('a text does not end')
    this.at = zero + 1
    return { bytes: this.bytes, at: from }
  }
}

/** At most `most` bytes of a text. */
export function readText({ bytes, at }: TextAt, most: number): string {
  const all = bytes.subarray(at, at + most)
  const zero = all.indexOf(0)
  return new TextDecoder().decode(zero < 0 ? all : all.subarray(0, zero))
}
