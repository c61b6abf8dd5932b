/** Receipts of all threads of a node, and what a service needs of whoever makes them. */
export { type AllReceipts, allReceipts, type OtherReceipts } from './all-receipts.ts'
export type { FunctionBegin, FunctionReceipts, FunctionRun, Ticketed } from './function-run.ts'
