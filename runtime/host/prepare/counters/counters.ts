/** Names and places of the profiling variant's counters, all of them exported mutable i64 globals. */
import type { WasmPrices } from '../../../core/index.ts'
import type { CoreModule } from '../../wasm/index.ts'
import type { FunctionCode } from '../code/index.ts'
import { probesOf, type Probe } from './probes.ts'

/** Exports: what a function was charged, how often it was entered, how often a probe was passed, and the least stack that was left. */
export const gasCounter = (index: number): string => `utnet:gas:${index}`
export const callCounter = (index: number): string => `utnet:calls:${index}`
export const probeCounter = (n: number): string => `utnet:probe:${n}`
export const LEAST_STACK_EXPORT = 'utnet:stack:least'

const NO_PROBES: readonly Probe[] = []

/** Global indices of the counters, from `first` on: the least stack, two a function, the probes as functions are written. */
export class Counters {
  readonly leastStack: number
  readonly #module: CoreModule
  readonly #prices: WasmPrices
  readonly #probing: boolean
  #probes = 0

  constructor(module: CoreModule, first: number, prices: WasmPrices, probing: boolean) {
    this.leastStack = first
    this.#module = module
    this.#prices = prices
    this.#probing = probing
  }

  gas(index: number): number {
    return this.leastStack + 1 + 2 * (index - this.#module.importedFunctions)
  }

  calls(index: number): number {
    return this.gas(index) + 1
  }

  get #firstProbe(): number {
    return this.leastStack + 1 + 2 * this.#module.bodies.length
  }

  /** Probes of the function that is written now, and the global of the first. */
  next(code: FunctionCode): { readonly probes: readonly Probe[]; readonly first: number } {
    const first = this.#firstProbe + this.#probes
    if (!this.#probing) return { probes: NO_PROBES, first }
    const probes = probesOf(code, this.#prices)
    this.#probes += probes.length
    return { probes, first }
  }

  /** All of them, once every function is written: names in the order of their globals. */
  names(): readonly string[] {
    const names = [LEAST_STACK_EXPORT]
    for (const { index } of this.#module.bodies) names.push(gasCounter(index), callCounter(index))
    for (let n = 0; n < this.#probes; n++) names.push(probeCounter(n))
    return names
  }
}
