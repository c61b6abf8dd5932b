/** What an auditor says on the chain: refutations, sent again until they have an effect or can have none, and demands, no more of them than it can be made to pay for. */
import {
  demandId,
  isUtnetError,
  LIMITS,
  ROLLUP,
  rollupEnds,
  toHex,
  type AnchoredBatch,
  type Claim,
  type TxPayload,
} from '../../core/index.ts'
import type { Chain } from '../../consensus/index.ts'
import type { HeldAccount } from '../parts.ts'
import { signedTx } from '../transactions.ts'

/** Blocks after which a refutation that had no effect is sent again. */
const AGAIN_BLOCKS = 8
const GAS = 80_000_000n

export interface RefutationOptions {
  readonly chain: Pick<Chain, 'chainId' | 'head' | 'batchHead' | 'submit' | 'nextNonce' | 'baseFee'>
  readonly node: HeldAccount
  /** Told that a transaction waits for a block. */
  readonly onSubmit: () => void
}

interface Sent {
  readonly payload: TxPayload & { readonly kind: 'refute' }
  /** Height at which its batch was anchored. */
  readonly anchored: number
  height: number
}

export class Refutations {
  readonly #o: RefutationOptions
  /** By batch. */
  readonly #sent = new Map<string, Sent>()
  /** Demands of the time that one has for an answer, and the heights at which they were made: answered or not, each paid for one. */
  readonly #asked = new Map<string, number>()

  constructor(options: RefutationOptions) {
    this.#o = options
  }

  get #head(): number {
    return this.#o.chain.head().header.height
  }

  /** Refutes a batch that was anchored at a height. */
  refute(target: AnchoredBatch, height: number, claim: Claim): void {
    const sent: Sent = { payload: { kind: 'refute', target, claim }, anchored: height, height: this.#head }
    this.#sent.set(`${target.anchor.toString()}/${target.at}`, sent)
    this.#submit(sent.payload)
  }

  /** Whether a leaf may be asked for now. */
  mayAsk(): boolean {
    for (const [id, height] of this.#asked) if (height + ROLLUP.answerBlocks < this.#head) this.#asked.delete(id)
    return this.#asked.size < LIMITS.auditDemands
  }

  /** Asks for a leaf; gives the name of the demand, undefined where the mempool does not take it. */
  ask(target: AnchoredBatch, index: number): string | undefined {
    if (!this.#submit({ kind: 'refute', target, claim: { kind: 'unavailable', index } })) return undefined
    const id = toHex(demandId(target.anchor, target.at, index))
    this.#asked.set(id, this.#head)
    return id
  }

  /** Heights of the batches whose refutation had no effect yet. */
  anchors(): number[] {
    return [...this.#sent.values()].map(({ anchored }) => anchored)
  }

  /** Sends again what had no effect within some blocks. */
  again(): void {
    const head = this.#head
    for (const [key, sent] of this.#sent) {
      const { batch } = sent.payload.target
      const { closed, next } = this.#o.chain.batchHead(batch.node, batch.thread)
      if ((closed !== null && batch.first >= next) || head >= rollupEnds(sent.anchored).open) this.#sent.delete(key)
      else if (head >= sent.height + AGAIN_BLOCKS) {
        sent.height = head
        this.#submit(sent.payload)
      }
    }
  }

  #submit(payload: TxPayload): boolean {
    const { chain, node, onSubmit } = this.#o
    try {
      chain.submit(signedTx(chain, node, payload, GAS))
      onSubmit()
      return true
    } catch (error) {
      // a full mempool, or an account that cannot pay
      if (isUtnetError(error)) return false
      throw error
    }
  }
}
