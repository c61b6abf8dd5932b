/** Anchored batches of receipts: where their leaves lie, demands and refutations, what the chain keeps of each thread. */
export * from './batch-data.ts'
export * from './rollup.ts'
export * from './rollup-state.ts'
export * from './thread-record.ts'
export * from './verdict-request.ts'
