/** Runs of guests. */
export type { Watch } from './execution.ts'
export { createHost, type Host, type HostOptions, type InvokeOutcome, type InvokeRequest, type OperatorOutcome } from './host.ts'
export { inspectGuest, preparedModules, validateGuest } from './prepared.ts'
