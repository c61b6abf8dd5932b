/** The receipts of all threads of a node as its main thread has them. */
import type { ReceiptReader, Receipts, StoredReceipt } from '../../receipts/index.ts'

/** Receipts that other threads keep, or kept once. */
export interface OtherReceipts extends Pick<ReceiptReader, 'get' | 'batchesFrom' | 'lanes' | 'count' | 'leaf' | 'digests'> {
  /** Lets no run begin on a lane any more. */
  retire?(thread: number): void
  /** Resolves when all is known that was on the disk when it was asked. */
  fresh?(): Promise<void>
}

/** Reads are of all threads; runs are begun on the main thread's own journal. */
export interface AllReceipts extends Pick<Receipts, 'begin' | 'batchesFrom' | 'lanes' | 'count' | 'leaf' | 'digests' | 'retire'> {
  /** `salt` opens a sealed receipt. */
  get(id: string, salt?: Uint8Array): Promise<StoredReceipt | undefined>
}

function firstOf<T>(all: readonly OtherReceipts[], find: (receipts: OtherReceipts) => T | undefined): T | undefined {
  for (const receipts of all) {
    const found = find(receipts)
    if (found !== undefined) return found
  }
  return undefined
}

/** The main thread's own receipts, and those of others. */
export function allReceipts(own: Receipts, others: readonly OtherReceipts[]): AllReceipts {
  const all: readonly OtherReceipts[] = [own, ...others]
  const known = (id: string, salt: Uint8Array | undefined): StoredReceipt | undefined => {
    return firstOf(all, (receipts) => receipts.get(id, salt))
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
    leaf: (thread, first, index) => firstOf(all, (receipts) => receipts.leaf(thread, first, index)),
    digests: (thread, first) => firstOf(all, (receipts) => receipts.digests(thread, first)),
    retire: (thread) => all.forEach((receipts) => receipts.retire?.(thread)),
    count: () => all.reduce((n, receipts) => n + receipts.count(), 0),
  }
}
