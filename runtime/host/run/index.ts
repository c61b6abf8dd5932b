/** Runs of guests. */
export { createHost, type Host, type HostOptions, type HostUsage } from './host.ts'
export type { InvokeOutcome, InvokeRequest } from './invoke.ts'
export type { OperatorOutcome, OperatorRequest } from './operator.ts'
export { inspectGuest, preparedModules, validateGuest, type Watch } from './instances/index.ts'
