/** The host of guests: validates, prepares, runs. */
export type { Header, HttpRequest, HttpResponse, RunContext } from './http/index.ts'
export * from './linked/index.ts'
export type { InvokeOutcome, InvokeRequest, OperatorOutcome, Watch } from './run/index.ts'
export { withSharedMemory, type SharedMemoryModule } from './prepare/index.ts'
export { gasByLine, hasLineTables, readSourceMap, sourceOf, type LineGas, type SourceMap } from './trace/index.ts'
export { sealGuest } from './sealed/index.ts'
export type { Feature, Inspection } from './validate/index.ts'
export { grantsOf, lookedAt, withGrants, type Grants, type Mount } from './wasi/index.ts'
