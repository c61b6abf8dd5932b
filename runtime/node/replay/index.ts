/** Running again what a receipt says was run, from its bundle: no chain, no store, no network. */
export * from './reexecute.ts'
export * from './replay.ts'
