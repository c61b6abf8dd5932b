/** `GraphRunner` on the local runtimes: whole runs whose values can be looked at, and operators alone, in the thread that asks. */
import { UtnetError, type CID, type GraphRun, type GraphRunner, type NamedTensor, type Tensor } from '../../core/index.ts'
import { nodeAt, readModel, type Model } from '../graph/index.ts'
import { serialQueue } from '../queue.ts'
import { ordered } from '../specs.ts'
import type { Recording } from '../trace/index.ts'
import type { OrtGraph } from './ort-graph.ts'
import type { OrtDevice } from './ort-session.ts'
import { wasmArithmetic, WasmGraph, type ExactGuest, type ForeignDevice } from './wasm/index.ts'

/** Bytes of a model; throws `model_not_found` or `block_not_found`. */
export type ReadModel = (model: CID) => Promise<Uint8Array>

/** A graph runner of this process, which holds models that it ran. */
export interface LocalRunner extends GraphRunner {
  close(): Promise<void>
}

/** A model on one of the runtimes. */
interface RunnableGraph {
  readonly model: Model
  recording(inputs: readonly NamedTensor[]): Promise<Recording>
  /** In order, NaNs canonical. */
  values(recording: Recording, inputs: readonly NamedTensor[], names: readonly string[]): Promise<readonly Tensor[]>
  /** Outputs in the places of the node's; of those without a name nothing is said. */
  operator(path: readonly number[], operands: readonly (Tensor | undefined)[]): Promise<readonly Tensor[]>
  close(): Promise<void>
}

/** Models that stay loaded. */
const KEPT = 4

function localRunner(arithmetic: string, load: (model: CID) => Promise<RunnableGraph>): LocalRunner {
  const turn = serialQueue()
  /** In order of use, the least recent first. */
  const graphs = new Map<string, Promise<RunnableGraph>>()

  function graphOf(model: CID): Promise<RunnableGraph> {
    const key = model.toString()
    const found = graphs.get(key) ?? load(model)
    graphs.delete(key)
    graphs.set(key, found)
    found.catch(() => graphs.delete(key))
    for (const [old, graph] of graphs) {
      if (graphs.size <= KEPT) break
      graphs.delete(old)
      void graph.then((g) => turn(() => g.close())).catch(() => {})
    }
    return found
  }

  return {
    arithmetic,
    async run(model, inputs): Promise<GraphRun> {
      const graph = await graphOf(model)
      const fed = ordered(graph.model.graph.inputs, inputs)
      const recording = await turn(() => graph.recording(fed))
      const outputs = await turn(() => graph.values(recording, fed, recording.outputs))
      const known = new Set(recording.types.keys())
      return {
        model,
        arithmetic,
        trace: recording.entries,
        inputs: fed,
        outputs: graph.model.graph.outputs.map(({ name }, i) => ({ name, ...(outputs[i] as Tensor) })),
        async values(names) {
          const missing = names.find((name) => !known.has(name))
          if (missing !== undefined) throw new UtnetError('core_bad_argument', `the run has no value ${missing.slice(0, 80)}`)
          // asked for anew: the model may have been closed meanwhile
          const again = await graphOf(model)
          return turn(() => again.values(recording, fed, names))
        },
        async close() {},
      }
    },
    async runOperator(model, path, operands) {
      const graph = await graphOf(model)
      const { node } = nodeAt(graph.model, path)
      if (node.domain === '' && node.op === 'If') return branchOutputs(node.outputs.length, operands)
      return turn(() => graph.operator(path, operands))
    },
    async close() {
      const open = [...graphs.values()]
      graphs.clear()
      await Promise.all(open.map((graph) => graph.then((g) => turn(() => g.close())).catch(() => {})))
    },
  }
}

/** What an `If` gives: the values of the branch that ran, which stand behind the condition. */
function branchOutputs(count: number, operands: readonly (Tensor | undefined)[]): readonly Tensor[] {
  return Array.from({ length: count }, (_, i) => {
    const operand = operands[i + 1]
    if (operand === undefined) throw new UtnetError('core_bad_argument', `operand ${i + 1} of an If is missing`)
    return operand
  })
}

/** Runs graphs on kernels. What has none runs on `foreign`, or is refused. */
export function wasmRunner(options: {
  readonly exact: ExactGuest
  readonly models: ReadModel
  readonly foreign?: ForeignDevice
}): LocalRunner {
  const { exact, models, foreign } = options
  return localRunner(wasmArithmetic(exact.component), async (model) => new WasmGraph(readModel(await models(model)), exact, foreign))
}

/** Runs graphs on an ONNX Runtime, by the arithmetic of its runs whose values are looked at. */
export function ortRunner(device: OrtDevice, models: ReadModel): LocalRunner {
  return localRunner(device.valuesArithmetic, async (model) => runnable(await device.graph(await models(model))))
}

function runnable(graph: OrtGraph): RunnableGraph {
  return {
    model: graph.model,
    recording: (inputs) => graph.recording(inputs),
    values: (recording, inputs, names) => graph.values(recording, inputs, names),
    operator: async (path, operands) => {
      const found = [...(await graph.operator({ path, operands }))]
      // those without a name have no bytes
      return nodeAt(graph.model, path).node.outputs.map((name) => (name === '' ? NOTHING : (found.shift() as Tensor)))
    },
    close: () => graph.close(),
  }
}

const NOTHING: Tensor = { dtype: 'u8', shape: [0], data: new Uint8Array(0) }
