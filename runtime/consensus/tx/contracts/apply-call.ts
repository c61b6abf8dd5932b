/** A transaction of kind call: runs an export of the contract at an address. */
import { formatAddress, UtnetError } from '../../../core/index.ts'
import type { WorkingState } from '../../state/index.ts'
import { type BlockContext, effect, refused, type TxEffect } from '../effect/index.ts'
import type { ChainTx } from '../admission/index.ts'
import { seatAt } from '../calls/index.ts'
import { runContract } from './run-contract.ts'

/** What a call is told whose gas limit does not pay for making the contract ready. */
const cold = (ready: bigint, left: bigint): string =>
  `the contract is not ready: making it so costs ${ready} gas, and the gas limit leaves ${left}; offer ${ready - left} more, and what the call itself takes`

/** Applies a transaction of kind call. It changes nothing unless it completed. */
export function applyCall(state: WorkingState, block: BlockContext, tx: ChainTx): TxEffect {
  const { payload } = tx.body
  if (payload.kind !== 'call') throw new UtnetError('core_bad_argument', 'not a call')
  const seat = seatAt(state, payload.to)
  if (seat === undefined) return refused(tx, tx.intrinsicGas, `no contract stands at ${formatAddress(payload.to)}`)
  if (!Array.isArray(payload.args)) return refused(tx, tx.intrinsicGas, 'the arguments must be a list')
  const ready = state.warm.price(seat.module)
  const left = tx.body.gasLimit - tx.intrinsicGas
  if (ready > left) return refused(tx, tx.intrinsicGas, cold(ready, left))
  return effect(tx, runContract(state, block, tx, { seat, entry: payload.export, args: payload.args, hook: false, ready }))
}
