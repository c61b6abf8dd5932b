/** Many short messages, written one behind another and hashed at once: hashing them together costs less than each alone, and none is an array of its own. */
import { putRaw } from './cbor-put.ts'
import { copyInto, utf8 } from './bytes.ts'
import { sha256Each } from './hash.ts'

export class Messages {
  /** Where the open message is written; another array after `reserve`. */
  bytes: Uint8Array
  /** Where what is written next stands. */
  at = 0
  #ends: number[] = []

  /** Room for so many bytes to begin with. */
  constructor(room: number) {
    this.bytes = new Uint8Array(room)
  }

  /** Makes room for so many bytes more. */
  reserve(more: number): void {
    const end = this.at + more
    if (end <= this.bytes.length) return
    const larger = new Uint8Array(Math.max(end, this.bytes.length * 2))
    larger.set(this.bytes.subarray(0, this.at))
    this.bytes = larger
  }

  /** Writes a byte, for which there is room. */
  byte(value: number): void {
    this.bytes[this.at++] = value
  }

  /** Writes bytes, for which there is room. */
  raw(bytes: Uint8Array): void {
    this.at = putRaw(this.bytes, this.at, bytes)
  }

  /** Writes a few bytes of others, for which there is room: no view of them is made. */
  part(of: Uint8Array, start: number, length: number): void {
    copyInto(this.bytes, this.at, of, start, length)
    this.at += length
  }

  /** Writes text in UTF-8, with room for three bytes for each of its UTF-16 units. */
  text(text: string): void {
    const { bytes, at } = this
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i)
      if (unit > 0x7f) {
        this.raw(utf8(text))
        return
      }
      bytes[at + i] = unit
    }
    this.at = at + text.length
  }

  /** Closes the open message. */
  end(): void {
    this.#ends.push(this.at)
  }

  /** Digests of the closed messages, 32 bytes each in their order; begins anew. */
  hash(): Uint8Array {
    const ends = this.#ends
    const hashes = sha256Each(this.bytes.subarray(0, this.at), ends)
    this.#ends = []
    this.at = 0
    return hashes
  }
}
