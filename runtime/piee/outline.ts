/** What is public of a run before anyone ran it: which operators in which order, how values are named and shaped, where checkpoints stand. */
import {
  checkpointBoundaries,
  liveSet,
  sha256,
  UtnetError,
  type Commitment,
  type GraphRun,
  type TensorType,
  type TraceEntry,
  type CID,
} from '../core/index.ts'
import { byteLength } from './opening.ts'

/**
 * A function of the model and the shapes of its inputs; of a model that branches on values, or whose shapes depend on them, of the inputs themselves. So who
 * has not seen the inputs takes it from a run on others of the same shapes, and once for all runs of that shape.
 */
export interface Outline {
  readonly model: CID
  readonly trace: readonly TraceEntry[]
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  /** Of every value that is no constant. */
  readonly types: ReadonlyMap<string, TensorType>
  /** sha256 of outputs of the graph that are constants: no operator makes them. */
  readonly constantOutputs: ReadonlyMap<string, Uint8Array>
  /** Where checkpoints stand. */
  readonly boundaries: readonly number[]
  readonly cost: number
  /** Names of the values that live at a boundary, in their order. */
  live(boundary: number): readonly string[]
}

/** The outline of a run that was made. */
export function outlineOf(run: Pick<GraphRun, 'model' | 'trace' | 'inputs' | 'outputs'>): Outline {
  const { model, trace } = run
  const inputs = run.inputs.map((t) => t.name)
  const outputs = run.outputs.map((t) => t.name)
  const types = new Map<string, TensorType>(run.inputs.map(({ name, dtype, shape }) => [name, { dtype, shape }]))
  for (const entry of trace) entry.types.forEach((type, i) => entry.outputs[i] !== '' && types.set(entry.outputs[i] as string, type))
  return {
    model,
    trace,
    inputs,
    outputs,
    types,
    constantOutputs: new Map(run.outputs.filter((t) => !types.has(t.name)).map((t) => [t.name, sha256(t.data)])),
    boundaries: checkpointBoundaries(trace, inputs, outputs, (name) => byteLength(types.get(name) as TensorType)),
    cost: trace.reduce((sum, entry) => sum + entry.cost, 0),
    live: (boundary) => liveSet(trace, inputs, outputs, boundary),
  }
}

/** A piece of the trace between two checkpoints, the first inclusive. */
export interface Segment {
  readonly from: number
  readonly to: number
}

/** Segment `number` of a run that was committed to like this. Throws `core_bad_argument` for one that is not there. */
export function segmentOf(commitment: Commitment, number: number): Segment {
  const { checkpoints, entries } = commitment
  if (!Number.isSafeInteger(number) || number < 0 || number > checkpoints.length)
    throw new UtnetError('core_bad_argument', `there is no segment ${number} among ${checkpoints.length + 1}`)
  return { from: checkpoints[number - 1]?.[0] ?? 0, to: checkpoints[number]?.[0] ?? entries }
}

/** The segment that an entry lies in. */
export function segmentWith(commitment: Commitment, entry: number): number {
  const after = commitment.checkpoints.findIndex(([boundary]) => boundary > entry)
  return after < 0 ? commitment.checkpoints.length : after
}
