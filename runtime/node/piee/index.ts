/** Proof by re-execution in a node: lies for developers, audits, transcripts. */
export { audit, type Audited, type Parties } from './audit.ts'
export { cheating, type Cheat, type Lie } from './cheat.ts'
export { exactModels, type ExactModels } from './exact-models.ts'
export { checkTranscript, type TranscriptOptions } from './transcripts.ts'
export { cheatOn, selfAudited, type NodeDispute, type SelfCheat } from './self-audit.ts'
