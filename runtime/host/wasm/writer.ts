/** Grows a byte array; LEB128 as WebAssembly's binary form has it. */
import { utf8 } from '../../core/index.ts'

export class Writer {
  #bytes: Uint8Array
  #length = 0

  constructor(capacity = 1_024) {
    this.#bytes = new Uint8Array(capacity)
  }

  get length(): number {
    return this.#length
  }

  #room(n: number): void {
    if (this.#length + n <= this.#bytes.length) return
    const bigger = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length + n))
    bigger.set(this.#bytes)
    this.#bytes = bigger
  }

  byte(b: number): this {
    if (this.#length === this.#bytes.length) this.#room(1)
    this.#bytes[this.#length++] = b
    return this
  }

  u8(...bytes: readonly number[]): this {
    for (const b of bytes) this.byte(b)
    return this
  }

  raw(bytes: Uint8Array): this {
    return this.copy(bytes, 0, bytes.length)
  }

  /** Appends bytes[from .. to]. */
  copy(bytes: Uint8Array, from: number, to: number): this {
    const n = to - from
    this.#room(n)
    const target = this.#bytes
    let at = this.#length
    if (n > 64) target.set(bytes.subarray(from, to), at)
    else for (let i = from; i < to; i++) target[at++] = bytes[i] as number
    this.#length += n
    return this
  }

  u32(n: number): this {
    let v = n
    while (v >= 128) {
      this.byte((v % 128) | 128)
      v = Math.floor(v / 128)
    }
    return this.byte(v)
  }

  /** LEB128, signed, of a safe integer. */
  signed(n: number): this {
    if (n >= -64 && n < 64) return this.byte(n & 127)
    let v = n
    if (!Number.isSafeInteger(v)) throw new RangeError(`${n} is no safe integer`)
    for (;;) {
      const rest = Math.floor(v / 128)
      const low = v - rest * 128
      v = rest
      if ((v === 0 && low < 64) || (v === -1 && low >= 64)) return this.byte(low)
      this.byte(low | 128)
    }
  }

  /** Forgets what was written and keeps the room. */
  clear(): this {
    this.#length = 0
    return this
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
