/** The receipts of all threads of a node as its main thread has them. */
import type { Receipts, SignedBatch, StoredReceipt } from '../receipts/index.ts'

/** Receipts that other threads keep, or kept once. */
export interface OtherReceipts {
  get(id: string, salt: Uint8Array | undefined): Promise<StoredReceipt | undefined>
  batchesFrom(marks: ReadonlyMap<number, number>): readonly SignedBatch[]
  lanes(): readonly number[]
  count(): number
}

export interface AllReceipts extends Pick<Receipts, 'begin' | 'lanes' | 'count'> {
  /** `salt` opens a sealed receipt. */
  get(id: string, salt?: Uint8Array): Promise<StoredReceipt | undefined>
  /** As that of Receipts, over all threads. */
  batchesFrom(marks: ReadonlyMap<number, number>): SignedBatch[]
}

/** The main thread's own receipts, and those of others. */
export function allReceipts(own: Receipts, others: readonly OtherReceipts[]): AllReceipts {
  return {
    begin: (request) => own.begin(request),
    async get(id, salt) {
      const found = own.get(id, salt)
      if (found !== undefined) return found
      const asked = await Promise.all(others.map((other) => other.get(id, salt)))
      return asked.find((stored) => stored !== undefined)
    },
    batchesFrom: (marks) => [...own.batchesFrom(marks), ...others.flatMap((other) => other.batchesFrom(marks))],
    lanes: () => [...own.lanes(), ...others.flatMap((other) => other.lanes())],
    count: () => others.reduce((n, other) => n + other.count(), own.count()),
  }
}

/** The receipts of a journal that no thread writes any more. */
export function restingReceipts(receipts: Receipts): OtherReceipts {
  return {
    get: async (id, salt) => receipts.get(id, salt),
    batchesFrom: (marks) => receipts.batchesFrom(marks),
    lanes: () => receipts.lanes(),
    count: () => receipts.count(),
  }
}
