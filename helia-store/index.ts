/** The verified block store: blocks, UnixFS files, CAR files and pins over a key-value store, offline. */
export { openStore } from './store.ts'
export type { Entry, ImportReport, Store, StoreOptions } from './store.ts'
export type { ScrubReport } from './blocks.ts'
