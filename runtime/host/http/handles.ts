/** The table of a run's resources. Numbers are visible to the guest, so the rule is fixed: one table for all kinds, from 1, the last freed first. */
import { GuestTrap } from '../abi/index.ts'

export class Handles {
  readonly #items: ({ readonly kind: string; readonly value: unknown } | undefined)[] = [undefined]
  readonly #free: number[] = []

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

  /** The resource, which leaves the table. */
  take<T>(handle: unknown, kind: string): T {
    const value = this.get<T>(handle, kind)
    this.#items[handle as number] = undefined
    this.#free.push(handle as number)
    return value
  }
}
