/** Guests made ready, and the instances that runs get. */
export { GuestCache } from './cache.ts'
export { Contracts } from './contracts.ts'
export { GuestInstance } from './instance.ts'
export { type Entry, inspectGuest, type PreparedGuest, preparedModules, prepareGuest, validateGuest } from './prepared.ts'
export { dropped } from './reclaim.ts'
export { type Run, Runs, type Watch } from './runs.ts'
export { unpaid } from './unpaid.ts'
