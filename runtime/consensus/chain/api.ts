/** What an open chain offers. A pure machine: whoever drives it owns clock, keys and disk. */
import type {
  Account,
  Anchor,
  Certificate,
  CID,
  CodeNeed,
  ContractExecutor,
  Genesis,
  InferenceRequest,
  Kv,
  Params,
  UtnetError,
  Validator,
  ThreadRecord,
} from '../../core/index.ts'
import type { Skipped } from '../block/index.ts'
import type { RewardRecord, SampledTask } from '../cat/index.ts'
import type { ChainCrypto, Proposer, Voter } from '../crypto-port.ts'
import type { CatSeats, EpochStep } from '../power/index.ts'
import type { Dropped } from '../mempool/index.ts'
import type { ContractRecord, DemandRecord, TrieName } from '../state/index.ts'
import type { CallNote, ChainTx, TxOutcome } from '../tx/index.ts'
import type { BuildOptions } from './blocks/index.ts'
import type { ExecutedBlock } from './head/index.ts'
import type { ChainQuery, QueryOutcome } from './query.ts'
import type {
  FinalBlock,
  FinalHeader,
  FoundTx,
  GuestRecord,
  ProvenValue,
  ChainSearch,
  FoundEntry,
  FoundPage,
  LeafProof,
} from './reads/index.ts'
import type { Block, NodeProof } from './rows/index.ts'
import type { TakenTx } from './submit.ts'

/** What a chain is opened on. */
export interface ChainOptions {
  readonly genesis: Genesis
  readonly kv: Kv
  readonly executor: ContractExecutor
  readonly crypto: ChainCrypto
  /** Makes a module ready that a query needs, in its turn; throws `host_busy` where too many wait. */
  readonly loadModule?: (module: CID) => Promise<unknown>
  /** Told of each run of a contract while a block is made, more than once where a block is made again. */
  readonly onCall?: (note: CallNote) => void
  /** Heights whose state stays readable; `LIMITS.stateHistory` without it. */
  readonly history?: number
}

/** What one block is made from; `timeMs` is milliseconds since 1970. */
export interface ProduceOptions {
  readonly timeMs: number
  /** Without it the first round that the proposer leads. */
  readonly round?: number
  readonly proposer: Proposer
  readonly voters: readonly Voter[]
  /** As in `BuildOptions`. */
  readonly cat?: Uint8Array
  readonly verdicts?: readonly Uint8Array[]
}

/** A block that is final. */
export interface ProducedBlock extends FinalHeader {
  readonly certificate: Certificate
  readonly outcomes: readonly TxOutcome[]
  /** Transactions taken out of the pool without standing in a block: this node could not run them, or they can no longer be paid. */
  readonly dropped: readonly { readonly id: CID; readonly error: unknown }[]
}

/** The chain as its driver and the node's API see it. Reads are of final state only. */
export interface Chain {
  readonly chainId: CID
  readonly genesis: Genesis
  readonly params: Params
  head(): FinalHeader
  /** Throws `chain_height`. */
  headerAt(height: number): FinalHeader
  /** Throws `chain_height`. */
  blockAt(height: number): FinalBlock
  /** Lowest height whose state can be read. */
  lowestState(): number
  /** Throws `tx_not_found`, and `tx_dropped` or `tx_expired` for one that waited here and is gone. */
  tx(id: CID): FoundTx
  hasReceipt(id: CID): boolean
  /** The receipt of a call; throws `receipt_not_found`. */
  receiptBody(id: CID): Uint8Array
  /** The same with where it is anchored. */
  receiptAt(id: CID): { readonly bodyBytes: Uint8Array; readonly anchor: Anchor }
  /** Where a batch of receipts is anchored; undefined before that. */
  batchAnchor(node: Uint8Array, thread: number, first: number): Anchor | undefined
  /** Where the next batch of a thread must go on. */
  batchHead(node: Uint8Array, thread: number): ThreadRecord
  /** Leaves of batches that were asked for and not shown yet, with the names of the demands. */
  demands(): { readonly id: Uint8Array; readonly demand: DemandRecord }[]
  /** Throws `chain_height`, `chain_pruned`. */
  account(address: Uint8Array, at?: number): Account
  /** Nonce of the sender's next transaction, those that wait counted. */
  nextNonce(address: Uint8Array): number
  /** Throws `guest_not_found`. */
  guest(name: string, at?: number): GuestRecord
  /** Published names in their order, behind one and so many at most; all unless told. */
  guests(after?: string, limit?: number): GuestRecord[]
  /** What stands at an address; undefined where no contract does. */
  contract(address: Uint8Array): ContractRecord | undefined
  query(query: ChainQuery): Promise<QueryOutcome>
  /** Gas that a call of a contract in the next block pays first where its code has to be made ready; 0 where it is. Throws `guest_not_found`. */
  readyGas(contract: Uint8Array): bigint
  /** The inference that a contract asked for, as long as nobody answered. */
  request(contract: Uint8Array, number: bigint): InferenceRequest | undefined
  /** Throws `chain_height`, `chain_pruned`. */
  prove(trie: TrieName, key: Uint8Array, at?: number): ProvenValue
  /** A node's account, proven at a height where it anchored a batch (kept for good) or at any readable height. */
  nodeProof(node: Uint8Array, height: number): NodeProof
  /** One page of a search over final blocks. */
  search(search: ChainSearch): FoundPage
  /** Shows that an entry is in its block. */
  proveEntry(entry: FoundEntry): LeafProof
  /** The filter whose digest the header of a height names; throws `chain_height`. */
  bloom(height: number): Uint8Array
  /** Height whose block took evidence against a vote key; undefined where none did. */
  slashedAt(bls: Uint8Array): number | undefined
  /**
   * The set that votes at a height, in the order of its node keys: all that have power, or a drawn committee that weighs what it drew. Throws `chain_height`
   * beyond the epoch of the next height, `chain_pruned` before the trusting period.
   */
  setAt(height: number): readonly Validator[]
  /** A node's chips exactly as they count at a height: of the head's epoch, the one before it, or the two after it. Throws `chain_height`, `chain_pruned`. */
  catSeats(node: Uint8Array, height: number): CatSeats
  /** What a light client needs of an epoch that is over. Throws `chain_height`. */
  epochStep(epoch: number): EpochStep
  /** Code that the head's state keeps ready, the last used first (docs/spec/state.md). */
  warm(): readonly CID[]
  /** What the next block's transactions pay per gas, in 10^-18 UNC (docs/spec/fees.md). */
  baseFee(): bigint
  /** Fees burnt up to the head, in 10^-18 UNC. */
  burnt(): bigint
  /** Rewards released up to the head, in 10^-18 UNC. */
  minted(): bigint
  /** What a node has to compute at a height, up to the one behind the head; throws `chain_height`. */
  task(node: Uint8Array, height: number): SampledTask
  /** What became of the reward of a block; undefined where there was none, or its record is no longer kept. */
  reward(height: number): RewardRecord | undefined
  /** Every value of a trie at the head with its position: for audits. */
  walk(trie: TrieName): Iterable<readonly [position: Uint8Array, value: Uint8Array]>
  /** What waits and can pay the present base fee, in the order in which an honest proposer takes it (docs/spec/fees.md). */
  candidates(): Iterable<ChainTx>
  /** Size of a module that was published, as the head's state has it; undefined where none was. */
  moduleBytes(module: CID): number | undefined
  /** Whether the file of a module, of exactly so many bytes, lies on this node. */
  holds(need: CodeNeed): boolean
  /** Throws what `submit` would, but for a component that is not here yet, and `tx_gas` where the transaction offers less than the base fee. */
  checkPaid(wire: Uint8Array): void
  /** Takes a transaction's wire bytes into the mempool; throws why not (`tx_*`, `mempool_full`, `name_taken`, `guest_not_found`). */
  submit(wire: Uint8Array): TakenTx
  /**
   * The same of many, in their order: signatures are checked all at once, perhaps by other threads. Gives of each what `submit` gives, or what it
   * throws. Calls are answered in the order in which they were made; a `submit` in between comes before them.
   */
  submitAll(wires: readonly Uint8Array[]): Promise<readonly (TakenTx | UtnetError)[]>
  /** What waits of a sender, in order of nonce. */
  waitingOf(address: Uint8Array): readonly ChainTx[]
  /** Waiting transactions. */
  waiting(): number
  /** Takes a waiting transaction back, and those of its sender behind it; returns their ids. */
  drop(id: CID): readonly CID[]
  /** Builds, votes for and commits the next block; first finishes one that was voted for before a crash. */
  produce(options: ProduceOptions): Promise<ProducedBlock>
  // The steps of `produce`, for a driver with more than one validator.
  buildBlock(options: BuildOptions): { readonly executed: ExecutedBlock; readonly skipped: readonly Skipped[] }
  /** Runs another's block; throws `chain_invalid` naming what is wrong. */
  executeBlock(block: Block): ExecutedBlock
  /** `buildBlock` from what waits; what this node cannot run leaves the pool. */
  proposeBlock(options: Omit<BuildOptions, 'txs'>): { readonly executed: ExecutedBlock }
  /** `executeBlock` with all signatures checked at once, under the certificate of the parent that the header names. */
  runBlock(block: Block, parentCertificate: Certificate | null): Promise<ExecutedBlock>
  pendingBlock(): Block | undefined
  certify(executed: ExecutedBlock, voters: readonly Voter[]): Promise<Certificate>
  commitBlock(executed: ExecutedBlock, certificate: Certificate): Promise<readonly Dropped[]>
}
