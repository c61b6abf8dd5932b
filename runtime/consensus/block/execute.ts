/** Runs the transactions of a block on the parent's state: everything of the header that follows from them. */
import {
  endsEpoch,
  limitError,
  LIMITS,
  merkleRoot,
  powerRoot,
  UtnetError,
  type Account,
  type Params,
  type StateRoots,
  type Validator,
} from '../../core/index.ts'
import { endEpoch, type EpochEnd } from '../power/index.ts'
import { applyWork, catDigest, verdictsDigest, type WorkContext } from '../cat/index.ts'
import { type Entries, rootHashes, updateState, WorkingState, type Roots, type StateReader, type StateUpdate } from '../state/index.ts'
import type { PageStore } from '../trie/index.ts'
import {
  applyTx,
  endDue,
  eventRoot,
  nextBaseFee,
  sealCalls,
  setBaseFee,
  type BlockContext,
  type ChainTx,
  type TxEffect,
} from '../tx/index.ts'
import { bloomDigest, fingerprintsOf, makeBloom } from './bloom.ts'

/** The header's fields that follow from running the transactions. */
export interface ExecutionRoots {
  readonly txRoot: Uint8Array
  readonly receiptRoot: Uint8Array
  readonly eventRoot: Uint8Array
  readonly state: StateRoots
  readonly bloom: Uint8Array
  readonly cat: Uint8Array
  readonly verdicts: Uint8Array
  /** Commitment of the set that certifies the next block. */
  readonly power: Uint8Array
}

/** What the header of a block is made from and its commit writes. */
export interface Execution {
  readonly txs: readonly ChainTx[]
  readonly effects: readonly TxEffect[]
  /** Leaves of the receipt tree, in order. */
  readonly leaves: readonly Uint8Array[]
  readonly bloomFilter: Uint8Array
  /** Of each transaction, the fingerprints of what it touched. */
  readonly prints: readonly Uint8Array[]
  readonly roots: ExecutionRoots
  /** Accounts that the block set, as they are after it. */
  readonly accounts: Entries<Account>
  /** What it changed in the contracts trie. */
  readonly contracts: Entries<Uint8Array | undefined>
  readonly update: StateUpdate
  /** The set of the next epoch, where the block ends one. */
  readonly nextSet: readonly Validator[] | undefined
  readonly gasUsed: bigint
}

/** What a block carries beside transactions: the proof of its proposer's chips, verdicts on blocks before it, and what both are judged by. */
export interface Work {
  readonly cat: Uint8Array
  readonly verdicts: readonly Uint8Array[]
  readonly context: WorkContext
}

/** A transaction that this node could not run, with what the executor threw. */
export interface Skipped {
  readonly tx: ChainTx
  readonly error: unknown
}

const BLOCK_GAS = BigInt(LIMITS.blockGas)

/** Room of a block: how much gas, bytes and transactions are in it. */
class Room {
  gas = 0n
  bytes = 0
  count = 0
  readonly #full: bigint

  constructor(params: Params) {
    this.#full = BLOCK_GAS - BigInt(params.tx.base)
  }

  fits(tx: ChainTx): boolean {
    return this.count < LIMITS.blockTxs && this.bytes + tx.wire.length <= LIMITS.blockTxBytes && this.gas + tx.body.gasLimit <= BLOCK_GAS
  }

  /** Throws `chain_invalid` where the transaction does not fit, naming why. */
  admit(tx: ChainTx): void {
    const gas = this.gas + tx.body.gasLimit
    if (gas > BLOCK_GAS) throw limitError('chain_invalid', 'blockGas', gas, LIMITS.blockGas, 'gas of the block')
    if (this.bytes + tx.wire.length > LIMITS.blockTxBytes) {
      throw limitError('chain_invalid', 'blockTxBytes', this.bytes + tx.wire.length, LIMITS.blockTxBytes, 'transactions of the block')
    }
    if (this.count >= LIMITS.blockTxs)
      throw limitError('chain_invalid', 'blockTxs', this.count + 1, LIMITS.blockTxs, 'transactions of the block')
  }

  /** True when not even the cheapest transaction fits. */
  full(): boolean {
    return this.count >= LIMITS.blockTxs || this.gas > this.#full
  }

  take(tx: ChainTx, used: bigint): void {
    this.gas += used
    this.bytes += tx.wire.length
    this.count++
  }
}

/** The state that a block begins on. */
export interface Parent {
  readonly store: PageStore
  readonly roots: Roots
  /** Reads of the state under these roots, and of its accounts. */
  readonly state: StateReader
  readonly account: (address: Uint8Array, text: string) => Account
}

/** Sets stay for epochs, and all blocks name them. */
const powerRoots = new WeakMap<readonly Validator[], Uint8Array>()

function powerRootOf(set: readonly Validator[]): Uint8Array {
  let root = powerRoots.get(set)
  if (root === undefined) {
    root = powerRoot(set)
    powerRoots.set(set, root)
  }
  return root
}

function endOf({ height, seed, power, crypto }: BlockContext, present: readonly Validator[]): EpochEnd {
  return { height, seed, rules: power, crypto, present }
}

function finish(
  parent: Parent,
  state: WorkingState,
  context: BlockContext,
  work: Work,
  txs: readonly ChainTx[],
  applied: readonly TxEffect[],
  gasUsed: bigint,
): Execution {
  applyWork(state, work.context, work.cat, work.verdicts)
  const effects = sealCalls(context, applied)
  const leaves = effects.flatMap((e) => e.leaves)
  const prints = fingerprintsOf(effects.map((e) => e.touched))
  const bloomFilter = makeBloom(prints)
  const present = context.setAt(context.height) as readonly Validator[]
  const nextSet = endsEpoch(context.height, context.power.epochBlocks) ? endEpoch(state, endOf(context, present)) : undefined
  state.keepWarm()
  setBaseFee(state, context.baseFee, nextBaseFee(context.baseFee, gasUsed, context.params), context.params)
  const changes = state.changes()
  const update = updateState(parent.store, parent.roots, changes, context.height)
  return {
    txs,
    effects,
    leaves,
    bloomFilter,
    prints,
    accounts: state.accounts(),
    contracts: state.contracts(),
    update,
    nextSet,
    gasUsed,
    roots: {
      txRoot: merkleRoot(txs.map((tx) => tx.wire)),
      receiptRoot: merkleRoot(leaves),
      eventRoot: eventRoot(effects),
      state: rootHashes(update.roots),
      bloom: bloomDigest(bloomFilter),
      cat: catDigest(work.cat),
      verdicts: verdictsDigest(work.verdicts),
      power: powerRootOf(nextSet ?? present),
    },
  }
}

/** Runs all transactions, in order; throws `chain_invalid` naming the one that may not stand in a block. */
export function executeAll(parent: Parent, context: BlockContext, work: Work, txs: readonly ChainTx[]): Execution {
  const state = new WorkingState(parent.state, parent.account, context.params)
  endDue(state, context)
  const room = new Room(context.params)
  const effects = txs.map((tx, index) => {
    try {
      room.admit(tx)
      const effect = applyTx(state, context, tx)
      room.take(tx, effect.outcome.gas)
      return effect
    } catch (cause) {
      if (!(cause instanceof UtnetError) || cause.fault === 'node') throw cause
      throw new UtnetError('chain_invalid', `transaction ${index} of the block: ${cause.message}`, { cause })
    }
  })
  return finish(parent, state, context, work, txs, effects, room.gas)
}

/**
 * Runs those of the candidates that fit and may stand in a block now; the others are passed over. `skipped` names those that this node cannot run:
 * a fault of the executor, not of the transaction.
 */
export function executeFitting(
  parent: Parent,
  context: BlockContext,
  work: Work,
  candidates: Iterable<ChainTx>,
): { readonly execution: Execution; readonly skipped: readonly Skipped[] } {
  const state = new WorkingState(parent.state, parent.account, context.params)
  endDue(state, context)
  const room = new Room(context.params)
  const txs: ChainTx[] = []
  const effects: TxEffect[] = []
  const skipped: Skipped[] = []
  for (const tx of candidates) {
    if (room.full()) break
    // it waits: near the end of a full block that is what most do, so none of them costs an error
    if (!room.fits(tx)) continue
    try {
      const effect = applyTx(state, context, tx)
      room.take(tx, effect.outcome.gas)
      txs.push(tx)
      effects.push(effect)
    } catch (error) {
      // one that the state does not allow yet simply waits
      if (!(error instanceof UtnetError) || !(error.code.startsWith('tx_') || error.code === 'chain_invalid')) skipped.push({ tx, error })
    }
  }
  return { execution: finish(parent, state, context, work, txs, effects, room.gas), skipped }
}
