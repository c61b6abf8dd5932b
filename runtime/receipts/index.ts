/** Receipts: issue, attest in batches, keep, recover. */
export { besideMemory, HandedReceipts, SealingThread, wakeSealer, type BesideEnd, type HandedEnd } from './beside/index.ts'
export { packRecords, unpackRecords, type PackedRecords } from './packed-records.ts'
export { openReceiptReader, openReceipts } from './receipts.ts'
export type { RunFile } from './kept.ts'
export type { Openings } from './openings.ts'
export type { SignedBatch } from './record.ts'
export type { DurableRecord, FedReader, Issued, LaneRange, OpenRun, ReceiptReader, Receipts, RunResult, StoredReceipt } from './types.ts'
