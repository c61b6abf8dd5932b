/** Runs whose limit does not pay for their instance. */
import { LIMITS } from '../../../core/index.ts'
import type { Ending } from '../../ending/index.ts'
import type { PreparedGuest } from './prepared.ts'

/** How such a run ends: no instance is made, which whoever calls with next to no gas would have had for nothing. Undefined where the limit is enough. */
export function unpaid({ instanceGas, memoryPages }: PreparedGuest, gasLimit: bigint): Ending | undefined {
  // What is no limit is refused where a run begins
  if (gasLimit < 0n || gasLimit >= BigInt(instanceGas)) return undefined
  const budgets = {
    gas: { used: gasLimit, allowed: gasLimit },
    memoryPages: { used: 0, allowed: memoryPages },
    hostCalls: { used: 0, allowed: LIMITS.hostCalls },
  }
  return {
    status: 'out-of-gas',
    result: null,
    gas: gasLimit,
    message: 'the gas limit does not pay for an instance of the guest',
    limit: 'gas',
    budgets,
  }
}
