/** Nanoseconds a gas of a metered loop: how hard a case works the machine for what it pays. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { prepareModule, GAS_EXPORT } from '../../../runtime/host/prepare/index.ts'
import { whitelistBytes } from '../../../runtime/host/validate/index.ts'

export interface Loop {
  /** Runs the loop `n` times; gas and nanoseconds of it. */
  run(n: number): { readonly gas: number; readonly ns: number }
}

const PLENTY = 1n << 62n

/** A module whose export `run(n)` loops, metered as guests are; `setup`, where there is one, is called first and not measured. */
export function loopOf(bytes: Uint8Array): Loop {
  const prepared = prepareModule(whitelistBytes(bytes).module)
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(prepared as Uint8Array<ArrayBuffer>))
  const gas = exports[GAS_EXPORT] as WebAssembly.Global<'i64'>
  const { run, setup } = exports as Record<string, (n: number) => void>
  gas.value = PLENTY
  setup?.(0)
  return {
    run: (n) => {
      gas.value = PLENTY
      const from = performance.now()
      run?.(n)
      return { ns: (performance.now() - from) * 1e6, gas: Number(PLENTY - gas.value) }
    },
  }
}

setFlagsFromString('--expose-gc')
/** Collects garbage, now. */
export const collect = runInNewContext('gc') as () => void

/** The same for what can be done once an instance: every run has its own, and `n` is at most `most`. */
export function freshLoopOf(bytes: Uint8Array, most: number): Loop {
  const prepared = prepareModule(whitelistBytes(bytes).module)
  const compiled = new WebAssembly.Module(prepared as Uint8Array<ArrayBuffer>)
  return {
    run: (n) => {
      // The engine does not see how great a memory has grown: left alone it would keep those of all runs
      collect()
      const { exports } = new WebAssembly.Instance(compiled)
      const gas = exports[GAS_EXPORT] as WebAssembly.Global<'i64'>
      const { run } = exports as Record<string, (n: number) => void>
      gas.value = PLENTY
      const from = performance.now()
      run?.(Math.min(n, most))
      return { ns: (performance.now() - from) * 1e6, gas: Number(PLENTY - gas.value) }
    },
  }
}

const WARM_MS = 12
const SLICE_MS = 1.5

/** Rounds of a loop that is warm; `n` is set so that a round takes about a slice. */
export class Warm {
  readonly #loop: Loop
  readonly #sliceNs: number
  #n = 1

  /** A slice of what reaches all over a memory is longer than one pass over it: else each would find what lies between them in the caches. */
  constructor(loop: Loop, sliceMs: number = SLICE_MS) {
    this.#loop = loop
    this.#sliceNs = sliceMs * 1e6
  }

  /** Runs until the engine has had time to optimise, which it does on other threads. */
  async warm(): Promise<this> {
    for (let turn = 0; turn < 2; turn++) {
      let ns = 0
      for (let spent = 0; spent < Math.max(WARM_MS * 1e6, 3 * this.#sliceNs); spent += ns) {
        ns = Math.max(1, this.#loop.run(this.#n).ns)
        if (ns < this.#sliceNs) this.#n = Math.max(this.#n, Math.min(this.#n * 8, Math.ceil((this.#n * this.#sliceNs) / ns)))
      }
      await new Promise((done) => setTimeout(done, 4))
    }
    return this
  }

  /** Nanoseconds a gas, the best of some slices. */
  best(slices: number): number {
    let least = Number.POSITIVE_INFINITY
    for (let i = 0; i < slices; i++) {
      const { ns, gas } = this.#loop.run(this.#n)
      least = Math.min(least, ns / gas)
    }
    return least
  }
}
