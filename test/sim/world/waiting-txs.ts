/** Transactions that all honest validators hold, and how many blocks went by without them. */
import { BLOCK_TXS, type SmallBlock } from './small-chain.ts'

/** Blocks of honest proposers within which a transaction that all honest validators hold is in a block. */
export const HONEST_LEADERS = 2
/** Blocks of any proposer after which a waiting transaction is a fault: a third of the power leads so many in a row once in 10^19. */
const ALL_LEADERS = 40

export class WaitingTxs {
  readonly #waiting = new Map<number, { readonly from: number; blocks: number; all: number }>()
  readonly #isHonest: (node: number) => boolean
  readonly #fault: (what: string) => void
  #delay = 0

  constructor(isHonest: (node: number) => boolean, fault: (what: string) => void) {
    this.#isHonest = isHonest
    this.#fault = fault
  }

  /** Most blocks of honest proposers that a transaction missed. */
  get delay(): number {
    return this.#delay
  }

  /** A transaction waits from a height on: the highest at which anybody works. */
  add(tx: number, from: number): void {
    this.#waiting.set(tx, { from, blocks: 0, all: 0 })
  }

  /** A block became final for the first time. */
  committed(block: SmallBlock): void {
    for (const tx of block.txs) this.#waiting.delete(tx)
    // a full block leaves some for the next
    if (block.txs.length === BLOCK_TXS) return
    for (const waiting of this.#waiting.values()) {
      if (block.height <= waiting.from) continue
      if (++waiting.all > ALL_LEADERS) this.#fault(`a transaction waited ${waiting.all} blocks`)
      if (!this.#isHonest(block.proposer)) continue
      waiting.blocks++
      this.#delay = Math.max(this.#delay, waiting.blocks)
      if (waiting.blocks > HONEST_LEADERS) this.#fault(`a transaction missed ${waiting.blocks} blocks of honest proposers`)
    }
  }
}
