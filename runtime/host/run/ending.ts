/** How a run ended, and what can end one. */
import type { Budgets, FunctionGas, GuestFrame, RunStatus, WitValue } from '../../core/index.ts'

/** Thrown by the host's own charges. */
export class OutOfGas extends Error {
  override readonly name = 'OutOfGas'
}

/** The guest ended its call as a failure. */
export class Revert extends Error {
  override readonly name = 'Revert'
}

export interface Ending {
  readonly status: RunStatus
  readonly result: WitValue
  readonly gas: bigint
  readonly budgets: Budgets
  readonly message?: string
  /** The function in which the run ended before its time, where it can be told. */
  readonly where?: string
  readonly frames?: readonly GuestFrame[]
  /** The budget that was used up. */
  readonly limit?: keyof Budgets
  /** Of the profiling variant only. */
  readonly profile?: readonly FunctionGas[]
  readonly probes?: readonly bigint[]
}

/** A trap of the instance, or an attempt to suspend where nothing can. */
export function isWasmTrap(error: unknown): boolean {
  return error instanceof WebAssembly.RuntimeError || (error instanceof Error && error.constructor.name === 'SuspendError')
}
