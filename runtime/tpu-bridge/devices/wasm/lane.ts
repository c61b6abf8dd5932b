/** One thread's part in a run: an instance over the model's memory, and the walk over its calls. */
import { UtnetError } from '../../../core/index.ts'
import type { ExactModule } from './memory.ts'

interface Exports {
  readonly 'utnet:gas': WebAssembly.Global
  kernel(id: number, record: number, part: number, parts: number): number
}

/** A call is three words: kernel, address of its record, whether it is worth dividing. */
export const CALL_WORDS = 3

/** What lanes tell each other: words of 4 bytes, each on a cache line of its own. */
const LINE = 32
const DONE = 0
const ASLEEP = 16
const GONE = 8
/** Behind the lanes' words: the call that failed + 1, its status. */
const failedAt = (lanes: number): number => lanes * LINE

/** Words of the state of a run by so many lanes. */
export const stateWords = (lanes: number): number => lanes * LINE + LINE

/** Looks at another lane so often before it sleeps: some 20 microseconds. */
const SPINS = 4_000

/** The gas of a run: what a node runs for itself ends by time, not by gas. */
const PLENTY = 1n << 62n

export class Lane {
  readonly #exports: Exports

  constructor({ compiled }: Pick<ExactModule, 'compiled'>, memory: WebAssembly.Memory) {
    this.#exports = new WebAssembly.Instance(compiled, { utnet: { memory } }).exports as unknown as Exports
  }

  /** Runs the calls `from` to `to` alone. */
  alone(calls: Int32Array, from: number, to: number): void {
    const { kernel } = this.#exports
    this.#exports['utnet:gas'].value = PLENTY
    for (let i = from, at = from * CALL_WORDS; i < to; i++, at += CALL_WORDS) {
      const status = kernel(calls[at] as number, calls[at + 1] as number, 0, 1)
      if (status !== 0) throw stopped(calls[at] as number, status)
    }
  }

  /**
   * Does share `lane` of `lanes` of the calls `from` to `to`; every lane walks over all of them. A call begins when all lanes are done with those before it.
   * `state` was readied by `begin`. Gives whether all went well; `failure` says what did not.
   */
  together(calls: Int32Array, from: number, to: number, lane: number, lanes: number, state: Int32Array): boolean {
    const { kernel } = this.#exports
    this.#exports['utnet:gas'].value = PLENTY
    const failed = failedAt(lanes)
    for (let i = from, at = from * CALL_WORDS; i < to; i++, at += CALL_WORDS) {
      const shared = calls[at + 2] !== 0
      if (shared || lane === 0) {
        for (let other = 0; other < lanes; other++) if (other !== lane) waitFor(state, other, lane, i)
        if (Atomics.load(state, failed) !== 0) break
        const status = shared
          ? kernel(calls[at] as number, calls[at + 1] as number, lane, lanes)
          : kernel(calls[at] as number, calls[at + 1] as number, 0, 1)
        if (status !== 0) fail(state, lanes, i, status)
      }
      tell(state, lane, lanes, i + 1)
    }
    const well = Atomics.load(state, failed) === 0
    if (!well) tell(state, lane, lanes, FOREVER)
    return well
  }
}

/** Readies the state of a run that begins with the call `from`. */
export function begin(state: Int32Array, lanes: number, from: number): void {
  state.fill(0)
  for (let lane = 0; lane < lanes; lane++) Atomics.store(state, lane * LINE + DONE, from)
}

/** Says that a lane touches the memory no more. */
export function leave(state: Int32Array, lane: number): void {
  Atomics.store(state, lane * LINE + GONE, 1)
  Atomics.notify(state, lane * LINE + GONE)
}

/** Waits until all lanes but the first have left the run, however it ended. */
export function waitUntilGone(state: Int32Array, lanes: number): void {
  for (let lane = 1; lane < lanes; lane++) {
    const at = lane * LINE + GONE
    for (let spins = 0; Atomics.load(state, at) === 0; spins++) if (spins >= SPINS) Atomics.wait(state, at, 0)
  }
}

/** Waits until all other lanes are done with the calls before `to`. */
export function waitForAll(state: Int32Array, lane: number, lanes: number, to: number): void {
  for (let other = 0; other < lanes; other++) if (other !== lane) waitFor(state, other, lane, to)
}

/** What went wrong in a run by many lanes; undefined where nothing did. */
export function failure(calls: Int32Array, lanes: number, state: Int32Array): UtnetError | undefined {
  const at = Atomics.load(state, failedAt(lanes)) - 1
  return at < 0 ? undefined : stopped(calls[at * CALL_WORDS] as number, Atomics.load(state, failedAt(lanes) + 1))
}

/** Ends a run that a lane cannot go on with: a trap. */
export function abort(state: Int32Array, lane: number, lanes: number): void {
  fail(state, lanes, 0, TRAPPED)
  tell(state, lane, lanes, FOREVER)
}

const TRAPPED = -1
const FOREVER = 0x7fff_ffff

function fail(state: Int32Array, lanes: number, call: number, status: number): void {
  Atomics.store(state, failedAt(lanes) + 1, status)
  Atomics.store(state, failedAt(lanes), call + 1)
}

function waitFor(state: Int32Array, other: number, lane: number, calls: number): void {
  const at = other * LINE + DONE
  for (let spins = 0; ; spins++) {
    const done = Atomics.load(state, at)
    if (done >= calls) return
    if (spins < SPINS) continue
    Atomics.store(state, lane * LINE + ASLEEP, 1)
    Atomics.wait(state, at, done)
    Atomics.store(state, lane * LINE + ASLEEP, 0)
  }
}

function tell(state: Int32Array, lane: number, lanes: number, calls: number): void {
  Atomics.store(state, lane * LINE + DONE, calls)
  for (let other = 0; other < lanes; other++)
    if (other !== lane && Atomics.load(state, other * LINE + ASLEEP) !== 0) Atomics.notify(state, lane * LINE + DONE)
}

const BAD_INDEX = 1
const BAD_VALUE = 2

/** The numbers of `status.ts` of the guest. */
function stopped(kernel: number, status: number): UtnetError {
  if (status === BAD_INDEX) return new UtnetError('tensor_input', 'an index in the inputs, or made of them, points outside its tensor')
  if (status === BAD_VALUE)
    return new UtnetError('tensor_input', 'an operator of the model does not allow a value in the inputs, or made of them')
  return new UtnetError('device_failed', `kernel ${kernel} of device wasm ended with ${status}`)
}
