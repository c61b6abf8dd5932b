/**
 * Counters of the profiling variant: two exported mutable i64 globals a function, what it was charged and how often it was entered; one a probe; and
 * the least of the stack that was left.
 */
import { isUtnetError, LIMITS } from '../../core/index.ts'
import type { CoreModule } from '../wasm/index.ts'
import { prepareModule, type PrepareOptions } from './prepare.ts'
import { pricesOf } from './prices.ts'
import { probeCount, callCounter, gasCounter, LEAST_STACK_EXPORT, probeCounter } from './counters/index.ts'

/** What one function of a run was charged, and how often it was entered. */
export interface FunctionCharge {
  /** In the function index space, imports first. */
  readonly index: number
  readonly gas: bigint
  readonly calls: number
}

type Exports = Readonly<Record<string, unknown>>

const value = (exports: Exports, name: string): bigint => (exports[name] as WebAssembly.Global<'i64'>).value

/** Reads the counters of functions [from, to) of an instance; functions that were not entered are left out. */
export function readCounters(exports: Exports, from: number, to: number): readonly FunctionCharge[] {
  const out: FunctionCharge[] = []
  for (let index = from; index < to; index++) {
    const calls = Number(value(exports, callCounter(index)))
    if (calls > 0) out.push({ index, gas: value(exports, gasCounter(index)), calls })
  }
  return out
}

/** Reads all probes of an instance. */
export function readProbes(exports: Exports, count: number): readonly bigint[] {
  return Array.from({ length: count }, (_, n) => value(exports, probeCounter(n)))
}

/** Bytes of the stack limit that were left at the deepest call that was entered. */
export function readLeastStack(exports: Exports): number {
  return Number(value(exports, LEAST_STACK_EXPORT))
}

export interface ProfilingModule {
  readonly prepared: Uint8Array
  /** None where the module has too many: then it counts by function only. */
  readonly probes: number
}

export type ProfilingOptions = Pick<PrepareOptions, 'positions' | 'counter' | 'reach' | 'label'>

/** The profiling variant, by probe where the module has at most `tracedProbes` and stays within what engines take. */
export function prepareProfiling(module: CoreModule, options: ProfilingOptions = {}): ProfilingModule {
  const probes = probeCount(module, pricesOf(module, options.reach))
  if (probes <= LIMITS.tracedProbes) {
    try {
      return { prepared: prepareModule(module, { ...options, profile: true, probes: true }), probes }
    } catch (error) {
      if (!isUtnetError(error, 'guest_invalid')) throw error
      options.positions?.clear()
    }
  }
  return { prepared: prepareModule(module, { ...options, profile: true }), probes: 0 }
}
