/** Receipts: issue, attest in batches, keep, recover. */
export { encodeAttestation, openReceipts } from './receipts.ts'
export type { Opened, Openings } from './openings.ts'
export type { SignedBatch } from './record.ts'
export type { Issued, OpenRun, Receipts, ReceiptsOptions, RunRequest, RunResult, StoredReceipt } from './types.ts'
