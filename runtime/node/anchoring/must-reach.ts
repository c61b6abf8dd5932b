/** Whether the journals reach as far as the chain says. */
import type { Chain } from '../../consensus/index.ts'
import { equalBytes, LIMITS, UtnetError } from '../../core/index.ts'
import type { AllReceipts } from '../receipts/index.ts'
import { lanesOf } from '../edge/index.ts'
import type { HeldAccount } from '../parts.ts'

/**
 * The chain must not know receipts that the journal has lost: then the disk was set back, and the node would sign other receipts under their numbers.
 * Throws `data_corrupt`.
 */
export function mustReach(chain: Chain, receipts: AllReceipts, node: HeldAccount): void {
  for (let range = 0; range <= LIMITS.edgeThreads; range++) mustReachIn(chain, receipts, node, lanesOf(range).first)
}

function mustReachIn(chain: Chain, receipts: AllReceipts, node: HeldAccount, first: number): void {
  for (let thread = first; ; thread++) {
    const { next, root, closed } = chain.batchHead(node.key, thread)
    if (next === 0 && closed === null) return
    // closed at its first batch: there is nothing that the journal would have to know
    if (next === 0) continue
    const known = receipts
      .batchesFrom(new Map([[thread, 0]]))
      .some(({ batch }) => batch.thread === thread && batch.first + batch.size === next && equalBytes(batch.root, root))
    if (!known) {
      throw new UtnetError('data_corrupt', `the chain has receipts of thread ${thread} up to ${next} that the journal lacks`, {
        hint: 'restore the whole data folder from one copy, or choose another: --data DIR',
      })
    }
  }
}
