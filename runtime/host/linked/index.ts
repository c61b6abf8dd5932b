/** Components made elsewhere, of any number of core modules. */
export { createHost, type GuestInvocation, type GuestOutcome, type Host, type HostOptions } from './host.ts'
export { readCores, type ReadableCore } from './prepared.ts'
export { inspectGuest, preparedModules, validateGuest } from './inspect.ts'
