/** Edge threads: they accept HTTP themselves and run functions in-thread. */
export { journalOf, lanesOf, restingThreads, startEdges } from './edges.ts'
export type { Edges } from './edges.ts'
export type { GuestEntry } from './protocol.ts'
