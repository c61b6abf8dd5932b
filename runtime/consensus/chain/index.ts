/** The chain itself: opening, producing, reading. */
export type { Chain, ChainOptions, ProducedBlock, ProduceOptions } from './api.ts'
export type { BuildOptions } from './build.ts'
export type { ExecutedBlock } from './core.ts'
export { checkGenesis, createGenesis, supplyOf, type GenesisOptions } from './genesis.ts'
export { openChain } from './open.ts'
export type { ChainQuery, QueryOutcome } from './query.ts'
export type { FinalBlock, FinalHeader, FoundTx, GuestRecord, ProvenValue } from './reads.ts'
export { decodeBlock, encodeBlock, type Block, type NodeProof } from './rows.ts'
