/**
 * Where receipts stand in the journal, by the sha256 of their bodies: an open hash table in typed arrays, 16 bytes a slot, at most three quarters full.
 * It holds the first 8 bytes of a digest only; whoever looks one up compares the rest with what is on disk, and asks for the next where that differs.
 */

/** Which receipt: the number of its record, of the batch in it, and its own in that. */
export interface Spot {
  readonly record: number
  readonly batch: number
  readonly index: number
}

const WORDS = 4
const BATCHES = 1 << 16

const low = (digest: Uint8Array, at: number): number =>
  ((digest[at] as number) | ((digest[at + 1] as number) << 8) | ((digest[at + 2] as number) << 16) | ((digest[at + 3] as number) << 24)) >>>
  0

export class ReceiptIndex {
  #slots = new Uint32Array(1024 * WORDS)
  #count = 0

  get size(): number {
    return this.#count
  }

  /** Adds a receipt whose digest stands at `at`. Batches of one record, and receipts of one batch, are fewer than 65,536. */
  add(digests: Uint8Array, at: number, { record, batch, index }: Spot): void {
    if ((this.#count + 1) * WORDS * 4 > this.#slots.length * 3) this.#grow()
    this.#put(low(digests, at), low(digests, at + 4), record + 1, batch * BATCHES + index)
    this.#count++
  }

  /** Spots whose digest begins as this one does. */
  *find(digest: Uint8Array): Generator<Spot> {
    const a = low(digest, 0)
    const b = low(digest, 4)
    const slots = this.#slots
    const mask = slots.length / WORDS - 1
    for (let i = a & mask; ; i = (i + 1) & mask) {
      const at = i * WORDS
      const record = slots[at + 2] as number
      if (record === 0) return
      const place = slots[at + 3] as number
      if (slots[at] === a && slots[at + 1] === b) yield { record: record - 1, batch: Math.floor(place / BATCHES), index: place % BATCHES }
    }
  }

  #put(a: number, b: number, record: number, place: number): void {
    const slots = this.#slots
    const mask = slots.length / WORDS - 1
    let i = a & mask
    while (slots[i * WORDS + 2] !== 0) i = (i + 1) & mask
    slots[i * WORDS] = a
    slots[i * WORDS + 1] = b
    slots[i * WORDS + 2] = record
    slots[i * WORDS + 3] = place
  }

  #grow(): void {
    const old = this.#slots
    this.#slots = new Uint32Array(old.length * 2)
    for (let at = 0; at < old.length; at += WORDS)
      if (old[at + 2] !== 0) this.#put(old[at] as number, old[at + 1] as number, old[at + 2] as number, old[at + 3] as number)
  }
}
