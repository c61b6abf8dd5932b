/** Carries the statements of durable batches into blocks, with the name of a block of the store that leads to their receipts. */
import { batchData, isUtnetError, LIMITS, UtnetError, type BatchStatement, type Block } from '../../core/index.ts'
import type { Chain } from '../../consensus/index.ts'
import type { SignedBatch } from '../../receipts/index.ts'
import type { AllReceipts } from '../receipts/index.ts'
import type { HeldAccount } from '../parts.ts'
import { signedTx } from '../transactions.ts'

/** Statements of one transaction: with what their bytes cost they stay below the gas of a transaction (`LIMITS.callGas`). */
const PER_TRANSACTION = 200
/** As many as fit a block. */
const PER_BLOCK = 6

/** What anchors are made from. */
export interface AnchorOptions {
  readonly chain: Chain
  readonly receipts: Pick<AllReceipts, 'lanes' | 'batchesFrom' | 'digests' | 'retire'>
  readonly node: HeldAccount
  /** The sha256 of a batch's bodies, where they are at hand; else they are read from the journal. */
  readonly digestsOf: (batch: BatchStatement) => Uint8Array | undefined
  /** Keeps a block, for who asks for the leaves. */
  readonly keep: (block: Block) => Promise<void>
}

/** The batches of the next transaction: as many as fit it, and their receipts a block of links. */
function partOf(batches: readonly SignedBatch[], at: number): readonly SignedBatch[] {
  let receipts = 0
  let end = at
  while (end < batches.length && end - at < PER_TRANSACTION) {
    receipts += (batches[end] as SignedBatch).batch.size
    if (receipts > LIMITS.anchorReceipts) break
    end++
  }
  return batches.slice(at, end)
}

/** Lets no run begin on lanes that the chain has closed: their receipts would be void. */
export function retireClosed({ chain, receipts, node }: Pick<AnchorOptions, 'chain' | 'receipts' | 'node'>): void {
  for (const thread of receipts.lanes()) if (chain.batchHead(node.key, thread).closed !== null) receipts.retire(thread)
}

/**
 * Puts anchor transactions for all batches that no block holds into the mempool, unless some wait there: those behind them go on where they end. Lanes that the chain
 * has closed are left alone.
 */
export async function anchorBatches({ chain, receipts, node, digestsOf, keep }: AnchorOptions): Promise<void> {
  if (chain.waitingOf(node.address).some(({ body }) => body.payload.kind === 'anchor')) return
  const marks = new Map<number, number>()
  for (const thread of receipts.lanes()) {
    const { next, closed } = chain.batchHead(node.key, thread)
    marks.set(thread, closed === null ? next : Number.MAX_SAFE_INTEGER)
  }
  const batches: SignedBatch[] = receipts.batchesFrom(marks)
  for (let at = 0, count = 0; at < batches.length && count < PER_BLOCK; count++) {
    const part = partOf(batches, at)
    at += part.length
    const data = batchData(
      part.map(({ batch }) => {
        const digests = digestsOf(batch) ?? receipts.digests(batch.thread, batch.first)
        if (digests === undefined)
          throw new UtnetError('node_internal', `batch ${batch.first} of thread ${batch.thread} is not in the journal`)
        return digests
      }),
    )
    await keep(data)
    try {
      chain.submit(signedTx(chain, node, { kind: 'anchor', batches: part, data: data.cid }))
    } catch (error) {
      // A full mempool: the next block takes them.
      if (isUtnetError(error)) return
      throw error
    }
  }
}
