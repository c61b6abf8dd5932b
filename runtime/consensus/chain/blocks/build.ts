/** Building the next block, and running one that another built. */
import { equalBytes, headerHash, UtnetError, type Certificate } from '../../../core/index.ts'
import { checkCertificate } from '../../../crypto/index.ts'
import {
  checkHeaderRoots,
  checkHeaderStart,
  completeHeader,
  executeAll,
  executeFitting,
  startHeader,
  type HeaderStart,
  type Parent,
  type ParentHeader,
  type Skipped,
} from '../../block/index.ts'
import { NO_CAT } from '../../cat/index.ts'
import type { Proposer } from '../../crypto-port.ts'
import { warmModules } from '../../state/index.ts'
import {
  badSignature,
  baseFeeOf,
  checkForm,
  checkSignature,
  readTx,
  signedBySenders,
  type BlockContext,
  type ChainTx,
} from '../../tx/index.ts'
import { headState, type ChainCore, type ExecutedBlock } from '../head/index.ts'
import type { Block } from '../rows/index.ts'
import { workContext } from './work.ts'

function contextOf(core: ChainCore, start: HeaderStart): BlockContext {
  return {
    chainId: core.rules.chainId,
    height: start.height,
    time: start.time,
    seed: start.seed,
    params: core.params,
    baseFee: baseFeeOf(headState(core), core.params),
    executor: core.executor,
    crypto: core.crypto,
    power: core.genesis,
    setAt: (height) => (height > start.height || height <= start.height - core.genesis.trustingBlocks ? undefined : core.sets.at(height)),
    onCall: core.onCall,
  }
}

/** The state to build on, with the code ready that it keeps so, and none that another attempt at the block made ready: all that is held is bounded by what blocks pay for. */
function parentState(core: ChainCore): Parent {
  const state = core.contracts.over(headState(core))
  core.executor.keep(warmModules(state))
  return { store: core.store, roots: core.head.roots, state, account: (address, text) => core.accounts.get(address, text) }
}

/** What a block is built from. */
export interface BuildOptions {
  /** Time of the block in milliseconds since 1970; moved behind the parent's if it is not. */
  readonly timeMs: number
  readonly round: number
  readonly proposer: Proposer
  /** Candidates, checked; without them the mempool's. */
  readonly txs?: Iterable<ChainTx>
  /** What the proposer's chips answered to the task of the height; none without it. */
  readonly cat?: Uint8Array
  /** Verdicts on blocks before it; none without them. */
  readonly verdicts?: readonly Uint8Array[]
}

/** Builds the next block from candidates. `skipped` names those that this node could not run. */
export function buildBlock(
  core: ChainCore,
  options: BuildOptions,
): { readonly executed: ExecutedBlock; readonly skipped: readonly Skipped[] } {
  const { timeMs, round, proposer } = options
  const start = startHeader(core.rules, core.head, round, timeMs, proposer)
  const parent = parentState(core)
  const { cat = NO_CAT, verdicts = [] } = options
  const work = { cat, verdicts, context: workContext(core, start) }
  const context = contextOf(core, start)
  const { execution, skipped } = executeFitting(parent, context, work, options.txs ?? core.mempool.take(context.baseFee))
  const header = completeHeader(start, execution.roots)
  const block = { header, txs: execution.txs.map((tx) => tx.wire), cat, verdicts }
  return { executed: { block, hash: headerHash(header), execution, parentCertificate: core.head.certificate }, skipped }
}

function badTx(index: number, cause: unknown): UtnetError {
  const why = cause instanceof Error ? cause.message : 'unreadable'
  return new UtnetError('chain_invalid', `transaction ${index} of the block: ${why}`, { cause })
}

/** The transactions of a block, but for their signatures. Those that wait in the pool are checked already; `open` are the places of the others. */
function readTxs(core: ChainCore, block: Block): { readonly txs: readonly ChainTx[]; readonly open: readonly number[] } {
  const open: number[] = []
  const txs = block.txs.map((wire, index) => {
    try {
      const tx = readTx(wire, core.params)
      const waiting = core.mempool.get(tx.hash)
      if (waiting !== undefined && equalBytes(waiting.wire, wire)) return waiting
      checkForm(tx, core.rules.chainId, core.params)
      open.push(index)
      return tx
    } catch (cause) {
      throw badTx(index, cause)
    }
  })
  return { txs, open }
}

/** The transactions of a block, checked but for the state; throws `chain_invalid` naming the one that is wrong. */
function checkedTxs(core: ChainCore, block: Block): readonly ChainTx[] {
  const { txs, open } = readTxs(core, block)
  for (const index of open) {
    try {
      checkSignature(txs[index] as ChainTx, core.crypto)
    } catch (cause) {
      throw badTx(index, cause)
    }
  }
  return txs
}

/** The same, with all signatures checked at once. */
export async function checkTxs(core: ChainCore, block: Block): Promise<readonly ChainTx[]> {
  const { txs, open } = readTxs(core, block)
  const valid = await signedBySenders(
    open.map((index) => txs[index] as ChainTx),
    core.crypto,
  )
  const wrong = open.find((_, i) => valid[i] !== true)
  if (wrong !== undefined) throw badTx(wrong, badSignature(txs[wrong] as ChainTx))
  return txs
}

/** The head as the parent that a block means: validators may hold different certificates of one block, and the header names its proposer's. */
function parentOf(core: ChainCore, certificate: Certificate | null): ParentHeader {
  const { header, hash } = core.head
  if (certificate === null || core.head.certificate === null) return core.head
  const of = { chainId: core.rules.chainId, height: header.height, round: header.round, blockHash: hash }
  checkCertificate(of, certificate, core.sets.at(header.height), core.crypto.blsFastAggregateVerify)
  return { header, hash, certificate }
}

/**
 * Runs another's block on the head and checks every field of its header; throws `chain_invalid` naming what is wrong. The header may name the given
 * certificate of the parent in the place of the one held here. `txs` are its transactions where `checkTxs` has checked them.
 */
export function executeBlock(
  core: ChainCore,
  block: Block,
  parentCertificate: Certificate | null = core.head.certificate,
  txs: readonly ChainTx[] | undefined = undefined,
): ExecutedBlock {
  const { header } = block
  const parent = parentCertificate === core.head.certificate ? core.head : parentOf(core, parentCertificate)
  checkHeaderStart(core.rules, parent, header)
  const work = { cat: block.cat, verdicts: block.verdicts, context: workContext(core, header) }
  const execution = executeAll(parentState(core), contextOf(core, header), work, txs ?? checkedTxs(core, block))
  checkHeaderRoots(header, execution.roots)
  return { block, hash: headerHash(header), execution, parentCertificate: parent.certificate }
}
