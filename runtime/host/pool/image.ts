/**
 * What a memory held when its instance was made, and how to make it so again. Nothing tells cheaply which bytes a guest has written, so all of
 * it is set back: the image is copied, the rest filled with zeros, which costs less than a new instance up to the limit pooledPages.
 */

/** Zeros between two parts that are copied along, so that parts are few. */
const GAP = 1_024
const WORD = Uint32Array.BYTES_PER_ELEMENT

interface Part {
  readonly at: number
  readonly bytes: Uint8Array
}

export class MemoryImage {
  /** In order; between them there are zeros. */
  readonly #parts: readonly Part[]
  /** Of the memory. */
  readonly length: number
  /** Bytes that the image takes. */
  readonly size: number

  private constructor(parts: readonly Part[], length: number) {
    this.#parts = parts
    this.length = length
    this.size = parts.reduce((n, { bytes }) => n + bytes.length, 0)
  }

  /** The image of a memory: a whole number of pages. */
  static of(memory: Uint8Array): MemoryImage {
    const words = new Uint32Array(memory.buffer, memory.byteOffset, memory.length / WORD)
    const parts: Part[] = []
    let from = -1
    let last = -1
    const close = (): void => {
      if (from >= 0) parts.push({ at: from * WORD, bytes: memory.slice(from * WORD, (last + 1) * WORD) })
    }
    for (let i = 0; i < words.length; i++) {
      if (words[i] === 0) continue
      if (from < 0 || (i - last) * WORD > GAP) {
        close()
        from = i
      }
      last = i
    }
    close()
    return new MemoryImage(parts, memory.length)
  }

  /** Makes a memory of the image's length what it was. */
  restore(memory: Uint8Array): void {
    let at = 0
    for (const part of this.#parts) {
      if (part.at > at) memory.fill(0, at, part.at)
      memory.set(part.bytes, part.at)
      at = part.at + part.bytes.length
    }
    if (at < memory.length) memory.fill(0, at)
  }
}
