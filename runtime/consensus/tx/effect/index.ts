/** What a transaction leaves behind, and the block that it runs in. */
export type { BlockContext, CallNote } from './block-context.ts'
export { effect, type EffectParts, refused } from './effect.ts'
export { outcomeCbor, readOutcome, type TouchedItem, type TxEffect, type TxOutcome } from './outcome.ts'
