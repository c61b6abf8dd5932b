/** Batches of this run that no block holds yet, with the digests of their receipts: for anchors, and for the events that tell of them. */
import type { BatchStatement } from '../core/index.ts'

const placeOf = ({ thread, first }: BatchStatement): string => `${thread}/${first}`

export class Unanchored {
  readonly #digests = new Map<string, Uint8Array>()

  /** `digests` are sha256 of the bodies, 32 bytes each. */
  add(batch: BatchStatement, digests: Uint8Array): void {
    this.#digests.set(placeOf(batch), digests)
  }

  digestsOf(batch: BatchStatement): Uint8Array | undefined {
    return this.#digests.get(placeOf(batch))
  }

  /** Forgets a batch that a block holds; gives its digests. */
  take(batch: BatchStatement): Uint8Array | undefined {
    const digests = this.digestsOf(batch)
    this.#digests.delete(placeOf(batch))
    return digests
  }
}
