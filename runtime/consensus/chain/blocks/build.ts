/** Building the next block, and running one that another built. */
import { equalBytes, headerHash, isUtnetError, parseCid, toHex, UtnetError, type Certificate, type CID } from '../../../core/index.ts'
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
import {
  badSignature,
  baseFeeOf,
  checkForm,
  checkSignature,
  contractAt,
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

const parentState = (core: ChainCore): Parent => ({
  store: core.store,
  roots: core.head.roots,
  state: core.contracts.over(headState(core)),
  account: (address) => core.accounts.get(address),
})

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

/** Makes the modules ready that these transactions may run. One that cannot be had is the executor's to report. */
export async function loadModules(core: ChainCore, txs: Iterable<ChainTx>): Promise<void> {
  const state = core.contracts.over(headState(core))
  const seen = new Set<string>()
  /** The contract asked for last: calls of one contract come one after another. */
  let last: Uint8Array | undefined
  const load = async (key: string, module: CID | undefined, most?: number): Promise<void> => {
    if (module === undefined || seen.has(key)) return
    seen.add(key)
    try {
      await core.loadModule(module, most)
    } catch (error) {
      if (!isUtnetError(error)) throw error
    }
  }
  for (const tx of txs) {
    const { payload } = tx.body
    if (payload.kind === 'publish' && payload.world === 'contract') {
      const { module, size } = payload
      await load(`${module.toString()} ${size}`, module, size)
    }
    const to = payload.kind === 'call' ? payload.to : payload.kind === 'answer' ? payload.contract : undefined
    if (to === undefined || (last !== undefined && equalBytes(last, to))) continue
    last = to
    const key = toHex(to)
    if (!seen.has(key)) await load(key, contractAt(state, to)?.module)
  }
}

/** How many modules one block or query may turn out to lack. */
const LACKING_MAX = 256

function missingModule(error: unknown): string | undefined {
  if (!isUtnetError(error, 'host_module_missing')) return undefined
  return String(error.details?.['module'])
}

/**
 * Which contracts a contract calls shows only when it runs. This runs again, each time with the modules ready that the run before turned out to lack,
 * until it lacks none, or none that can be had. `lacks` names what a run met beside what it threw.
 */
export async function withModules<T>(core: ChainCore, run: () => T, lacks: (done: T) => readonly unknown[] = () => []): Promise<T> {
  const tried = new Set<string>()
  const attempt = (): { readonly met: readonly unknown[]; readonly end: () => T } => {
    try {
      const done = run()
      return { met: lacks(done), end: () => done }
    } catch (error) {
      const end = (): never => {
        throw error
      }
      return { met: [error], end }
    }
  }
  for (;;) {
    const { met, end } = attempt()
    const wanted = met.map(missingModule).filter((m) => m !== undefined && !tried.has(m)) as string[]
    if (wanted.length === 0 || tried.size >= LACKING_MAX) return end()
    for (const module of wanted) {
      tried.add(module)
      try {
        await core.loadModule(parseCid(module, 'module'))
      } catch (error) {
        if (!isUtnetError(error)) throw error
      }
    }
  }
}
