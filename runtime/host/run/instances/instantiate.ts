/** Makes the core instances of a guest and finds what the host needs of them. Components of several core modules are to be linked here, and nowhere else. */
import { UtnetError } from '../../../core/index.ts'
import type { CoreFunction } from '../../abi/index.ts'
import { CHARGE_EXPORT, COUNTER_MODULE, GAS_EXPORT, LENT_MEMORY, RESET_EXPORT, STACK_EXPORT, START_EXPORT } from '../../prepare/index.ts'
import type { PreparedGuest } from './prepared.ts'

/** A guest's core instance before anything has run in it. */
export interface Linked {
  readonly exports: Readonly<Record<string, unknown>>
  readonly gas: WebAssembly.Global<'i64'>
  /** Bytes of the stack that are left, while the host has the word. */
  readonly stack: WebAssembly.Global<'i32'>
  /** Takes an unsigned 32-bit amount off the counter; 1 when that is now below zero. */
  readonly charge: (gas: number) => number
  readonly reset: () => void
  readonly start: CoreFunction | undefined
}

/** What a guest's imports are bound to. */
export type Modules = Record<string, Record<string, WebAssembly.ImportValue>>

/**
 * Makes an instance on `memory`, which is as new, where the guest is lent one; `modules` is the engine's for as long as that takes. Throws
 * `host_fault`: nothing in a valid guest makes this fail but the machine.
 */
export function instantiate(guest: PreparedGuest, modules: Modules, memory: WebAssembly.Memory | undefined): Linked {
  let exports: Readonly<Record<string, unknown>>
  try {
    if (memory !== undefined) modules[COUNTER_MODULE] = { [LENT_MEMORY]: memory }
    ;({ exports } = new WebAssembly.Instance(guest.compiled, modules))
  } catch (cause) {
    throw new UtnetError('host_fault', `the guest could not be instantiated: ${String(cause)}`, { cause })
  }
  return {
    exports,
    gas: exports[GAS_EXPORT] as WebAssembly.Global<'i64'>,
    stack: exports[STACK_EXPORT] as WebAssembly.Global<'i32'>,
    charge: exports[CHARGE_EXPORT] as (gas: number) => number,
    reset: exports[RESET_EXPORT] as () => void,
    start: exports[START_EXPORT] as CoreFunction | undefined,
  }
}
