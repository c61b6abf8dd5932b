/** Transactions: what may stand in a block, and what each does there. */
export {
  badSignature,
  checkAgainst,
  checkEarly,
  checkForm,
  checkSignature,
  reserveOf,
  signedBySenders,
  baseFeeOf,
  nextBaseFee,
  setBaseFee,
  readTx,
  type ChainTx,
} from './admission/index.ts'
export { batchSignerFault, threadAt, endDue, openDemands } from './rollup/index.ts'
export { slashedAt } from './power/index.ts'
export { checkPublish, runGuarded, eventRoot, sealCalls } from './contracts/index.ts'
export { applyTx } from './apply.ts'
export {
  type BlockContext,
  type CallNote,
  outcomeCbor,
  readOutcome,
  type TouchedItem,
  type TxEffect,
  type TxOutcome,
} from './effect/index.ts'
export {
  CallSession,
  checkStorageKey,
  type ContractSeat,
  type SessionState,
  changesRoot,
  contractAt,
  readName,
  seatAt,
  sessionState,
} from './calls/index.ts'
