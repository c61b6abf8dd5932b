/** What nodes do: they register their one vote key, bond, take bond back, and leave. The sender is the node key. */
import {
  epochOf,
  equalBytes,
  lastHeightOf,
  latestPower,
  LIMITS,
  NO_KEYS,
  UtnetError,
  voteKeyMessage,
  type NodeAction,
  type NodeRecord,
} from '../../../core/index.ts'
import {
  AHEAD,
  changePower,
  hasRoom,
  readNode,
  readUnbonding,
  setBond,
  unitsOf,
  voteKeyKey,
  writeNode,
  writeUnbonding,
} from '../../power/index.ts'
import type { WorkingState } from '../../state/index.ts'
import { type BlockContext, effect, refused, type TxEffect } from '../effect/index.ts'
import type { ChainTx } from '../admission/index.ts'

type Register = Extract<NodeAction, { readonly op: 'register' }>

function register(state: WorkingState, block: BlockContext, tx: ChainTx, action: Register): string | undefined {
  const { sender: key } = tx.body
  const { bls, pop, bind, owner } = action
  const epoch = epochOf(block.height, block.power.epochBlocks)
  const before = readNode(state, key)
  if (before !== undefined) return comeBack(state, key, before, action, epoch)
  if (state.get('offchain', voteKeyKey(bls)) !== undefined) return 'a node with this vote key was registered before'
  if (!block.crypto.verifyValidator({ key, bls, pop, power: 1 })) return 'the proof of possession of the vote key is not valid'
  if (!block.crypto.blsFastAggregateVerify(bind, voteKeyMessage(block.chainId, key, bls), [bls]))
    return 'the vote key is not bound to the node key'
  const account = state.account(tx.address)
  state.setAccount(tx.address, { ...account, node: { key, role: 'validator' } })
  state.set('offchain', voteKeyKey(bls), key)
  const units = unitsOf(account.bond, block.power.bondPrice)
  const first = { from: epoch + AHEAD, founding: 0, certified: 0, software: 0, units, aggregate: NO_KEYS, active: true }
  writeNode(state, key, { bls, pop, owner, slashed: null, place: null, powers: [first] })
  return undefined
}

/** A node that left takes part again, with the vote key that it had and the chips that still sit there. */
function comeBack(state: WorkingState, key: Uint8Array, record: NodeRecord, { bls, owner }: Register, epoch: number): string | undefined {
  const latest = latestPower(record)
  if (record.slashed !== null) return 'the node was punished'
  if (latest.active) return 'the node was registered before'
  if (!equalBytes(bls, record.bls)) return 'the node had another vote key'
  if (!hasRoom(state, record, { active: true })) return 'as many nodes have power as may'
  changePower(state, key, { ...record, owner }, epoch, { active: true })
  return undefined
}

/** The first height at which what is unbonded now can be withdrawn: when no evidence is taken any more of a height that it counted at. */
function ripeAt({ height, power: { epochBlocks, trustingBlocks } }: BlockContext): number {
  return lastHeightOf(epochOf(height, epochBlocks) + AHEAD - 1, epochBlocks) + trustingBlocks
}

/** Moves an amount into the bond (positive) or out of it, and what the bond pays for with it. */
function changeBond(state: WorkingState, block: BlockContext, tx: ChainTx, amount: bigint): string | undefined {
  const { sender: key } = tx.body
  const record = readNode(state, key)
  const account = state.account(tx.address)
  if (record === undefined) return 'the sender is not a registered node'
  if (record.slashed !== null) return 'the node was punished'
  if (amount === 0n) return 'an amount of nothing'
  if (account.bond + amount < 0n) return `the bond is ${account.bond}`
  const bond = account.bond + amount
  if (!hasRoom(state, record, { units: unitsOf(bond, block.power.bondPrice) })) return 'as many nodes have power as may'
  if (amount < 0n) {
    const list = readUnbonding(state, tx.address)
    if (list.length >= LIMITS.unbondings) return `${LIMITS.unbondings} amounts wait already`
    writeUnbonding(state, tx.address, [...list, { height: ripeAt(block), amount: -amount }])
  }
  if (amount > 0n) state.setAccount(tx.address, { ...account, balance: account.balance - amount })
  setBond(state, block, key, bond)
  return undefined
}

function withdraw(state: WorkingState, block: BlockContext, tx: ChainTx): string | undefined {
  const list = readUnbonding(state, tx.address)
  const ripe = list.filter((u) => u.height <= block.height)
  if (ripe.length === 0) return list.length === 0 ? 'nothing was unbonded' : `nothing can be withdrawn before height ${list[0]?.height}`
  writeUnbonding(state, tx.address, list.slice(ripe.length))
  const account = state.account(tx.address)
  state.setAccount(tx.address, { ...account, balance: ripe.reduce((n, u) => n + u.amount, account.balance) })
  return undefined
}

function leave(state: WorkingState, block: BlockContext, tx: ChainTx): string | undefined {
  const { sender: key } = tx.body
  const record = readNode(state, key)
  if (record === undefined) return 'the sender is not a registered node'
  if (!latestPower(record).active) return 'the node left before'
  changePower(state, key, record, epochOf(block.height, block.power.epochBlocks), { active: false, founding: 0 })
  return undefined
}

function run(state: WorkingState, block: BlockContext, tx: ChainTx, action: NodeAction): string | undefined {
  switch (action.op) {
    case 'register':
      return register(state, block, tx, action)
    case 'bond':
      return changeBond(state, block, tx, action.amount)
    case 'unbond':
      return changeBond(state, block, tx, -action.amount)
    case 'withdraw':
      return withdraw(state, block, tx)
    case 'leave':
      return leave(state, block, tx)
  }
}

/** Applies a transaction of kind node. */
export function applyNode(state: WorkingState, block: BlockContext, tx: ChainTx): TxEffect {
  const { payload } = tx.body
  if (payload.kind !== 'node') throw new UtnetError('core_bad_argument', 'not of a node')
  const why = run(state, block, tx, payload.action)
  return why === undefined ? effect(tx, { gas: tx.intrinsicGas }) : refused(tx, tx.intrinsicGas, why)
}
