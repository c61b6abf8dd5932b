/** Runs a contract call in a block and writes its receipt. Every validator writes the same bytes. */
import {
  callInputOpening,
  callLeaf,
  callOutputOpening,
  callSalt,
  callSeed,
  compareBytes,
  concatBytes,
  encode,
  encodeReceipt,
  formatAddress,
  isUtnetError,
  LIMITS,
  limitError,
  merkleRoot,
  openingDigest,
  receiptId,
  saltOf,
  UtnetError,
  utf8,
  type CallBody,
  type ContractEnv,
  type ContractExecutor,
  type ContractRun,
  type RunOutcome,
} from '../../core/index.ts'
import { codeKey, decodeContract, storeKey, type ContractRecord, type WorkingState } from '../state/index.ts'
import type { BlockContext } from './block-context.ts'
import type { ChainTx } from './checked-tx.ts'
import { encodeEvent, type ChainEvent, type TxEffect } from './outcome.ts'
import { effect, refused } from './effect.ts'

/** The host checks what a contract stores and emits first; these limits hold whatever the host is. Throws `host_refused`. */
export function checkStorageKey(key: Uint8Array): void {
  if (key.length > LIMITS.storageKeyBytes)
    throw limitError('host_refused', 'storageKeyBytes', key.length, LIMITS.storageKeyBytes, 'storage key')
}

interface Writes {
  readonly env: ContractEnv
  readonly written: Map<string, readonly [Uint8Array, Uint8Array | undefined]>
  readonly events: ChainEvent[]
}

function callEnv(state: WorkingState, block: BlockContext, caller: Uint8Array, contract: Uint8Array): Writes {
  const written: Writes['written'] = new Map()
  const events: ChainEvent[] = []
  const env: ContractEnv = {
    caller: formatAddress(caller),
    contract: formatAddress(contract),
    height: block.height,
    time: block.time,
    chainId: block.chainId.toString(),
    get: (key) => {
      checkStorageKey(key)
      return state.get('contracts', storeKey(contract, key))?.slice()
    },
    set: (key, value) => {
      checkStorageKey(key)
      if (value !== undefined && value.length > LIMITS.storageValueBytes) {
        throw limitError('host_refused', 'storageValueBytes', value.length, LIMITS.storageValueBytes, 'storage value')
      }
      // the guest's memory changes under a view: what is kept is a copy
      const held = [key.slice(), value?.slice()] as const
      state.set('contracts', storeKey(contract, held[0]), held[1])
      written.set(String.fromCharCode(...held[0]), held)
    },
    emit: (name, data) => {
      if (events.length >= LIMITS.eventsPerCall)
        throw limitError('host_refused', 'eventsPerCall', events.length + 1, LIMITS.eventsPerCall, 'events of a call')
      const size = utf8(name).length + data.length
      if (size > LIMITS.eventBytes) throw limitError('host_refused', 'eventBytes', size, LIMITS.eventBytes, 'event')
      events.push({ contract, name, data: data.slice() })
    },
  }
  return { env, written, events }
}

/** Root of the state changes of a call: Merkle root over [key, value or null] in order of key; of a call that failed, that of no changes. */
export function changesRoot(writes: Iterable<readonly [Uint8Array, Uint8Array | undefined]>): Uint8Array {
  const sorted = [...writes].sort((a, b) => compareBytes(a[0], b[0]))
  return merkleRoot(sorted.map(([key, value]) => encode([key, value ?? null])))
}

/** Faults of the caller that every validator finds alike. Any other (a module that is not there) depends on the node. */
const SAME_EVERYWHERE: readonly string[] = ['guest_export_not_found', 'value_mismatch']

/**
 * The outcome of a run whatever the executor did. What it throws that is the caller's or the guest's doing is an outcome, the same on every
 * validator; anything else is thrown on: such a transaction must not stand in a block.
 */
function runGuarded(executor: ContractExecutor, run: ContractRun): RunOutcome {
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

/** The record of the contract at an address, if there is one. */
export function contractAt(
  state: { get(trie: 'contracts', key: Uint8Array): Uint8Array | undefined },
  address: Uint8Array,
): ContractRecord | undefined {
  const bytes = state.get('contracts', codeKey(address))
  return bytes === undefined ? undefined : decodeContract(bytes)
}

/** Applies a transaction of kind call. Its changes are taken back unless it completed. */
export function applyCall(state: WorkingState, block: BlockContext, tx: ChainTx): TxEffect {
  const { payload } = tx.body
  if (payload.kind !== 'call') throw new UtnetError('core_bad_argument', 'not a call')
  const contract = contractAt(state, payload.to)
  if (contract === undefined) return refused(tx, tx.intrinsicGas, `no contract stands at ${formatAddress(payload.to)}`)
  if (!Array.isArray(payload.args)) return refused(tx, tx.intrinsicGas, 'the arguments must be a list')

  const checkpoint = state.checkpoint()
  const { env, written, events } = callEnv(state, block, tx.address, payload.to)
  const run = { module: contract.module, entry: payload.export, args: payload.args, gasLimit: tx.body.gasLimit - tx.intrinsicGas, env }
  const outcome = runGuarded(block.executor, run)
  const ok = outcome.status === 'ok'
  if (!ok) {
    state.revert(checkpoint)
    written.clear()
    events.length = 0
  }
  const result = ok ? outcome.result : null
  const secret = callSalt(tx.id)
  const body: CallBody = {
    v: 1,
    kind: 'call',
    module: contract.module,
    world: contract.world,
    entry: payload.export,
    input: openingDigest('input', saltOf(secret, 'input'), callInputOpening(payload.export, payload.args)),
    output: openingDigest('output', saltOf(secret, 'output'), callOutputOpening(result, changesRoot(written.values()))),
    status: outcome.status,
    gas: outcome.gas,
    protocol: block.params.protocol,
    log: null,
    models: [],
    context: { chainId: block.chainId, height: block.height, time: block.time, seed: callSeed(block.seed, tx.id) },
    node: null,
    tx: tx.id,
    events: merkleRoot(events.map(encodeEvent)),
  }
  const bodyBytes = encodeReceipt(body)
  return effect(tx, {
    status: outcome.status,
    gas: tx.intrinsicGas + outcome.gas,
    result,
    message: ok ? null : (outcome.message ?? outcome.status),
    receipt: receiptId(bodyBytes),
    events,
    leaves: [callLeaf(bodyBytes)],
    bodyBytes,
    touched: [
      ['contract', payload.to],
      ['result', concatBytes(payload.to, utf8(payload.export))],
      ...[...written.values()].map(([key]) => ['variable', concatBytes(payload.to, key)] as const),
      ...events.map((e) => ['event', utf8(e.name)] as const),
    ],
  })
}
