/** What a world keeps of one run. */
import type { Budgets } from '../../../core/index.ts'
import type { Meter } from '../../abi/index.ts'

/** A meter that tells what is left. */
export interface Budget extends Meter {
  readonly left: bigint
}

/** The budgets of every run. */
export type CommonBudgets = Readonly<Required<Pick<Budgets, 'gas' | 'memoryPages' | 'hostCalls'>>>

/** What the imports of a world work on. */
export interface RunState {
  readonly meter: Meter
  /** Frees a resource of the guest. */
  drop?(resource: string, handle: number): void
  /** Budgets of the world and those of every run. */
  budgets?(common: CommonBudgets): Budgets
}
