/** What a refuted batch costs. Later batches of its thread build on it, so they are void with it; what came before it stays. */
import { decodeThread, encodeThread, nodeAccountKey, threadKey, type BatchStatement, type ThreadRecord } from '../../../core/index.ts'
import { readUnbonding, setBond, writeUnbonding } from '../../power/index.ts'
import type { StateReader, WorkingState } from '../../state/index.ts'
import type { BlockContext } from '../effect/index.ts'

const FIRST: ThreadRecord = { next: 0, root: new Uint8Array(32), closed: null }
const PER_MILLE = 1000n

/** Where a thread stands; of one never anchored, the beginning. */
export function threadAt(state: Pick<StateReader, 'get'>, node: Uint8Array, thread: number): ThreadRecord {
  const bytes = state.get('offchain', threadKey(node, thread))
  return bytes === undefined ? FIRST : decodeThread(bytes)
}

/** True when the batch, or one that it builds on, was refuted. */
export function isVoid(state: Pick<StateReader, 'get'>, { node, thread, first }: BatchStatement): boolean {
  const { closed, next } = threadAt(state, node, thread)
  return closed !== null && first >= next
}

/** Takes a share, per mille, of what a node has at stake: its bond, and what it gave up and could not withdraw yet. Gives how much that was. */
function takeBond(state: WorkingState, block: BlockContext, node: Uint8Array, share: bigint): bigint {
  const address = nodeAccountKey(node)
  const account = state.account(address)
  const cut = (amount: bigint): bigint => (amount * share) / PER_MILLE
  const unbonding = readUnbonding(state, address)
  const left = unbonding.map((u) => (u.height > block.height ? { ...u, amount: u.amount - cut(u.amount) } : u))
  const sum = (list: readonly { readonly amount: bigint }[]): bigint => list.reduce((n, u) => n + u.amount, 0n)
  const fromUnbonding = sum(unbonding) - sum(left)
  if (fromUnbonding > 0n) writeUnbonding(state, address, left)
  // with the bond goes what it paid for
  if (account.bond > 0n) setBond(state, block, node, account.bond - cut(account.bond))
  return fromUnbonding + cut(account.bond)
}

/** Closes the thread behind its last good batch and takes a share of the node's bond; a part of that goes to `by` (an address), the rest is burnt. */
export function convict(state: WorkingState, block: BlockContext, batch: BatchStatement, by: Uint8Array): void {
  const { bondShare, reward } = block.params.rollup
  state.set('offchain', threadKey(batch.node, batch.thread), encodeThread({ next: batch.first, root: batch.prev, closed: block.height }))
  const taken = takeBond(state, block, batch.node, BigInt(bondShare))
  if (taken === 0n) return
  const rewarded = (taken * BigInt(reward)) / PER_MILLE
  const winner = state.account(by)
  state.setAccount(by, { ...winner, balance: winner.balance + rewarded })
  state.burn(taken - rewarded)
}
