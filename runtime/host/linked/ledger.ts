/** Gas by function of a linked guest, for people: what the counters of its core modules say, and what the host charged beside them. */
import { LIMITS, type FunctionGas } from '../../core/index.ts'
import { readCounters, readLeastStack, readProbes } from '../prepare/index.ts'
import type { CoreFunctions } from './place.ts'
import type { LinkedGuest, PreparedInstance } from './prepared.ts'

type Exports = Readonly<Record<string, unknown>>

/** Accounts of the host's own charges, beside one for each import. */
export const INSTANCE = 'instance'
export const FILES = 'mounted files'
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
  stackUsed(made: readonly Exports[]): number {
    return LIMITS.stackBytes - made.reduce((least, exports) => Math.min(least, readLeastStack(exports)), LIMITS.stackBytes)
  }

  /** Most gas first; the gas of all lines is `total`. Functions of one name are one line. */
  lines({ instances, modules }: LinkedGuest, made: readonly Exports[], total: bigint): readonly FunctionGas[] {
    const lines = new Map<string, { gas: bigint; calls: number; own?: boolean; uncounted?: true }>(this.#accounts)
    made.forEach((exports, i) => {
      const { first, count, nameOf, probes } = modules[(instances[i] as PreparedInstance).module] as CoreFunctions
      for (const { index, gas, calls } of readCounters(exports, first, first + count)) {
        const name = nameOf(index)
        const before = lines.get(name)
        const sums = { gas: gas + (before?.gas ?? 0n), calls: calls + (before?.calls ?? 0) }
        lines.set(name, { own: true, ...sums, ...(probes === 0 ? { uncounted: true } : {}) })
      }
    })
    const burnt = total - [...lines.values()].reduce((sum, { gas }) => sum + gas, 0n)
    if (burnt > 0n) lines.set(BURNT, { gas: burnt, calls: 0 })
    return [...lines]
      .map(([name, { own = false, ...line }]) => ({ name, own, ...line }))
      .toSorted((a, b) => (a.gas === b.gas ? 0 : a.gas < b.gas ? 1 : -1))
  }

  /** What the probes of each module counted, in the order of the modules, those of all its instances together. */
  probes({ instances, modules }: LinkedGuest, made: readonly Exports[]): readonly bigint[] {
    const counts = modules.map(({ probes }) => Array.from({ length: probes }, () => 0n))
    made.forEach((exports, i) => {
      const of = counts[(instances[i] as PreparedInstance).module] as bigint[]
      readProbes(exports, of.length).forEach((n, at) => (of[at] = (of[at] as bigint) + n))
    })
    return counts.flat()
  }
}
