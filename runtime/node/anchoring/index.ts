/** Batches of receipts on their way into blocks, and what the chain may ask of them afterwards. */
export * from './anchors.ts'
export * from './demands.ts'
export * from './must-reach.ts'
export * from './unanchored.ts'
