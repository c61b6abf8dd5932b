/** The chain itself: opening, producing, reading. */
export type { Chain, ChainOptions, ProducedBlock, ProduceOptions } from './api.ts'
export type { BuildOptions } from './blocks/index.ts'
export type { ExecutedBlock } from './head/index.ts'
export { checkGenesis, createGenesis, supplyOf, type GenesisOptions } from './genesis.ts'
export { openChain } from './open.ts'
export type { ChainQuery, QueryOutcome } from './query.ts'
export type {
  FinalBlock,
  FinalHeader,
  FoundTx,
  GuestRecord,
  ProvenValue,
  ChainFilter,
  ChainSearch,
  FoundEntry,
  FoundPage,
  LeafProof,
} from './reads/index.ts'
export { decodeBlock, encodeBlock, type Block, type BlockWork, type NodeProof } from './rows/index.ts'
export type { TakenTx } from './submit.ts'
