/** Shows the leaves of this node's batches that others ask for: who stays silent loses its bond. */
import { decodeTx, equalBytes, isUtnetError, toHex, type Reveal } from '../../core/index.ts'
import type { Chain } from '../../consensus/index.ts'
import type { AllReceipts } from '../receipts/index.ts'
import type { HeldAccount } from '../parts.ts'
import { signedTx } from '../transactions.ts'

/** Leaves of one transaction: at most 1.5 KB each with their paths. */
const PER_TRANSACTION = 32
/** Blocks after which a leaf that is still asked for is shown again. */
const AGAIN_BLOCKS = 4

export interface Demands {
  /** True when a final block asks for a leaf of this node. */
  block(height: number): boolean
  /** Puts what is asked for into the mempool. */
  answer(): void
}

/** Answers for one node; what was asked for before this run is found again. */
export function answerDemands(chain: Chain, receipts: Pick<AllReceipts, 'leaf'>, node: HeldAccount): Demands {
  const shown = new Map<string, number>()
  let asked = true

  /** Demands that are due to be answered, with their leaves; what the journal lacks cannot be shown. */
  function due(): Reveal[] {
    const { height } = chain.head().header
    const own = chain.demands().filter(({ demand }) => equalBytes(demand.batch.node, node.key))
    asked = own.length > 0
    return own.flatMap(({ id, demand: { batch, index } }) => {
      const last = shown.get(toHex(id))
      if (last !== undefined && height < last + AGAIN_BLOCKS) return []
      const found = receipts.leaf(batch.thread, batch.first, index)
      return found === undefined ? [] : [{ demand: id, ...found }]
    })
  }

  return {
    block(height) {
      const { txs, outcomes } = chain.blockAt(height)
      const asks = outcomes.some(({ kind, status }, i) => {
        if (kind !== 'refute' || status !== 'ok') return false
        const { payload } = decodeTx(txs[i] as Uint8Array).body
        return payload.kind === 'refute' && payload.claim.kind === 'unavailable' && equalBytes(payload.target.batch.node, node.key)
      })
      asked ||= asks
      return asks
    },
    answer() {
      if (!asked) return
      const { height } = chain.head().header
      const all = due()
      for (let at = 0; at < all.length; at += PER_TRANSACTION) {
        const reveals = all.slice(at, at + PER_TRANSACTION)
        try {
          chain.submit(signedTx(chain, node, { kind: 'reveal', reveals }))
        } catch (error) {
          // A full mempool: the next block tries again.
          if (isUtnetError(error)) return
          throw error
        }
        for (const { demand } of reveals) shown.set(toHex(demand), height)
      }
      if (!asked) shown.clear()
    },
  }
}
