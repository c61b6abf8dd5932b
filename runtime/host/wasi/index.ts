/** A deterministic WASI 0.2: every answer is a function of the run's context, its grants and its log. */
export { scopedBuckets } from './buckets.ts'
export { Files, lookedAt, type MountedFile } from './files.ts'
export { grantsOf, withGrants, type Grants, type Mount } from './grants.ts'
export { isStandard, standardOffers } from './offers.ts'
export { Outbound } from './outbound.ts'
export { Recorder } from './recorder.ts'
export { GuestExit, NO_PROGRAM, SAID_BYTES, WasiRun, type Outside, type ProgramInput } from './run.ts'
