/** Blocks of one height whose payload is here: each is run by the application once, and remembered with what came of that. */
import type { BftPorts, BlockId, BlockLabel } from '../messages/index.ts'
import type { BftEffect } from './events.ts'

/** What the application says of a block. `timely` is of the header's time against the own clock. */
export interface BlockVerdict {
  readonly valid: boolean
  readonly timely: boolean
}

interface KnownBlock {
  readonly payload: Uint8Array
  /** Undefined while the application checks it, and as long as it lacks code of it. */
  verdict: BlockVerdict | undefined
}

export class KnownBlocks {
  readonly #labelOf: BftPorts['labelOf']
  readonly #emit: (effect: BftEffect) => void
  readonly #known = new Map<BlockId, KnownBlock>()

  constructor(labelOf: BftPorts['labelOf'], emit: (effect: BftEffect) => void) {
    this.#labelOf = labelOf
    this.#emit = emit
  }

  get size(): number {
    return this.#known.size
  }

  get(block: BlockId): Readonly<KnownBlock> | undefined {
    return this.#known.get(block)
  }

  /** Has a block run by the application, unless that is done. */
  learn(payload: Uint8Array, label: BlockLabel | undefined = this.#labelOf(payload)): void {
    if (label === undefined || this.#known.get(label.id)?.verdict !== undefined) return
    this.#known.set(label.id, { payload, verdict: undefined })
    this.#emit({ type: 'check', height: label.height, block: label.id, payload })
  }

  /** Has those of some blocks run that could not be run before, in their order. */
  again(height: number, blocks: Iterable<BlockId | null | undefined>): void {
    for (const block of new Set(blocks)) {
      const known = typeof block === 'string' ? this.#known.get(block) : undefined
      if (known !== undefined && known.verdict === undefined)
        this.#emit({ type: 'check', height, block: block as BlockId, payload: known.payload })
    }
  }

  /** Takes a block that this node built: it needs no check. */
  built(block: BlockId, payload: Uint8Array): void {
    this.#known.set(block, { payload, verdict: { valid: true, timely: true } })
  }

  /** The application has run a block. */
  checked(block: BlockId, verdict: BlockVerdict): void {
    const known = this.#known.get(block)
    if (known !== undefined) known.verdict = verdict
  }

  /** Forgets all but those wanted. */
  keepOnly(wanted: ReadonlySet<BlockId | null | undefined>): void {
    for (const block of this.#known.keys()) if (!wanted.has(block)) this.#known.delete(block)
  }
}
