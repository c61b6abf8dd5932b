/**
 * `wasm`: our own operators (`guest/operators/exact`), the bits of onnxruntime-web by kernels that anyone can run again one by one. Its arithmetic id
 * names the component that they are.
 */
import { isUtnetError, UtnetError } from '../../../core/index.ts'
import type { Dtype, NamedTensor, TensorSpec, TensorType } from '../../../core/index.ts'
import type { Device, LoadedModel, VerifiedRun } from '../../device.ts'
import { allNodes, readModel, requireOperators, type Model, type Node } from '../../graph/index.ts'
import { hasKernels, operatorKey } from '../../operators/index.ts'
import { serialQueue } from '../../queue.ts'
import { checkSpecs, ordered } from '../../specs.ts'
import { Crew } from './crew.ts'
import { Engine, type ForeignDevice, type Machine } from './engine.ts'
import { Hasher } from '../hash-thread/index.ts'
import { record } from '../../trace/index.ts'
import type { ExactCode, ExactModule } from './memory.ts'
import { bytesOf } from './plan.ts'

/** The guest `exact`: what it is called, and what of it runs. */
export interface ExactGuest extends ExactModule {
  /** CID of the component, in text. */
  readonly component: string
}

/** The guest that `wasm` runs: named at once, made ready when the device is first used. */
export interface LazyExact {
  /** CID of the component, in text. */
  readonly component: string
  ready(): ExactModule
  /** For another process, which compiles it itself. */
  code(): ExactCode
}

/** What the device runs, and on how much of the machine. */
export interface WasmOptions {
  readonly exact: ExactGuest
  /** Threads that a run is divided among; the bits are the same. The default is 1. */
  readonly lanes?: number
  /** Makes the roots of verified runs in a thread of its own. */
  readonly hashThread?: boolean
  /** Runs operators that have no kernels; models with such are refused where there is none. */
  readonly foreign?: ForeignDevice
  /** Pages of 64 KiB that a model may take at most. */
  readonly quotaPages?: number
}

/** Arithmetic id of the kernels in a component. */
export const wasmArithmetic = (component: string): string => `exact:${component}`

/** What the device can run: what has kernels, and branches. */
export const runsOnWasm = (node: Node): boolean => hasKernels(node) || (node.domain === '' && node.op === 'If')

/** Of weights, what they are packed to, and values in between: an estimate. */
const MEMORY_FACTOR = 4

/** The device, in the thread that asks for it. */
export function wasmDevice({ exact, lanes = 1, hashThread = false, foreign, quotaPages }: WasmOptions): Device {
  if (!Number.isSafeInteger(lanes) || lanes < 1 || lanes > 64)
    throw new UtnetError('core_bad_argument', `lanes must be 1 to 64, got ${lanes}`)
  const turn = serialQueue()
  let machine: Machine | undefined
  const started = (): Machine => {
    machine ??= {
      exact,
      ...(lanes === 1 ? {} : { crew: new Crew(exact, lanes) }),
      ...(hashThread ? { hasher: new Hasher() } : {}),
      ...(foreign === undefined ? {} : { foreign }),
      ...(quotaPages === undefined ? {} : { quotaPages }),
    }
    return machine
  }
  const arithmetic = wasmArithmetic(exact.component)
  return {
    id: foreign === undefined ? 'wasm' : 'wasm-mixed',
    class: 'exact',
    arithmetic,
    available: async () => true,
    async load(bytes) {
      const model = readModel(bytes)
      const elsewhere = foreign === undefined ? new Set<string>() : await foreignKinds(model, foreign)
      const runs = (node: Node): boolean => runsOnWasm(node) || elsewhere.has(operatorKey(node))
      requireOperators(model, runs, foreign === undefined ? 'device wasm' : 'no device of this node')
      checkSpecs(model.graph.inputs)
      const types = await typesOf(model)
      const specs = { inputs: model.graph.inputs, outputs: outputSpecs(model, types) }
      checkSpecs(specs.outputs)
      return loaded(new Engine(model, started()), specs, arithmetic, turn, bytes.length * MEMORY_FACTOR)
    },
    async close() {
      const { crew, hasher } = machine ?? {}
      machine = undefined
      await Promise.all([crew?.close(), hasher?.close()])
    },
  }
}

function loaded(
  engine: Engine,
  specs: Pick<LoadedModel, 'inputs' | 'outputs'>,
  arithmetic: string,
  turn: ReturnType<typeof serialQueue>,
  bytes: number,
): LoadedModel {
  return {
    ...specs,
    bytes,
    async run(inputs) {
      const own = ordered(specs.inputs, inputs)
      return turn(() => engine.run(own))
    },
    async verified(inputs): Promise<VerifiedRun> {
      const own = ordered(specs.inputs, inputs)
      return { arithmetic, ...(await turn(() => engine.verified(own))) }
    },
    async close() {
      await turn(async () => engine.close())
    },
  }
}

/**
 * The types of the whole graph show before anything is run: those of its outputs, in order. Throws `model_invalid` where all sides are said and do not fit; where some are free they
 * are tried as 1, which tells dtypes but not shapes, and says nothing where it fails.
 */
async function typesOf(model: Model): Promise<readonly (TensorType | undefined)[]> {
  const { inputs } = model.graph
  const free = inputs.some(({ shape }) => shape.includes(-1))
  try {
    const zeros = inputs.map(({ name, dtype, shape }): NamedTensor => {
      const type = { dtype: dtype as Dtype, shape: shape.map((side) => (side === -1 ? 1 : side)) }
      return { name, ...type, data: new Uint8Array(bytesOf(type)) }
    })
    const { outputs, types } = await record(model, zeros, {
      typesOnly: true,
      evaluate: () => Promise.reject(new UtnetError('device_failed', 'nothing runs yet')),
    })
    const found = outputs.map((name) => types.get(name))
    return free ? found.map((type) => type && { dtype: type.dtype, shape: [] }) : found
  } catch (error) {
    // what else goes wrong may be right with other values
    if (!free && isUtnetError(error, 'model_invalid')) throw error
    return []
  }
}

/** Kinds of operators of the model that have no kernels and that the other device has. */
async function foreignKinds(model: Model, foreign: ForeignDevice): Promise<ReadonlySet<string>> {
  const found = new Map<string, boolean>()
  for (const node of allNodes(model.graph)) {
    const key = operatorKey(node)
    if (!runsOnWasm(node) && !found.has(key)) found.set(key, await foreign.knows(model, node))
  }
  return new Set([...found].filter(([, known]) => known).map(([key]) => key))
}

/** What a file does not say of an output may have shown. */
function outputSpecs({ graph }: Model, types: readonly (TensorType | undefined)[]): readonly TensorSpec[] {
  return graph.outputs.map((said, i) => {
    const { name, dtype = types[i]?.dtype, shape = types[i]?.shape } = said
    if (dtype === undefined || shape === undefined)
      throw new UtnetError('model_invalid', `the model does not say what its output ${name.slice(0, 80)} is`, {
        hint: 'export it with shapes inferred (onnx.shape_inference)',
      })
    return { name, dtype, shape }
  })
}
