/** Runs that end in a receipt of this node: functions invoked, and what every run has around it. Threads that serve HTTP hold no more of the services than this. */
export { localReceipts } from './function-receipts.ts'
export { invoke, invokeWhole, promised } from './functions.ts'
export { announce, contextNow, inSlotUntil, strictest, ticketOf } from './runs.ts'
