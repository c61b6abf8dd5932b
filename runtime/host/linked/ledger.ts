/** Gas by function of a linked guest, for people: what the counters of its core modules say, and what the host charged beside them. */
import { LIMITS, type FunctionGas } from '../../core/index.ts'
import { readCounters, readLeastStack } from '../prepare/index.ts'
import type { PreparedInstance } from './prepared.ts'

/** Accounts of the host's own charges, beside one for each import. */
export const INSTANCE = 'instance'
export const ABI = 'abi'
/** What a run that did not complete loses beyond what it used. */
const BURNT = 'burnt'

export class Ledger {
  readonly #accounts = new Map<string, { gas: bigint; calls: number }>()
  #account = INSTANCE

  /** From here on the host charges for this. */
  enter(account: string): void {
    this.#account = account
    this.#of(account).calls++
  }

  charge(gas: number): void {
    this.#of(this.#account).gas += BigInt(gas)
  }

  #of(account: string): { gas: bigint; calls: number } {
    let found = this.#accounts.get(account)
    if (found === undefined) {
      found = { gas: 0n, calls: 0 }
      this.#accounts.set(account, found)
    }
    return found
  }

  /** Bytes of the stack limit that were used at the deepest call. */
  stackUsed(made: readonly Readonly<Record<string, unknown>>[]): number {
    return LIMITS.stackBytes - made.reduce((least, exports) => Math.min(least, readLeastStack(exports)), LIMITS.stackBytes)
  }

  /** Most gas first; the gas of all lines is `total`. Functions of one name are one line. */
  lines(instances: readonly PreparedInstance[], made: readonly Readonly<Record<string, unknown>>[], total: bigint): readonly FunctionGas[] {
    const lines = new Map<string, { gas: bigint; calls: number; own?: boolean }>(this.#accounts)
    made.forEach((exports, i) => {
      const { first, count, nameOf } = (instances[i] as PreparedInstance).functions
      for (const { index, gas, calls } of readCounters(exports, first, first + count)) {
        const name = instances.length === 1 ? nameOf(index) : `${nameOf(index)} (module ${i})`
        const before = lines.get(name)
        lines.set(name, { own: true, gas: gas + (before?.gas ?? 0n), calls: calls + (before?.calls ?? 0) })
      }
    })
    const burnt = total - [...lines.values()].reduce((sum, { gas }) => sum + gas, 0n)
    if (burnt > 0n) lines.set(BURNT, { gas: burnt, calls: 0 })
    return [...lines]
      .map(([name, { gas, calls, own = false }]) => ({ name, own, gas, calls }))
      .toSorted((a, b) => (a.gas === b.gas ? 0 : a.gas < b.gas ? 1 : -1))
  }
}
