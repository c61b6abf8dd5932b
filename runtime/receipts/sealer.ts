/** Makes what receipts are hashed to: for all of a batch, for all that want their ids in one turn, or for one that cannot wait. */
import { BatchTree } from './batch-tree.ts'
import type { Begun, Draft, Early } from './draft.ts'
import { Hashing } from './hashing.ts'

/** One per thread: it is never in use when anything else runs. */
let hashing: Hashing | undefined

export class Sealer {
  readonly #soon: (fn: () => void) => void
  #wanted: { readonly draft: Draft; readonly done: () => void }[] = []

  /** `soon` runs a function at the end of the poll phase. */
  constructor(soon: (fn: () => void) => void) {
    this.#soon = soon
    hashing ??= new Hashing()
  }

  /** Input digest and seed of a run that asks for its seed. */
  early(run: Begun): Early {
    return (hashing as Hashing).early(run)
  }

  /** Makes body, digest and leaf of the drafts that lack them. */
  seal(drafts: readonly Draft[]): void {
    ;(hashing as Hashing).seal(drafts)
  }

  /** The same at the end of the poll phase, with all others that are waited for; then calls back. */
  soon(draft: Draft, done: () => void): void {
    if (this.#wanted.length === 0) {
      this.#soon(() => {
        const wanted = this.#wanted
        this.#wanted = []
        this.seal([...new Set(wanted.map((w) => w.draft))])
        for (const w of wanted) w.done()
      })
    }
    this.#wanted.push({ draft, done })
  }

  /** Seals what a batch holds; gives its tree, and the sha256 of its bodies, 32 bytes each. */
  batch(drafts: readonly Draft[]): { readonly tree: BatchTree; readonly digests: Uint8Array } {
    this.seal(drafts)
    const digests = new Uint8Array(drafts.length * 32)
    const leaves = new Uint8Array(drafts.length * 32)
    for (let i = 0; i < drafts.length; i++) {
      const { sealed, digestAt, leafAt } = drafts[i] as Draft & { readonly sealed: Uint8Array }
      for (let b = 0; b < 32; b++) {
        digests[i * 32 + b] = sealed[digestAt + b] as number
        leaves[i * 32 + b] = sealed[leafAt + b] as number
      }
    }
    return { tree: new BatchTree(leaves), digests }
  }
}
