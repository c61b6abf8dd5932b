/** A guest went over one of its budgets: a trap that says which. */
import type { Budgets } from '../../core/index.ts'
import { GuestTrap } from './memory.ts'

export class LimitTrap extends GuestTrap {
  readonly limit: keyof Budgets

  constructor(limit: keyof Budgets, message: string) {
    super(message)
    this.limit = limit
  }
}
