/** Carries the statements of durable batches into blocks. */
import { isUtnetError } from '../core/index.ts'
import type { Chain } from '../consensus/index.ts'
import type { SignedBatch } from '../receipts/index.ts'
import type { AllReceipts } from './all-receipts.ts'
import type { HeldAccount } from './parts.ts'
import { signedTx } from './transactions.ts'

/** Statements of one transaction: about 250 bytes each, so that it stays well below the limit of a transaction. */
const PER_TRANSACTION = 256
const PER_BLOCK = 16

/** Puts anchor transactions for all batches that no block holds into the mempool; gives how many batches they carry. */
export function anchorBatches(chain: Chain, receipts: Pick<AllReceipts, 'lanes' | 'batchesFrom'>, node: HeldAccount): number {
  const marks = new Map<number, number>()
  for (const thread of receipts.lanes()) marks.set(thread, chain.batchHead(node.key, thread).next)
  const batches: SignedBatch[] = receipts.batchesFrom(marks).slice(0, PER_TRANSACTION * PER_BLOCK)
  for (let at = 0; at < batches.length; at += PER_TRANSACTION) {
    const part = batches.slice(at, at + PER_TRANSACTION)
    try {
      chain.submit(signedTx(chain, node, { kind: 'anchor', batches: part }))
    } catch (error) {
      // A full mempool or one that still holds the last anchor: the next block takes them.
      if (isUtnetError(error)) return at
      throw error
    }
  }
  return batches.length
}
