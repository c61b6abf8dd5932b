/** Transactions: what may stand in a block, and what each does there. */
export { checkAgainst, checkForm, checkSignature, reserveOf } from './admission.ts'
export { batchSignerFault, lastBatch } from './apply-anchor.ts'
export { changesRoot, checkStorageKey, contractAt } from './apply-call.ts'
export { checkPublish, readName } from './apply-publish.ts'
export { applyTx } from './apply.ts'
export type { BlockContext } from './block-context.ts'
export { readTx, type ChainTx } from './checked-tx.ts'
export { encodeEvent, outcomeCbor, readOutcome, type ChainEvent, type TxEffect, type TxOutcome } from './outcome.ts'
