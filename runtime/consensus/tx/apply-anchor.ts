/** Anchors batches of receipts: each signed by a registered node, each going on where that node's thread stopped. */
import {
  batchLeaf,
  concatBytes,
  domain,
  encodeBatch,
  equalBytes,
  formatKey,
  nodeAccountKey,
  nodeRecord,
  UtnetError,
  type Account,
  type BatchStatement,
} from '../../core/index.ts'
import { batchKey, decodeBatchRecord, encodeBatchRecord, type BatchRecord, type WorkingState } from '../state/index.ts'
import type { BlockContext } from './block-context.ts'
import type { ChainTx } from './checked-tx.ts'
import { effect, refused } from './effect.ts'
import type { TxEffect } from './outcome.ts'
import type { ChainCrypto } from '../crypto-port.ts'

const FIRST: BatchRecord = { next: 0, root: new Uint8Array(32) }

/** The last anchored batch of a thread; of one never anchored, the beginning. */
export function lastBatch(bytes: Uint8Array | undefined): BatchRecord {
  return bytes === undefined ? FIRST : decodeBatchRecord(bytes)
}

/** Why a batch's node or signature is not good; undefined when they are. */
export function batchSignerFault(batch: BatchStatement, sig: Uint8Array, account: Account, crypto: ChainCrypto): string | undefined {
  if (account.node === null || !equalBytes(account.node.key, batch.node)) return `node ${formatKey(batch.node)} is not registered`
  if (!crypto.verifyEd25519(sig, concatBytes(domain('batch'), encodeBatch(batch)), batch.node))
    return `the batch of ${formatKey(batch.node)} has no valid signature`
  return undefined
}

function orderFault(batch: BatchStatement, last: BatchRecord): string | undefined {
  if (batch.first !== last.next) return `thread ${batch.thread} goes on at receipt ${last.next}, the batch begins at ${batch.first}`
  if (!equalBytes(batch.prev, last.root)) return `the batch at receipt ${batch.first} of thread ${batch.thread} names another predecessor`
  return undefined
}

/** Applies a transaction of kind anchor: all its batches, or none. */
export function applyAnchor(state: WorkingState, block: BlockContext, tx: ChainTx): TxEffect {
  const { payload } = tx.body
  if (payload.kind !== 'anchor') throw new UtnetError('core_bad_argument', 'not an anchor')
  const checkpoint = state.checkpoint()
  for (const { batch, sig } of payload.batches) {
    const key = batchKey(batch.node, batch.thread)
    const fault =
      batchSignerFault(batch, sig, state.account(nodeAccountKey(batch.node)), block.crypto) ??
      orderFault(batch, lastBatch(state.get('offchain', key)))
    if (fault !== undefined) {
      state.revert(checkpoint)
      return refused(tx, tx.intrinsicGas, fault)
    }
    state.set('offchain', key, encodeBatchRecord({ next: batch.first + batch.size, root: batch.root }))
  }
  return effect(tx, {
    gas: tx.intrinsicGas,
    leaves: payload.batches.map(({ batch, sig }) => batchLeaf(batch, sig)),
    batches: payload.batches.map(({ batch }) => batch),
    touched: [
      ['record', tx.id.bytes],
      ...payload.batches.flatMap(({ batch: { node, thread } }) => [
        ['record', nodeRecord(node)] as const,
        ['record', nodeRecord(node, thread)] as const,
      ]),
    ],
  })
}
