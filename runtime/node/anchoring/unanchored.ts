/** Batches of this run that no block holds yet, with the digests of their receipts: for anchors, and for the events that tell of them. */
import type { BatchStatement } from '../../core/index.ts'

export class Unanchored {
  /** By lane, and by the first receipt of a batch, in order. */
  readonly #lanes = new Map<number, Map<number, Uint8Array>>()

  /** `digests` are sha256 of the bodies, 32 bytes each. */
  add({ thread, first }: BatchStatement, digests: Uint8Array): void {
    const lane = this.#lanes.get(thread)
    if (lane === undefined) this.#lanes.set(thread, new Map([[first, digests]]))
    else lane.set(first, digests)
  }

  digestsOf({ thread, first }: BatchStatement): Uint8Array | undefined {
    return this.#lanes.get(thread)?.get(first)
  }

  /** Forgets what blocks hold by now: of each lane what is below `next`. Gives the digests of those batches. */
  take(next: (thread: number) => number): Uint8Array[] {
    const taken: Uint8Array[] = []
    for (const [thread, lane] of this.#lanes) {
      const mark = next(thread)
      for (const [first, digests] of lane) {
        if (first >= mark) break
        taken.push(digests)
        lane.delete(first)
      }
      if (lane.size === 0) this.#lanes.delete(thread)
    }
    return taken
  }
}
