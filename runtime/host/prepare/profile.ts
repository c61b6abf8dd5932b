/** Counters of the profiling variant: two exported mutable i64 globals a function, what it was charged and how often it was entered. */
import type { CoreModule } from '../wasm/index.ts'

export const gasCounter = (index: number): string => `utnet:gas:${index}`
export const callCounter = (index: number): string => `utnet:calls:${index}`

/** Global indices of a function's counters. */
export interface Counters {
  readonly gas: number
  readonly calls: number
}

export interface FunctionCharge {
  /** In the function index space, imports first. */
  readonly index: number
  readonly gas: bigint
  readonly calls: number
}

/** Where the counters of a function are, when the first of them all is global `first`. */
export function countersOf(module: CoreModule, first: number, index: number): Counters {
  const gas = first + 2 * (index - module.importedFunctions)
  return { gas, calls: gas + 1 }
}

/** Reads the counters of functions [from, to) of an instance; functions that were not entered are left out. */
export function readCounters(exports: Readonly<Record<string, unknown>>, from: number, to: number): readonly FunctionCharge[] {
  const value = (name: string): bigint => (exports[name] as WebAssembly.Global<'i64'>).value
  const out: FunctionCharge[] = []
  for (let index = from; index < to; index++) {
    const calls = Number(value(callCounter(index)))
    if (calls > 0) out.push({ index, gas: value(gasCounter(index)), calls })
  }
  return out
}
