/** Grows a byte array; LEB128 as WebAssembly's binary form has it. */
import { utf8 } from '../../core/index.ts'

export class Writer {
  #bytes = new Uint8Array(1_024)
  #length = 0

  get length(): number {
    return this.#length
  }

  #room(n: number): void {
    if (this.#length + n <= this.#bytes.length) return
    const bigger = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length + n))
    bigger.set(this.#bytes)
    this.#bytes = bigger
  }

  u8(...bytes: readonly number[]): this {
    this.#room(bytes.length)
    for (const byte of bytes) this.#bytes[this.#length++] = byte
    return this
  }

  raw(bytes: Uint8Array): this {
    this.#room(bytes.length)
    this.#bytes.set(bytes, this.#length)
    this.#length += bytes.length
    return this
  }

  u32(n: number): this {
    let v = n
    while (v >= 128) {
      this.u8((v % 128) | 128)
      v = Math.floor(v / 128)
    }
    return this.u8(v)
  }

  signed(n: number | bigint): this {
    let v = BigInt(n)
    for (;;) {
      const low = Number(v & 127n)
      v >>= 7n
      if ((v === 0n && low < 64) || (v === -1n && low >= 64)) return this.u8(low)
      this.u8(low | 128)
    }
  }

  name(text: string): this {
    const bytes = utf8(text)
    return this.u32(bytes.length).raw(bytes)
  }

  /** A section: its id, its length, its content. */
  section(id: number, content: Writer | Uint8Array): this {
    const bytes = content instanceof Writer ? content.view() : content
    return this.u8(id).u32(bytes.length).raw(bytes)
  }

  /** The bytes so far; valid until the next write. */
  view(): Uint8Array {
    return this.#bytes.subarray(0, this.#length)
  }

  bytes(): Uint8Array {
    return this.view().slice()
  }
}
