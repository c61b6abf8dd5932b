/** A transaction of kind call: runs an export of the contract at an address. */
import { formatAddress, UtnetError } from '../../../core/index.ts'
import type { WorkingState } from '../../state/index.ts'
import { type BlockContext, effect, refused, type TxEffect } from '../effect/index.ts'
import type { ChainTx } from '../admission/index.ts'
import { seatAt } from '../calls/index.ts'
import { runContract } from './run-contract.ts'

/** Applies a transaction of kind call. It changes nothing unless it completed. */
export function applyCall(state: WorkingState, block: BlockContext, tx: ChainTx): TxEffect {
  const { payload } = tx.body
  if (payload.kind !== 'call') throw new UtnetError('core_bad_argument', 'not a call')
  const seat = seatAt(state, payload.to)
  if (seat === undefined) return refused(tx, tx.intrinsicGas, `no contract stands at ${formatAddress(payload.to)}`)
  if (!Array.isArray(payload.args)) return refused(tx, tx.intrinsicGas, 'the arguments must be a list')
  return effect(tx, runContract(state, block, tx, { seat, entry: payload.export, args: payload.args, hook: false }))
}
