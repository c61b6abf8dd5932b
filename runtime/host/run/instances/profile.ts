/** Gas by function: what the guest's own counters say, and what the host charged beside them. */
import type { FunctionGas } from '../../../core/index.ts'
import { readCounters } from '../../prepare/index.ts'
import type { PreparedGuest } from './prepared.ts'

/** Accounts of the host's own charges, beside one for each import. */
export const INSTANCE = 'instance'
export const ABI = 'abi'
/** What a run that did not complete loses beyond what it used. */
const BURNT = 'burnt'

/** The host's own charges in one run. */
export class Tally {
  readonly #accounts = new Map<string, { gas: bigint; calls: number }>()

  #account(name: string): { gas: bigint; calls: number } {
    const found = this.#accounts.get(name)
    if (found !== undefined) return found
    const made = { gas: 0n, calls: 0 }
    this.#accounts.set(name, made)
    return made
  }

  enter(name: string): void {
    this.#account(name).calls++
  }

  charge(name: string, gas: number): void {
    this.#account(name).gas += BigInt(gas)
  }

  /** Another contract ran: its lines stand for the charge of `gas` that is to follow. */
  callee(name: string, lines: readonly FunctionGas[], charged: string, gas: bigint): void {
    for (const line of lines) {
      const account = this.#account(`contract ${name}: ${line.name}`)
      account.gas += line.gas
      account.calls += line.calls
    }
    this.#account(charged).gas -= gas
  }

  /** Most gas first; the gas of all lines is `total`. */
  lines(guest: PreparedGuest, exports: Readonly<Record<string, unknown>>, total: bigint): readonly FunctionGas[] {
    const { first, count } = guest.functions
    // An instance that could not be made has no counters
    const counted = Object.keys(exports).length === 0 ? [] : readCounters(exports, first, first + count)
    const lines: FunctionGas[] = [
      ...counted.map(({ index, gas, calls }) => ({ name: guest.nameOf(index), own: true, gas, calls })),
      ...[...this.#accounts].map(([name, { gas, calls }]) => ({ name, own: false, gas, calls })),
    ]
    const burnt = total - lines.reduce((sum, { gas }) => sum + gas, 0n)
    if (burnt > 0n) lines.push({ name: BURNT, own: false, gas: burnt, calls: 0 })
    return lines.toSorted((a, b) => (a.gas === b.gas ? 0 : a.gas < b.gas ? 1 : -1))
  }
}
