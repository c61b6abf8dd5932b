/** `utnet/node`: a whole node, and what the command line needs of its parts. */
export { buildGuest, contractSource } from '../host/build/index.ts'
export type { BuiltGuest } from '../host/build/index.ts'
export { inspectGuest, preparedModules, sealGuest, validateGuest, withGrants, type Grants } from '../host/index.ts'
export { enrolChips, type EnrolledChip, type Enrolment, type EnrolOptions, type EnrolmentNotes } from './chips/index.ts'
export { startDevNode } from './dev-node.ts'
export type { DevNode, DevNodeOptions } from './dev-node.ts'
export type { NodeOptions } from './node-options.ts'
export { openNode, type OpenNode } from './open-node.ts'
export type { RemoteServer } from './models/index.ts'
export {
  audit,
  cheating,
  checkTranscript,
  exactModels,
  type Audited,
  type ExactModels,
  type Lie,
  type TranscriptOptions,
} from './piee/index.ts'
export type { ReceiptRules, RetentionRules } from './parts.ts'
export { reexecute } from './replay/index.ts'
export { replayBundle, type Replay } from './replay/index.ts'
export { fuseModel, type FusedModel } from '../tpu-bridge/index.ts'
export { tryFunction, type Trial } from './try-guest.ts'
