/**
 * The PoCI chain as a pure machine: no clock, no disk, no network, no randomness. A driver hands in time, keys and a store.
 *
 * `openChain` opens it; `submit` takes transactions; `produce` (or its steps: buildBlock, executeBlock, certify, commitBlock) makes the next block.
 */
export * from './chain/index.ts'
export { bloomDigest, fingerprint, mayContain, type BloomItem, type BloomKind, type Skipped } from './block/index.ts'
export type { CatSeats, EpochStep } from './power/index.ts'
export * from './cat/index.ts'
export { RoundWork, type RoundWorkOptions } from './bft/index.ts'
export type { ChainCrypto, Proposer, Voter } from './crypto-port.ts'
export { BURNT_KEY, codeKey, nameKey, recordKey, storeKey, type ContractRecord, type TrieName, type VersionRecord } from './state/index.ts'
export {
  CallSession,
  changesRoot,
  readTx,
  runGuarded,
  type CallNote,
  type ChainTx,
  type ContractSeat,
  type SessionState,
  type TxOutcome,
} from './tx/index.ts'
