/** Anchors batches of receipts: each signed by a registered node, each going on where that node's thread stopped. */
import {
  batchLeaf,
  batchMessage,
  encodeThread,
  equalBytes,
  formatKey,
  merkleRoot,
  nodeAccountKey,
  nodeRecord,
  rollupEnds,
  threadKey,
  UtnetError,
  type Account,
  type BatchStatement,
  type CID,
  type ThreadRecord,
} from '../../../core/index.ts'
import { anchorKey, encodeAnchor, type WorkingState } from '../../state/index.ts'
import { type BlockContext, effect, refused, type TxEffect } from '../effect/index.ts'
import type { ChainTx } from '../admission/index.ts'
import { threadAt } from './convict.ts'
import { addDue } from './due.ts'
import type { ChainCrypto } from '../../crypto-port.ts'

/** Why a batch's node or signature is not good; undefined when they are. */
export function batchSignerFault(
  batch: BatchStatement,
  sig: Uint8Array,
  account: Account,
  { chainId, crypto }: { readonly chainId: CID; readonly crypto: ChainCrypto },
): string | undefined {
  if (account.node === null || !equalBytes(account.node.key, batch.node)) return `node ${formatKey(batch.node)} is not registered`
  if (!crypto.verifyEd25519(sig, batchMessage(chainId, batch), batch.node))
    return `the batch of ${formatKey(batch.node)} has no valid signature`
  return undefined
}

function orderFault(batch: BatchStatement, last: ThreadRecord): string | undefined {
  if (last.closed !== null) return `thread ${batch.thread} was closed at height ${last.closed}: a batch of it was refuted`
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
    const fault =
      batchSignerFault(batch, sig, state.account(nodeAccountKey(batch.node)), block) ??
      orderFault(batch, threadAt(state, batch.node, batch.thread))
    if (fault !== undefined) {
      state.revert(checkpoint)
      return refused(tx, tx.intrinsicGas, fault)
    }
    state.set(
      'offchain',
      threadKey(batch.node, batch.thread),
      encodeThread({ next: batch.first + batch.size, root: batch.root, closed: null }),
    )
  }
  const { height, time } = block
  const leaves = payload.batches.map(({ batch, sig }) => batchLeaf(batch, sig))
  state.set(
    'offchain',
    anchorKey(tx.id),
    encodeAnchor({ height, time, root: merkleRoot(leaves), count: leaves.length, data: payload.data }),
  )
  addDue(state, rollupEnds(height).open + 1, { kind: 'anchor', id: tx.id })
  return effect(tx, {
    gas: tx.intrinsicGas,
    leaves,
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
