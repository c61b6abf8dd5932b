/** What the service of functions needs of whoever makes their receipts. */
import type { CID, FunctionRequest, ReceiptTicket, UtnetError } from '../../core/index.ts'
import type { HandedEnd } from '../../receipts/index.ts'

/** What is known when a function is called. */
export interface FunctionBegin {
  readonly module: CID
  /** Seed of the chain at the context's height. */
  readonly chainSeed: Uint8Array
  /** Its body belongs to the run: nobody may change it any more. */
  readonly request: Pick<FunctionRequest, 'method' | 'path' | 'headers' | 'body'>
}

/** Called once, with the ticket or with why there is none. */
export type Ticketed = (failure: UtnetError | undefined, ticket: ReceiptTicket | undefined) => void

/** A run in flight: either `finish` or `abandon` ends it. */
export interface FunctionRun {
  /** Made when it is first asked for. */
  readonly seed: Uint8Array
  finish(end: HandedEnd, done: Ticketed): void
  /** The node's fault: no receipt, and the number goes to the next run. */
  abandon(): void
}

/** Makes receipts of functions, in this thread or by the one beside it. */
export interface FunctionReceipts {
  /** Throws `host_busy` where too many wait for the disk. */
  begin(begin: FunctionBegin): FunctionRun
}
