/** Nanoseconds a gas of a metered loop: how hard a case works the machine for what it pays. */
import { openSync, readSync } from 'node:fs'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { prepareModule, GAS_EXPORT } from '../../../runtime/host/prepare/index.ts'
import { whitelistBytes } from '../../../runtime/host/validate/index.ts'

export interface Loop {
  /** Runs the loop `n` times; gas and nanoseconds of it. */
  run(n: number): { readonly gas: number; readonly ns: number }
}

const PLENTY = 1n << 62n

const schedule = ((): number | undefined => {
  try {
    return openSync('/proc/thread-self/schedstat', 'r')
  } catch {
    // no Linux: what others take of this processor is counted as ours there
    return undefined
  }
})()
const text = Buffer.alloc(64)

/** Nanoseconds that the thread was ready to run and others ran in its place. */
function waited(): number {
  if (schedule === undefined) return 0
  const [, waiting] = text.toString('latin1', 0, readSync(schedule, text, 0, text.length, 0)).split(' ')
  return Number(waiting)
}

/** Starts a watch; what it gives back tells the nanoseconds since, without those in which another had the processor. */
export function stopwatch(): () => number {
  const before = waited()
  const from = performance.now()
  return () => (performance.now() - from) * 1e6 - (waited() - before)
}

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
      const watch = stopwatch()
      run?.(n)
      const ns = watch()
      return { ns, gas: Number(PLENTY - gas.value) }
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
      const watch = stopwatch()
      run?.(Math.min(n, most))
      const ns = watch()
      return { ns, gas: Number(PLENTY - gas.value) }
    },
  }
}

const WARM_MS = 12
const SLICE_MS = 0.5

/** Slices of a loop that is warm; `n` is set so that it takes about that long. */
export class Warm {
  readonly #loop: Loop
  #n = 1

  constructor(loop: Loop) {
    this.#loop = loop
  }

  /** Runs until the engine has had time to optimise, which it does on other threads. */
  async warm(): Promise<this> {
    for (let turn = 0; turn < 2; turn++) {
      let ns = 0
      for (let spent = 0; spent < WARM_MS * 1e6; spent += ns) {
        ns = Math.max(1, this.#loop.run(this.#n).ns)
        if (ns < SLICE_MS * 1e6) this.#n = Math.max(this.#n, Math.min(this.#n * 8, Math.ceil((this.#n * SLICE_MS * 1e6) / ns)))
      }
      await new Promise((done) => setTimeout(done, 4))
    }
    return this
  }

  /** Nanoseconds a gas of one slice. */
  slice(): number {
    const { ns, gas } = this.#loop.run(this.#n)
    return ns / gas
  }
}
