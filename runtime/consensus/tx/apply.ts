/** Applies one transaction to the working state. White paper 3.2.2; gas and fees, U4.3-GAS-1. */
import { digest, encode, UtnetError } from '../../core/index.ts'
import { recordKey, type WorkingState } from '../state/index.ts'
import { applyAnchor, applyRefute, applyReveal } from './rollup/index.ts'
import { applyAnswer, applyCall, applyPublish } from './contracts/index.ts'
import { applyChip, applyEvidence, applyNode, applyVendor } from './power/index.ts'
import { checkAgainst, type ChainTx, signedBytes } from './admission/index.ts'
import { type BlockContext, effect, type TxEffect } from './effect/index.ts'

function applyTransfer(state: WorkingState, tx: ChainTx): TxEffect {
  const { payload } = tx.body
  if (payload.kind !== 'transfer') throw new UtnetError('core_bad_argument', 'not a transfer')
  const from = state.account(tx.address, tx.sender)
  state.setAccount(tx.address, { ...from, balance: from.balance - payload.value }, tx.sender)
  const to = state.account(payload.to)
  state.setAccount(payload.to, { ...to, balance: to.balance + payload.value })
  return effect(tx, { gas: tx.intrinsicGas, touched: [['address', payload.to]] })
}

/** Operator stacks, routes and custom data are recorded as digests: the chain says that and when they were sent. */
function applyRecord(state: WorkingState, tx: ChainTx): TxEffect {
  state.set('offchain', recordKey(tx.id), encode([tx.body.payload.kind, digest('record', signedBytes(tx))]))
  return effect(tx, { gas: tx.intrinsicGas, touched: [['record', tx.id.bytes]] })
}

function run(state: WorkingState, block: BlockContext, tx: ChainTx): TxEffect {
  switch (tx.body.payload.kind) {
    case 'transfer':
      return applyTransfer(state, tx)
    case 'publish':
      return applyPublish(state, block, tx)
    case 'call':
      return applyCall(state, block, tx)
    case 'answer':
      return applyAnswer(state, block, tx)
    case 'anchor':
      return applyAnchor(state, block, tx)
    case 'evidence':
      return applyEvidence(state, block, tx)
    case 'refute':
      return applyRefute(state, block, tx)
    case 'reveal':
      return applyReveal(state, block, tx)
    case 'chip':
      return applyChip(state, block, tx)
    case 'node':
      return applyNode(state, block, tx)
    case 'vendor':
      return applyVendor(state, block, tx)
    case 'operators':
    case 'route':
    case 'custom':
      return applyRecord(state, tx)
  }
}

/**
 * Applies a transaction whose form and signature are good. Throws `tx_nonce`, `tx_expired`, `tx_gas` or `tx_balance` when it cannot stand in the block, and what
 * the executor throws when the node is at fault; the state is then as before. Gas used is paid at the base fee and burnt.
 */
export function applyTx(state: WorkingState, block: BlockContext, tx: ChainTx): TxEffect {
  const sender = state.account(tx.address, tx.sender)
  checkAgainst(tx, sender, block)
  const checkpoint = state.checkpoint()
  const used = state.warm.checkpoint()
  try {
    state.setAccount(tx.address, { ...sender, nonce: sender.nonce + 1 }, tx.sender)
    const done = run(state, block, tx)
    const fee = (done.outcome.gas - done.prepaid) * block.baseFee
    const payer = state.account(tx.address, tx.sender)
    state.setAccount(tx.address, { ...payer, balance: payer.balance - fee }, tx.sender)
    state.burn(fee)
    return done
  } catch (error) {
    state.revert(checkpoint)
    state.warm.revert(used)
    throw error
  }
}
