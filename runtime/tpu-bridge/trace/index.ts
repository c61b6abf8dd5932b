/** Runs of graphs, written down. */
export { entriesFor, type Guard, type RecordedEntry, type Recording } from './recording.ts'
export { branchLowered, record, type ForeignNode, type RecordOptions } from './record.ts'
