/** Bonds: a field of the account, and what of it was given up but is still at stake. */
import { amountBytes, asArray, asBytes, asUint, bytesAmount, decode, encode, epochOf, LIMITS, nodeAccountKey } from '../../core/index.ts'
import type { StateReader, WorkingState } from '../state/index.ts'
import { unbondingKey } from './keys.ts'
import type { PowerRules } from './line.ts'
import { changePower, readNode } from './registry.ts'

export interface Unbonding {
  /** First height at which it can be withdrawn. */
  readonly height: number
  readonly amount: bigint
}

/** Whole units of power that a bond pays for. */
export function unitsOf(bond: bigint, price: bigint): number {
  const units = bond / price
  return units > BigInt(LIMITS.foundingPower) ? LIMITS.foundingPower : Number(units)
}

/** Sets the bond of a node, and what it pays for two epochs on. */
export function setBond(
  state: WorkingState,
  { height, power: { epochBlocks, bondPrice } }: { readonly height: number; readonly power: PowerRules },
  node: Uint8Array,
  bond: bigint,
): void {
  const address = nodeAccountKey(node)
  state.setAccount(address, { ...state.account(address), bond })
  const record = readNode(state, node)
  if (record !== undefined) changePower(state, node, record, epochOf(height, epochBlocks), { units: unitsOf(bond, bondPrice) })
}

/** What an account gave up and has not withdrawn, the oldest first. */
export function readUnbonding(state: Pick<StateReader, 'get'>, address: Uint8Array): Unbonding[] {
  const bytes = state.get('offchain', unbondingKey(address))
  if (bytes === undefined) return []
  return asArray(decode(bytes, 'unbonding', 4096), 'unbonding').map((item) => {
    const [height, amount] = asArray(item, 'unbonding', 2)
    return { height: asUint(height, 'height'), amount: bytesAmount(asBytes(amount, 'amount'), 'amount') }
  })
}

/** Writes what an account has given up and still has at stake; an empty list leaves no row. */
export function writeUnbonding(state: WorkingState, address: Uint8Array, list: readonly Unbonding[]): void {
  const value = list.length === 0 ? undefined : encode(list.map((u) => [u.height, amountBytes(u.amount)]))
  state.set('offchain', unbondingKey(address), value)
}

/** Burns the bond of an account, that which was given up and is still at stake included. */
export function burnBond(state: WorkingState, address: Uint8Array, height: number): void {
  const account = state.account(address)
  const unbonding = readUnbonding(state, address)
  const atStake = unbonding.filter((u) => u.height > height)
  const lost = atStake.reduce((n, u) => n + u.amount, account.bond)
  if (lost === 0n) return
  if (account.bond > 0n) state.setAccount(address, { ...account, bond: 0n })
  if (atStake.length > 0) {
    writeUnbonding(
      state,
      address,
      unbonding.filter((u) => u.height <= height),
    )
  }
  state.burn(lost)
}
