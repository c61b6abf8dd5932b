/** How a run of a guest ended, and what can end one. */
import type { Budgets, RunOutcome } from '../../core/index.ts'

/** Thrown by the host's own charges. */
export class OutOfGas extends Error {
  override readonly name = 'OutOfGas'
}

/** The guest ended its call as a failure. */
export class Revert extends Error {
  override readonly name = 'Revert'
}

/** Of a run on whatever host; `gas` is what is paid, all of the limit but where the guest completed or refused. */
export interface Ending extends RunOutcome {
  readonly budgets: Budgets
}

/** A trap of the instance, or an attempt to suspend where nothing can. */
export function isWasmTrap(error: unknown): boolean {
  return error instanceof WebAssembly.RuntimeError || (error instanceof Error && error.constructor.name === 'SuspendError')
}
