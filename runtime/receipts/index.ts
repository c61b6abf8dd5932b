/** Receipts: issue, attest in batches, keep, recover. */
export { encodeAttestation, openReceipts } from './receipts.ts'
export type { Openings } from './openings.ts'
export type { SignedBatch } from './record.ts'
export type { Issued, LaneRange, OpenRun, Receipts, RunResult, StoredReceipt } from './types.ts'
