/** The base fee: what a block's transactions pay per gas, all of it burnt. It follows from how full the blocks before were, and from nothing else (docs/spec/fees.md). */
import { amountBytes, bytesAmount, type Params } from '../../../core/index.ts'
import { BASE_FEE_KEY, type StateReader, type WorkingState } from '../../state/index.ts'

/** Base fee of the block after the one whose state this is, in 10^-18 UNC per gas. */
export function baseFeeOf(state: Pick<StateReader, 'get'>, params: Params): bigint {
  const bytes = state.get('offchain', BASE_FEE_KEY)
  return bytes === undefined ? params.baseFee : bytesAmount(bytes, 'base fee')
}

/** The base fee after a block that paid `baseFee` and used so much gas: up where that is above the target, down where it is below, never below its least. */
export function nextBaseFee(baseFee: bigint, gasUsed: bigint, params: Params): bigint {
  const target = BigInt(params.fees.target)
  const change = BigInt(params.fees.change)
  if (gasUsed > target) {
    const up = (baseFee * (gasUsed - target)) / target / change
    return baseFee + (up > 0n ? up : 1n)
  }
  const down = baseFee - (baseFee * (target - gasUsed)) / target / change
  return down > params.baseFee ? down : params.baseFee
}

/** Leaves the base fee of the next block in the state; nothing where it is at its least. */
export function setBaseFee(state: WorkingState, present: bigint, next: bigint, params: Params): void {
  if (next !== present) state.set('offchain', BASE_FEE_KEY, next === params.baseFee ? undefined : amountBytes(next))
}
