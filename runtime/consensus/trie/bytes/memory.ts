/** Memory in which pages, drafts and hashes lie, in bytes and in words. All hashes lie at whole words of it: they are copied by these in a quarter of the time. */

export class Memory {
  readonly bytes: Uint8Array
  readonly words: Uint32Array

  constructor(size: number) {
    const buffer = new ArrayBuffer((size + 3) & ~3)
    this.bytes = new Uint8Array(buffer)
    this.words = new Uint32Array(buffer)
  }
}

/** Copies a hash, or other 32 bytes at whole words. */
export function copyHash(out: Memory, at: number, from: Memory, start: number): void {
  const [words, own] = [from.words, out.words]
  const [first, to] = [start >> 2, at >> 2]
  own[to] = words[first] as number
  own[to + 1] = words[first + 1] as number
  own[to + 2] = words[first + 2] as number
  own[to + 3] = words[first + 3] as number
  own[to + 4] = words[first + 4] as number
  own[to + 5] = words[first + 5] as number
  own[to + 6] = words[first + 6] as number
  own[to + 7] = words[first + 7] as number
}

/** Puts a stretch of one memory into another. */
export function copyStretch(out: Uint8Array, at: number, from: Uint8Array, start: number, end: number): void {
  out.set(from.subarray(start, end), at)
}
