/**
 * A model on an ONNX Runtime whose values can be looked at. Values are had by further outputs of the same file; where it branches, they hide in subgraphs:
 * then what ran is written out as a file without branches. At the level that is pinned for it, neither changes a bit.
 */
import type { InferenceSession } from 'onnxruntime-web'
import {
  boundariesOf,
  checkpointRoot,
  equalBytes,
  exceptionsOf,
  isUtnetError,
  liveSet,
  UtnetError,
  type CheckpointTensor,
  type NamedTensor,
  type Tensor,
  type TensorType,
} from '../../core/index.ts'
import type { VerifiedRun } from '../device.ts'
import { exposed, nodeModel, writeModel, type Graph, type Model, type Node } from '../graph/index.ts'
import { canonicaliseNaNs } from '../nan.ts'
import { entriesFor, record, type ForeignNode, type RecordedEntry, type Recording } from '../trace/index.ts'
import { openSession, runRaw, runSession, type OrtKind } from './ort-runtime.ts'
import { rootsOf } from './shared-roots.ts'

/** So many operators are run one by one to know a value that shapes hang on; a session of each takes about 2 ms. */
const CHAIN = 64

/** Sessions that are kept of one model: one for each set of values. */
const KEPT = 3

interface Verified {
  readonly recording: Recording
  readonly boundaries: readonly number[]
  readonly live: ReadonlyMap<number, readonly string[]>
}

export class OrtGraph {
  readonly model: Model
  readonly arithmetic: string
  readonly #kind: OrtKind
  readonly #bytes: Uint8Array
  readonly #branches: boolean
  /** In order of use, the least recent first. */
  readonly #sessions = new Map<string, Promise<InferenceSession>>()
  /** By shapes, the last recording for them. */
  readonly #verified = new Map<string, Verified>()

  constructor(kind: OrtKind, model: Model, bytes: Uint8Array) {
    this.#kind = kind
    this.model = model
    this.arithmetic = kind.exposing.arithmetic
    this.#bytes = bytes
    this.#branches = model.graph.nodes.some((node) => [...node.attributes.values()].some((a) => a.kind === 'graph'))
  }

  /** What a run on these inputs consists of. */
  recording(inputs: readonly NamedTensor[]): Promise<Recording> {
    const known = new Map<string, Tensor>(inputs.map((t) => [t.name, t]))
    return record(this.model, inputs, {
      evaluate: async (partial, names) => {
        const chain = entriesFor(
          partial,
          names.filter((name) => !known.has(name)),
          { has: (name) => known.has(name) || partial.constants.has(name) },
        )
        if (chain.length > CHAIN)
          for (const [i, t] of (await this.values(partial, inputs, names)).entries()) known.set(names[i] as string, t)
        else for (const entry of chain) await this.#evaluate(entry, partial, known)
        return names.map((name) => ((known.get(name) ?? partial.constants.get(name)) as Tensor).data)
      },
      // here nothing is foreign: what has no kernels runs as everything else does
      foreign: (node) => this.operator(node),
    })
  }

  /** Values of a recorded run, NaNs canonical. */
  async values(recording: Recording, inputs: readonly NamedTensor[], names: readonly string[]): Promise<readonly Tensor[]> {
    const fed = new Map<string, Tensor>(inputs.map((t) => [t.name, t]))
    const there = (name: string): Tensor | undefined => recording.constants.get(name) ?? fed.get(name)
    const wanted = [...new Set(names)].filter((name) => there(name) === undefined)
    for (const name of wanted)
      if (!recording.types.has(name)) throw new UtnetError('core_bad_argument', `the run has no value ${name.slice(0, 80)}`)
    const found = new Map<string, Tensor>()
    if (wanted.length > 0)
      for (const t of await this.#run(recording, inputs, wanted)) {
        canonicaliseNaNs(t)
        found.set(t.name, t)
      }
    return names.map((name) => {
      const { dtype, shape, data } = (found.get(name) ?? there(name)) as Tensor
      return { dtype, shape, data }
    })
  }

  /** One operator of a chain, its results among what is known. What only has another shape is not run. */
  async #evaluate(
    { path, inputs, outputs, types, lowered }: RecordedEntry,
    { constants }: Recording,
    known: Map<string, Tensor>,
  ): Promise<void> {
    const operands = inputs.map((name) => (name === '' ? undefined : (known.get(name) ?? constants.get(name))))
    const at = (output: number): Uint8Array | undefined => {
      const alias = lowered?.aliases?.find(([to]) => to === output)
      return alias === undefined ? lowered?.known?.get(output) : operands[alias[1]]?.data
    }
    const named = outputs.flatMap((name, i) => (name === '' ? [] : [[name, i] as const]))
    const ready = named.every(([, i]) => at(i) !== undefined)
    const made = ready ? [] : await this.operator({ path, operands })
    for (const [k, [name, i]] of named.entries())
      known.set(name, ready ? { ...(types[i] as TensorType), data: at(i) as Uint8Array } : (made[k] as Tensor))
  }

  /** One operator alone: its outputs that have names. */
  operator({ path, operands }: ForeignNode): Promise<readonly Tensor[]> {
    return runNode(this.#kind, this.model, path, operands)
  }

  async verified(inputs: readonly NamedTensor[]): Promise<VerifiedRun> {
    const key = inputs.map((t) => t.shape.join()).join(';')
    const known = this.#verified.get(key)
    const again = known === undefined ? undefined : await this.#checkpointed(known, inputs)
    if (again !== undefined) return again
    const recording = await this.recording(inputs)
    const { entries, outputs } = recording
    const boundaries = boundariesOf({ trace: entries, inputs, outputs: outputs.map((name) => ({ name })) })
    const live = new Map(boundaries.map((k) => [k, liveSet(entries, recording.inputs, outputs, k)] as const))
    const made = { recording, boundaries, live }
    this.#verified.set(key, made)
    const first = await this.#checkpointed(made, inputs)
    if (first === undefined) throw new UtnetError('device_failed', 'a run of the model does not repeat itself')
    return first
  }

  async close(): Promise<void> {
    await Promise.all([...this.#sessions.values()].map((session) => this.#release(session)))
    this.#sessions.clear()
  }

  /** The run with its checkpoints; undefined where a value that the recording hangs on is another one. */
  async #checkpointed({ recording, boundaries, live }: Verified, inputs: readonly NamedTensor[]): Promise<VerifiedRun | undefined> {
    const needed = new Set([...recording.outputs, ...recording.guards.map((g) => g.name)])
    const hashed = new Set([...live.values()].flat())
    const at = new Map<string, Tensor>([...recording.constants, ...inputs.map((t) => [t.name, t] as const)])
    const names = [...new Set([...needed, ...hashed])].filter((name) => !at.has(name))
    if (names.length > 0) for (const t of await this.#run(recording, inputs, names)) at.set(t.name, t)
    for (const name of needed) if (names.includes(name)) canonicaliseNaNs(at.get(name) as Tensor)
    for (const { name, bytes } of recording.guards) if (!equalBytes((at.get(name) as Tensor).data, bytes)) return undefined
    // what nobody else needs may be given away to be hashed
    const spare = new Set(names.filter((name) => !needed.has(name)))
    const roots = await rootsOf(
      [...hashed].map((name) => [name, at.get(name) as Tensor, spare.has(name)]),
      this.#kind.hasher?.(),
    )
    const checkpoints = boundaries.map((boundary) => {
      const tensors = (live.get(boundary) ?? []).map((name): CheckpointTensor => {
        const { dtype, shape } = at.get(name) as Tensor
        return [name, dtype, shape, roots.get(name) as Uint8Array]
      })
      return [boundary, checkpointRoot(boundary, tensors)] as const
    })
    const outputs = this.model.graph.outputs.map(({ name }) => ({ name, ...(at.get(name) as Tensor) }))
    const { entries } = recording
    return { arithmetic: this.arithmetic, outputs, entries: entries.length, checkpoints, exceptions: exceptionsOf(entries) }
  }

  /** NaNs are as the runtime left them. */
  async #run(recording: Recording, inputs: readonly NamedTensor[], names: readonly string[]): Promise<readonly NamedTensor[]> {
    const { ort, turn, exposing } = this.#kind
    if (this.#branches) {
      const model = straight(this.model, recording, inputs, names)
      const session = await openSession(ort, turn, writeModel(exposing.layout?.(model, names) ?? model), exposing.options)
      try {
        const fed = inputs.filter((t) => session.inputNames.includes(t.name))
        return await runRaw(ort, turn, session, fed, names)
      } finally {
        await turn(() => session.release())
      }
    }
    return runRaw(ort, turn, await this.#session(names), inputs, names)
  }

  #session(names: readonly string[]): Promise<InferenceSession> {
    const key = names.join('\n')
    const { ort, turn, exposing } = this.#kind
    const found = this.#sessions.get(key) ?? openSession(ort, turn, this.#exposing(names), exposing.options)
    this.#sessions.delete(key)
    this.#sessions.set(key, found)
    found.catch(() => this.#sessions.delete(key))
    for (const [old, session] of this.#sessions) {
      if (this.#sessions.size <= KEPT) break
      this.#sessions.delete(old)
      void this.#release(session)
    }
    return found
  }

  /** The model's file with further outputs. */
  #exposing(names: readonly string[]): Uint8Array {
    const { layout } = this.#kind.exposing
    return exposed(layout === undefined ? this.#bytes : writeModel(layout(this.model, names)), names)
  }

  async #release(session: Promise<InferenceSession>): Promise<void> {
    const { turn } = this.#kind
    await session.then((s) => turn(() => s.release())).catch(() => {})
  }
}

/** What ran, as far as the values need it, as a model without branches. */
function straight(model: Model, recording: Recording, inputs: readonly NamedTensor[], names: readonly string[]): Model {
  const entries = entriesFor(recording, names)
  const nodes = entries.flatMap(({ source, inputs: taken, outputs }): Node[] =>
    source.domain === '' && source.op === 'If'
      ? outputs.map((name, i) => ({
          name: '',
          op: 'Identity',
          domain: '',
          inputs: [taken[i + 1] as string],
          outputs: [name],
          attributes: new Map(),
        }))
      : [source],
  )
  const taken = new Set(nodes.flatMap((node) => node.inputs))
  const graph: Graph = {
    inputs: inputs.filter((t) => taken.has(t.name)).map(({ name, dtype, shape }) => ({ name, dtype, shape })),
    outputs: names.map((name) => ({ name })),
    constants: new Map([...recording.constants].filter(([name]) => taken.has(name))),
    nodes,
  }
  return { opsets: model.opsets, graph }
}

/** One node of a model alone, by the options of runs whose values are looked at. */
export async function runNode(
  { ort, turn, exposing }: OrtKind,
  model: Model,
  path: readonly number[],
  operands: readonly (Tensor | undefined)[],
): Promise<readonly Tensor[]> {
  const { model: alone, inputs, outputs } = nodeModel(model, path, operands)
  const bytes = writeModel(exposing.layout?.(alone, outputs) ?? alone)
  const session = await openSession(ort, turn, bytes, exposing.options).catch((error: unknown) => {
    // the node is one of a model that loads, so what is wrong are the operands
    if (isUtnetError(error, 'model_invalid'))
      throw new UtnetError('tensor_shape', `the operator cannot take these operands: ${error.message}`, { cause: error })
    throw error
  })
  try {
    const feeds = inputs.map(([name, at]) => {
      const { dtype, shape, data } = operands[at] as Tensor
      return { name, dtype, shape, data }
    })
    const found = await runSession(ort, turn, session, feeds, outputs)
    return found.map(({ dtype, shape, data }) => ({ dtype, shape, data }))
  } finally {
    await turn(() => session.release())
  }
}

/** What the runtimes say of a node of which they have no operator, in this version of its domain or in any. */
const UNKNOWN_OPERATOR = /No Op registered|is not a registered function|Could not find an implementation|NOT_IMPLEMENTED/i

/** Whether the runtime has the operator at all; whether it takes these shapes shows when it runs. */
export async function knowsNode({ ort, turn, exposing }: OrtKind, model: Model, node: Node): Promise<boolean> {
  const inputs = [...new Set(node.inputs.filter((name) => name !== ''))]
  const graph: Graph = {
    inputs: inputs.map((name) => ({ name, dtype: 'f32', shape: [1] })),
    outputs: node.outputs.filter((name) => name !== '').map((name) => ({ name })),
    constants: new Map(),
    nodes: [node],
  }
  try {
    const session = await openSession(ort, turn, writeModel({ opsets: model.opsets, graph }), exposing.options)
    await turn(() => session.release())
    return true
  } catch (error) {
    return !UNKNOWN_OPERATOR.test((error as Error).message)
  }
}
