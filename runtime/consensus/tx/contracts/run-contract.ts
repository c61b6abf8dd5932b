/** Runs an export of a contract in a block. Every validator finds the same, and writes the same receipt. */
import {
  CallLayouts,
  encode,
  equalBytes,
  isUtnetError,
  UtnetError,
  type Cbor,
  type ChainEvent,
  type ContractExecutor,
  type ContractRun,
  type ModelUse,
  type RunOutcome,
} from '../../../core/index.ts'
import type { WorkingState } from '../../state/index.ts'
import type { BlockContext, EffectParts, TouchedItem } from '../effect/index.ts'
import { type CallDraft, CallSession, type ContractChange, type ContractSeat, type SessionContext, sessionState } from '../calls/index.ts'
import type { ChainTx } from '../admission/index.ts'
import { sortChanges } from './seal-calls.ts'

/** Faults of the caller that every validator finds alike. Any other (a module that is not there) depends on the node. */
const SAME_EVERYWHERE: readonly string[] = ['guest_export_not_found', 'value_mismatch']

/**
 * The outcome of a run whatever the executor did. What it throws that is the caller's or the guest's doing is an outcome, the same on every
 * validator; anything else is thrown on: such a transaction must not stand in a block.
 */
export function runGuarded(executor: Pick<ContractExecutor, 'run'>, run: ContractRun): RunOutcome {
  try {
    const outcome = executor.run(run)
    if (outcome.gas < 0n || outcome.gas > run.gasLimit)
      throw new UtnetError('host_fault', `a run used gas ${outcome.gas} of ${run.gasLimit}`)
    return outcome
  } catch (error) {
    if (!isUtnetError(error)) throw error
    // of the guest's doing: a trap, which burns the whole budget. Of the caller's: nothing ran.
    if (error.fault === 'guest')
      return { status: error.code === 'host_out_of_gas' ? 'out-of-gas' : 'trap', result: null, gas: run.gasLimit, message: error.message }
    if (SAME_EVERYWHERE.includes(error.code)) return { status: 'refused', result: null, gas: 0n, message: error.message }
    throw error
  }
}

export interface ContractEntry {
  readonly seat: ContractSeat
  readonly entry: string
  readonly args: readonly Cbor[]
  /** The chain calls a hook. */
  readonly hook: boolean
  /** Who calls, 20 bytes; the sender where nobody is named. */
  readonly as?: Uint8Array
  /** Gas that the transaction pays for making the contract ready. */
  readonly ready?: bigint
  /** What the transaction has left, where nothing is said. */
  readonly gasLimit?: bigint
  /** What the arguments tell of inferences. */
  readonly models?: readonly ModelUse[]
}

const NOTHING = encode(null)
const layouts = new CallLayouts()

const contextOf = ({ height, time, chainId }: BlockContext, signer: Uint8Array): SessionContext => ({
  signer,
  height,
  time,
  chainId: chainId.toString(),
})

/**
 * Runs the export with what the transaction has left for it. The state is changed only where the run completed; that the contract was made ready stays, and `gas`
 * counts it beside that of the run.
 */
export function runContract(
  state: WorkingState,
  block: BlockContext,
  tx: ChainTx,
  {
    seat,
    entry,
    args,
    hook,
    as = tx.address,
    ready = 0n,
    gasLimit = tx.body.gasLimit - tx.intrinsicGas - ready,
    models = [],
  }: ContractEntry,
): EffectParts & { readonly outcome: RunOutcome } {
  const { address, module } = seat
  state.warm.enter(module)
  const session = new CallSession(sessionState(state, state.warm), contextOf(block, as), seat)
  const outcome = runGuarded(block.executor, { module, entry, args, gasLimit, env: session.env, ...(hook ? { hook } : {}) })
  const { status, gas } = outcome
  const ok = status === 'ok'
  if (!ok) session.revert()
  const { events } = session
  const changes = session.changes()
  for (const { place, value } of changes) state.set('contracts', place.key, value, place.text)

  const result = ok ? outcome.result : null
  const { chainId, height, time, onCall } = block
  const layout = layouts.of({ module, entry, status, protocol: block.params.protocol, chainId })
  // whatever may be refused of the receipt is refused here, where the transaction alone is lost by it
  layout.measure({ tx: tx.id, gas, models, height, time })
  const call: CallDraft = {
    tx: tx.id,
    contract: address,
    args,
    result: result === null ? NOTHING : encode([result]).subarray(1),
    gas,
    models,
    changes: sortChanges(address, changes),
    events,
    layout,
    note: onCall && ((root) => onCall({ entry, args, witness: session.witness(gasLimit, root, hook), outcome })),
  }
  return {
    outcome,
    status,
    gas: tx.intrinsicGas + ready + gas,
    result,
    message: ok ? null : (outcome.message ?? status),
    events,
    call,
    touched: touchedBy(address, entry, changes, events),
  }
}

/** What a run touched, for the block's filter. */
function touchedBy(
  address: Uint8Array,
  entry: string,
  changes: readonly ContractChange[],
  events: readonly ChainEvent[],
): readonly TouchedItem[] {
  const touched: TouchedItem[] = [
    ['contract', address],
    ['result', address, entry],
  ]
  const other = (contract: Uint8Array): boolean => contract !== address && !equalBytes(contract, address)
  for (const { contract } of changes) if (other(contract)) touched.push(['contract', contract])
  for (const { contract } of events) if (other(contract)) touched.push(['contract', contract])
  for (const { contract, key } of changes) touched.push(['variable', contract, key])
  for (const { name } of events) touched.push(['event', name])
  return touched
}
