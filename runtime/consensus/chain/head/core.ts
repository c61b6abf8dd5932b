/** What the parts of an open chain share. */
import type { Certificate, CID, ContractExecutor, Genesis, Kv, Params } from '../../../core/index.ts'
import { UtnetError } from '../../../core/index.ts'
import type { Execution, HeaderRules, ParentHeader } from '../../block/index.ts'
import type { CatChecks } from '../../cat/index.ts'
import type { ChainCrypto } from '../../crypto-port.ts'
import type { CallNote } from '../../tx/index.ts'
import type { Mempool, PoolView } from '../../mempool/index.ts'
import { stateAt, type Roots, type StateReader } from '../../state/index.ts'
import type { PageStore } from '../../trie/index.ts'
import type { HeadAccounts } from './head-accounts.ts'
import type { HeadContracts } from './head-contracts.ts'
import { type EpochSets, decodeResults, resultsKey, type Block, type Results, type VoteRow } from '../rows/index.ts'

/** The head with the roots of its state. */
export interface ChainHead extends ParentHeader {
  readonly roots: Roots
}

/** One open chain; the functions of this room take it first. */
export interface ChainCore {
  readonly genesis: Genesis
  readonly kv: Kv
  readonly store: PageStore
  readonly executor: ContractExecutor
  readonly crypto: ChainCrypto
  readonly params: Params
  readonly rules: HeaderRules
  readonly sets: EpochSets
  readonly mempool: Mempool
  readonly accounts: HeadAccounts
  readonly contracts: HeadContracts
  /** Makes a module ready for queries. */
  readonly loadModule: (module: CID) => Promise<unknown>
  readonly onCall: ((note: CallNote) => void) | undefined
  readonly catChecks: CatChecks
  /** How many heights stay readable. */
  readonly history: number
  readonly recentResults: Map<number, Results>
  /** Votes of this run by vote key, noted before anything waits, so that two blocks being made at once cannot both be signed. */
  readonly votes: Map<string, VoteRow>
  /** Resolves when the transactions that were sent before are in the pool or refused. */
  taking: Promise<unknown>
  head: ChainHead
  /** The head's block, where it was committed by this run: whoever follows the chain reads it at once. */
  headBlock: Block | undefined
  producing: boolean
  committing: boolean
  /** Deleting rows behind the head; it never fails, but sets `broken`. */
  pruning: Promise<void>
  /** Set when a commit failed: what is on the disk is then unknown until it is opened again. */
  broken: unknown
}

/** A block that was run on the present head, by its proposer or by another validator. */
export interface ExecutedBlock {
  readonly block: Block
  /** Hash of the header. */
  readonly hash: Uint8Array
  readonly execution: Execution
  /** The parent's certificate that the header names; null below height 2. */
  readonly parentCertificate: Certificate | null
}

/** Reads of the head's state. */
export function headState(core: ChainCore): StateReader {
  return stateAt(core.store, core.head.roots)
}

/** What the pool checks against. */
export function poolView(core: ChainCore): PoolView {
  return { next: core.head.header.height + 1, account: (address, id) => core.accounts.get(address, id) }
}

const RECENT = 8

/** Keeps the results of a block at hand. */
export function rememberResults(core: ChainCore, height: number, results: Results): void {
  core.recentResults.set(height, results)
  if (core.recentResults.size > RECENT) core.recentResults.delete(Math.min(...core.recentResults.keys()))
}

/** Outcomes and receipt leaves of a block; throws `chain_height` when there is none. */
export function resultsAt(core: ChainCore, height: number): Results {
  const known = core.recentResults.get(height)
  if (known !== undefined) return known
  const bytes = core.kv.get(resultsKey(height))
  if (bytes === undefined) throw noHeight(core, height)
  const results = decodeResults(bytes)
  rememberResults(core, height, results)
  return results
}

/** The error of a height that the chain has not. */
export function noHeight(core: ChainCore, height: number): UtnetError {
  const head = core.head.header.height
  return new UtnetError('chain_height', `no block at height ${height}; the head is ${head}`, { details: { height, head } })
}
