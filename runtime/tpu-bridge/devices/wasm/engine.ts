/** Runs one model on kernels: records it for the shapes it sees, then repeats what was recorded, in one arena, by one lane or several. */
import {
  boundariesOf,
  equalBytes,
  exceptionsOf,
  UtnetError,
  type Commitment,
  type NamedTensor,
  type Tensor,
  type TensorType,
} from '../../../core/index.ts'
import type { Model, Node } from '../../graph/index.ts'
import { canonicaliseNaNs } from '../../nan.ts'
import { entriesFor, record, type ForeignNode, type Recording } from '../../trace/index.ts'
import { BoundPlan, Residents } from './bound.ts'
import type { Crew } from './crew.ts'
import type { Hasher } from '../hash-thread/index.ts'
import { begin, failure, Lane, stateWords, waitForAll, waitUntilGone, abort } from './lane.ts'
import { ModelMemory, type ExactModule } from './memory.ts'
import { plan, type Stop } from './plan.ts'
import { Checkpoints, liveAt, type RunRoots } from './roots.ts'

export interface Machine {
  readonly exact: ExactModule
  /** Divides runs that are worth it; one lane does all where there is none. */
  readonly crew?: Crew
  /** Makes roots beside a run; the run makes them itself where there is none. */
  readonly hasher?: Hasher
  /** Runs operators without kernels; refused with `operator_unsupported` where there is none. */
  readonly foreign?: ForeignDevice
  /** Pages that a model may take; the default is what a guest may. */
  readonly quotaPages?: number
}

/** Another device, for operators that have no kernels. */
export interface ForeignDevice {
  readonly arithmetic: string
  /** Whether it has the operator at all. */
  knows(model: Model, node: Node): Promise<boolean>
  /** Gives the outputs that have names. */
  run(model: Model, node: ForeignNode): Promise<readonly Tensor[]>
}

/** A recording, and the plans that are bound for it. */
interface Held {
  readonly recording: Recording
  plain: BoundPlan | undefined
  verified: Checkpoints | undefined
}

/** Recordings of one model that are kept: shapes that come again cost nothing. */
const HELD = 16

/** Below so many multiply-adds other lanes take longer to wake than they save. */
const WORTH_DIVIDING = 2_000_000

export class Engine {
  readonly #model: Model
  readonly #machine: Machine
  readonly #memory: ModelMemory
  readonly #lane: Lane
  readonly #residents: Residents
  readonly #member: number | undefined
  readonly #state: Int32Array | undefined
  /** In order of use, the least recent first. */
  #held: Held[] = []

  constructor(model: Model, machine: Machine) {
    this.#model = model
    this.#machine = machine
    this.#memory = new ModelMemory(machine.exact, machine.quotaPages)
    this.#lane = new Lane(machine.exact, this.#memory.memory)
    this.#residents = new Residents(this.#memory)
    if (machine.crew !== undefined) {
      this.#member = machine.crew.join(this.#memory.memory)
      this.#state = new Int32Array(new SharedArrayBuffer(stateWords(machine.crew.lanes) * 4))
    }
  }

  /** Of its memory, as it is now. */
  get bytes(): number {
    return this.#memory.bytes
  }

  /** Runs it; inputs were checked and stand in the graph's order. One run at a time. */
  async run(inputs: readonly NamedTensor[]): Promise<readonly NamedTensor[]> {
    const { bound } = await this.#ran(inputs, (held) => (held.plain ??= this.#bind(held.recording, { keep: held.recording.outputs })))
    return this.#outputs(bound)
  }

  /** Runs it and makes the roots of its checkpoints meanwhile. */
  async verified(
    inputs: readonly NamedTensor[],
  ): Promise<
    Pick<Commitment, 'entries' | 'checkpoints' | 'exceptions'> & { readonly outputs: readonly NamedTensor[]; readonly hashMs: number }
  > {
    let roots: RunRoots | undefined
    try {
      const { bound, recording } = await this.#ran(
        inputs,
        (held) => {
          roots?.abandon()
          const checkpoints = (held.verified ??= this.#bindVerified(held.recording, inputs))
          // hashed in place: where the arena is must be known before the run
          checkpoints.bound.ready()
          roots = checkpoints.begin(this.#memory.memory, this.#machine.hasher)
          return checkpoints.bound
        },
        (mark) => roots?.reached(mark),
      )
      const { entries } = recording
      const outputs = this.#outputs(bound)
      const checkpoints = (await roots?.checkpoints()) ?? []
      return { outputs, entries: entries.length, checkpoints, exceptions: exceptionsOf(entries), hashMs: roots?.ms ?? 0 }
    } catch (error) {
      roots?.abandon()
      throw error
    }
  }

  /** What a run on these inputs consists of. */
  async recording(inputs: readonly NamedTensor[]): Promise<Recording> {
    const found = this.#candidates(inputs)[0]
    return found === undefined || found.recording.guards.length > 0 ? this.#record(inputs) : found.recording
  }

  /** Values of a recorded run on these inputs, NaNs canonical. */
  async values(recording: Recording, inputs: readonly NamedTensor[], names: readonly string[]): Promise<readonly Tensor[]> {
    const bound = this.#bind(recording, { entries: entriesFor(recording, names), keep: names })
    try {
      if (!(await this.#repeat(bound, inputs))) throw new UtnetError('node_internal', 'a recording does not fit the inputs it was made for')
      return names.map((name) => tensorOf(bound, name))
    } finally {
      bound.release()
    }
  }

  close(): void {
    if (this.#member !== undefined) this.#machine.crew?.leave(this.#member)
  }

  /** Repeats a recording that fits the inputs; records anew where none does. */
  async #ran(
    inputs: readonly NamedTensor[],
    bind: (held: Held) => BoundPlan,
    onMark?: (mark: number) => void,
  ): Promise<{ readonly bound: BoundPlan; readonly recording: Recording }> {
    for (const held of this.#candidates(inputs)) {
      const bound = bind(held)
      if (await this.#repeat(bound, inputs, onMark)) return { bound, recording: this.#used(held).recording }
    }
    const held: Held = { recording: await this.#record(inputs), plain: undefined, verified: undefined }
    const bound = bind(held)
    if (!(await this.#repeat(bound, inputs, onMark))) throw new UtnetError('device_failed', 'a run of the model does not repeat itself')
    return { bound, recording: this.#used(held).recording }
  }

  #candidates(inputs: readonly NamedTensor[]): Held[] {
    return this.#held.filter(({ recording: { types, guards } }) =>
      inputs.every(({ name, shape, data }) => {
        if (types.get(name)?.shape.join() !== shape.join()) return false
        const guard = guards.find((g) => g.name === name)
        return guard === undefined || equalBytes(guard.bytes, data)
      }),
    )
  }

  #used(held: Held): Held {
    this.#held = [...this.#held.filter((h) => h !== held), held]
    for (const old of this.#held.splice(0, Math.max(0, this.#held.length - HELD))) {
      old.plain?.release()
      old.verified?.bound.release()
    }
    return held
  }

  #record(inputs: readonly NamedTensor[]): Promise<Recording> {
    const { foreign } = this.#machine
    return record(this.#model, inputs, {
      evaluate: async (recording, names) => (await this.values(recording, inputs, names)).map((t) => t.data),
      ...(foreign === undefined ? {} : { foreign: (node) => foreign.run(this.#model, node), foreignArithmetic: foreign.arithmetic }),
    })
  }

  #bind(recording: Recording, options: Parameters<typeof plan>[1]): BoundPlan {
    return new BoundPlan(recording, plan(recording, options), this.#memory, this.#residents, this.#lane)
  }

  #bindVerified(recording: Recording, inputs: readonly NamedTensor[]): Checkpoints {
    const { entries, outputs } = recording
    const boundaries = boundariesOf({ trace: entries, inputs, outputs: outputs.map((name) => ({ name })) })
    const live = boundaries.flatMap((k) => liveAt(recording, k))
    const bound = this.#bind(recording, { keep: [...outputs, ...live], boundaries })
    bound.ready()
    return new Checkpoints(bound, boundaries)
  }

  /** Runs a plan; false where a value that it hangs on is another one now. */
  async #repeat(bound: BoundPlan, inputs: readonly NamedTensor[], onMark?: (mark: number) => void): Promise<boolean> {
    bound.ready()
    for (const { name, dtype, shape, data } of inputs) {
      const place = bound.peek(name)
      place.set(data)
      canonicaliseNaNs({ dtype, shape, data: place })
    }
    const { plan: whole } = bound
    let from = 0
    for (const stop of whole.stops) {
      this.#span(bound, from, stop.before, onMark)
      from = stop.before
      if (!(await this.#stop(bound, stop))) return false
    }
    this.#span(bound, from, whole.steps.length, onMark, true)
    return true
  }

  async #stop(bound: BoundPlan, stop: Stop): Promise<boolean> {
    if (stop.kind === 'check') return equalBytes(bound.peek(stop.name), stop.bytes)
    const { foreign } = this.#machine
    if (foreign === undefined) throw new UtnetError('operator_unsupported', `device wasm has no operator ${stop.entry.operator}`)
    const { inputs, outputs, path } = stop.entry
    const operands = inputs.map((name) => (name === '' ? undefined : tensorOf(bound, name)))
    const results = await foreign.run(this.#model, { path, operands })
    return outputs
      .filter((name) => name !== '')
      .every((name, i) => {
        const [result, type] = [results[i], bound.plan.types.get(name)]
        if (result === undefined || type === undefined || result.dtype !== type.dtype || result.shape.join() !== type.shape.join())
          return false
        bound.peek(name).set(result.data)
        return true
      })
  }

  /** The steps `from` to `to`; marks within, and those at its end where it is the last. */
  #span(bound: BoundPlan, from: number, to: number, onMark: ((mark: number) => void) | undefined, last = false): void {
    const { crew } = this.#machine
    const { calls, plan: whole } = bound
    const state = this.#state
    const many = crew !== undefined && state !== undefined && whole.sharedCost >= WORTH_DIVIDING && to - from > 1
    const walk = (a: number, b: number): void => {
      if (!many) return this.#lane.alone(calls, a, b)
      if (!this.#lane.together(calls, a, b, 0, crew.lanes, state)) throw failure(calls, crew.lanes, state) as UtnetError
      waitForAll(state, 0, crew.lanes, b)
    }
    if (many) {
      begin(state, crew.lanes, from)
      crew.run(this.#member as number, calls, from, to, state)
    }
    try {
      let at = from
      if (onMark !== undefined)
        for (const [i, mark] of whole.marks.entries()) {
          if (mark < from || mark > to || (mark === to && !last)) continue
          walk(at, mark)
          at = mark
          onMark(i)
        }
      walk(at, to)
      const wrong = many ? failure(calls, crew.lanes, state) : undefined
      if (wrong !== undefined) throw wrong
    } catch (error) {
      if (many) abort(state, 0, crew.lanes)
      if (error instanceof UtnetError) throw error
      throw new UtnetError('device_failed', `a kernel of device wasm trapped: ${(error as Error).message}`, { cause: error })
    } finally {
      if (many) waitUntilGone(state, crew.lanes)
    }
  }

  #outputs(bound: BoundPlan): readonly NamedTensor[] {
    return this.#model.graph.outputs.map(({ name }, i) => ({ name, ...tensorOf(bound, bound.recording.outputs[i] as string) }))
  }
}

/** A copy of a value out of the arena, NaNs canonical. */
function tensorOf(bound: BoundPlan, name: string): Tensor {
  const { dtype, shape } = bound.plan.types.get(name) as TensorType
  const tensor = { dtype, shape: [...shape], data: new Uint8Array(bound.peek(name)) }
  canonicaliseNaNs(tensor)
  return tensor
}
