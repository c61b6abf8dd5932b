/** The receipts of all threads of a node as its main thread has them. */
import type { ReceiptReader, Receipts, StoredReceipt } from '../receipts/index.ts'

/** Receipts that other threads keep, or kept once. */
export interface OtherReceipts extends Pick<ReceiptReader, 'get' | 'batchesFrom' | 'lanes' | 'count'> {
  /** Resolves when all is known that was on the disk when it was asked. */
  fresh?(): Promise<void>
}

export interface AllReceipts extends Pick<Receipts, 'begin' | 'batchesFrom' | 'lanes' | 'count'> {
  /** `salt` opens a sealed receipt. */
  get(id: string, salt?: Uint8Array): Promise<StoredReceipt | undefined>
}

/** The main thread's own receipts, and those of others. */
export function allReceipts(own: Receipts, others: readonly OtherReceipts[]): AllReceipts {
  const all: readonly OtherReceipts[] = [own, ...others]
  const known = (id: string, salt: Uint8Array | undefined): StoredReceipt | undefined => {
    for (const receipts of all) {
      const found = receipts.get(id, salt)
      if (found !== undefined) return found
    }
    return undefined
  }
  return {
    begin: (request) => own.begin(request),
    async get(id, salt) {
      const found = known(id, salt)
      if (found !== undefined) return found
      // A thread answers its caller before it tells of the batch.
      await Promise.all(others.map((other) => other.fresh?.()))
      return known(id, salt)
    },
    batchesFrom: (marks) => all.flatMap((receipts) => receipts.batchesFrom(marks)),
    lanes: () => all.flatMap((receipts) => receipts.lanes()),
    count: () => all.reduce((n, receipts) => n + receipts.count(), 0),
  }
}
