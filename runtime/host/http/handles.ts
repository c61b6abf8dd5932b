/** The table of a run's resources. Numbers are visible to the guest, so the rule is fixed: one table for all kinds, from 1, the last freed first. */
import { GuestTrap } from '../abi/index.ts'

/** What one call between components was lent; the callee gives all of it back (CanonicalABI.md, `num_borrows`). */
export class Loan {
  open = 0
}

export class Handles {
  readonly #items: ({ readonly kind: string; readonly value: unknown } | undefined)[] = [undefined]
  readonly #free: number[] = []
  /** Handles that are lent; most runs have none. */
  #lent: Map<number, Loan> | undefined

  add(kind: string, value: unknown): number {
    const handle = this.#free.pop() ?? this.#items.length
    this.#items[handle] = { kind, value }
    return handle
  }

  /** The resource behind a handle; a wrong number or kind ends the run. */
  get<T>(handle: unknown, kind: string): T {
    const item = this.#items[handle as number]
    if (item === undefined || item.kind !== kind) throw new GuestTrap(`the handle ${String(handle)} is no ${kind}`)
    return item.value as T
  }

  /** The resource behind a handle that is its owner's. */
  owned<T>(handle: unknown, kind: string): T {
    const value = this.get<T>(handle, kind)
    if (this.#lent?.has(handle as number) === true) throw new GuestTrap(`the handle ${String(handle)} of ${kind} is borrowed`)
    return value
  }

  /** Another handle of the same resource, which owns nothing. */
  lend(handle: unknown, kind: string, loan: Loan): number {
    const lent = this.add(kind, this.get(handle, kind))
    this.#lent ??= new Map()
    this.#lent.set(lent, loan)
    loan.open++
    return lent
  }

  /** The resource, which leaves the table. */
  take<T>(handle: unknown, kind: string): T {
    const value = this.owned<T>(handle, kind)
    this.#remove(handle as number)
    return value
  }

  /** Drops a handle. The resource where the handle owned it; undefined where it was lent. */
  drop<T>(handle: unknown, kind: string): { readonly value: T } | undefined {
    const value = this.get<T>(handle, kind)
    this.#remove(handle as number)
    const loan = this.#lent?.get(handle as number)
    if (loan === undefined) return { value }
    this.#lent?.delete(handle as number)
    loan.open--
    return undefined
  }

  #remove(handle: number): void {
    this.#items[handle] = undefined
    this.#free.push(handle)
  }
}
