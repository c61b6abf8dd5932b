/** Runs an export of a contract in a block and writes its receipt. Every validator writes the same bytes. */
import {
  callInputOpening,
  callLeaf,
  callOutputOpening,
  callSalt,
  callSeed,
  concatBytes,
  encodeEvent,
  encodeReceipt,
  equalBytes,
  isUtnetError,
  merkleRoot,
  openingDigest,
  receiptId,
  saltOf,
  UtnetError,
  utf8,
  type CallBody,
  type Cbor,
  type ContractExecutor,
  type ContractRun,
  type ModelUse,
  type RunOutcome,
} from '../../core/index.ts'
import { storeKey, type WorkingState } from '../state/index.ts'
import type { BlockContext } from './block-context.ts'
import { CallSession, type ContractSeat } from './call-session.ts'
import { changesRoot } from './changes-root.ts'
import type { ChainTx } from './checked-tx.ts'
import { sessionState } from './contract-seat.ts'
import type { EffectParts } from './effect.ts'

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
  /** What the transaction has left, where nothing is said. */
  readonly gasLimit?: bigint
  /** What the arguments tell of inferences. */
  readonly models?: readonly ModelUse[]
}

/** Runs the export with what the transaction has left for it. The state is changed only where the run completed. */
export function runContract(
  state: WorkingState,
  block: BlockContext,
  tx: ChainTx,
  { seat, entry, args, hook, as = tx.address, gasLimit = tx.body.gasLimit - tx.intrinsicGas, models = [] }: ContractEntry,
): EffectParts & { readonly outcome: RunOutcome } {
  const { address, module } = seat
  const session = new CallSession(
    sessionState(state),
    { signer: as, height: block.height, time: block.time, chainId: block.chainId.toString() },
    seat,
  )
  const outcome = runGuarded(block.executor, { module, entry, args, gasLimit, env: session.env, ...(hook ? { hook } : {}) })
  const ok = outcome.status === 'ok'
  if (!ok) session.revert()
  const { events } = session
  const changes = session.changes()
  for (const { contract, key, value } of changes) state.set('contracts', storeKey(contract, key), value)

  const root = changesRoot(address, changes)
  block.onCall?.({ entry, args, witness: session.witness(gasLimit, root, hook), outcome })
  const result = ok ? outcome.result : null
  const secret = callSalt(tx.id)
  const body: CallBody = {
    v: 1,
    kind: 'call',
    module,
    world: 'contract',
    entry,
    input: openingDigest('input', saltOf(secret, 'input'), callInputOpening(entry, args)),
    output: openingDigest('output', saltOf(secret, 'output'), callOutputOpening(result, root)),
    status: outcome.status,
    gas: outcome.gas,
    protocol: block.params.protocol,
    log: null,
    models,
    context: { chainId: block.chainId, height: block.height, time: block.time, seed: callSeed(block.seed, tx.id) },
    node: null,
    tx: tx.id,
    events: merkleRoot(events.map(encodeEvent)),
  }
  const bodyBytes = encodeReceipt(body)
  const others = [...changes, ...events].filter((c) => !equalBytes(c.contract, address))
  return {
    outcome,
    status: outcome.status,
    gas: tx.intrinsicGas + outcome.gas,
    result,
    message: ok ? null : (outcome.message ?? outcome.status),
    receipt: receiptId(bodyBytes),
    events,
    leaves: [callLeaf(bodyBytes)],
    bodyBytes,
    touched: [
      ['contract', address],
      ['result', concatBytes(address, utf8(entry))],
      ...others.map(({ contract }) => ['contract', contract] as const),
      ...changes.map(({ contract, key }) => ['variable', concatBytes(contract, key)] as const),
      ...events.map((e) => ['event', utf8(e.name)] as const),
    ],
  }
}
