/** A loaded model over an ONNX Runtime session: what the native and the wasm runtime have in common. */
import type { InferenceSession } from 'onnxruntime-web'
import { limitError, LIMITS, UtnetError } from '../../core/index.ts'
import type { Tensor, TensorSpec } from '../../core/index.ts'
import type { Device, LoadedModel } from '../device.ts'
import { readModel, type Model, type Node, checkModel } from '../graph/index.ts'
import { checkInputs, checkSpecs, isDtype, ordered } from '../specs.ts'
import { dtypeOf } from './ort-dtype.ts'
import { OrtGraph } from './ort-graph.ts'
import { openSession, runSession, type OrtKind } from './ort-runtime.ts'

/** A device whose runs can be looked into. */
export interface OrtDevice extends Device {
  /** The model as a graph. Throws what `load` does. */
  graph(bytes: Uint8Array): Promise<OrtGraph>
  /** Arithmetic of runs whose values are looked at. */
  readonly valuesArithmetic: string
  /** Whether it has an operator, in the version that the model asks for. */
  knows(model: Model, node: Node): Promise<boolean>
  /** One node of a model alone, by that arithmetic: its outputs that have names. Operands as `operandNames` has them. */
  operator(model: Model, path: readonly number[], operands: readonly (Tensor | undefined)[]): Promise<readonly Tensor[]>
}

/** Weights, and the packed copies that kernels make of them. */
const MEMORY_FACTOR = 2

/** -1 in 32 bits. */
const FREE_SIDE = 0xffff_ffff

/** Checks a model, creates a session and wraps it. Throws `model_invalid`, or `device_failed` when memory ran out. */
export async function loadModel(kind: OrtKind, bytes: Uint8Array): Promise<LoadedModel> {
  const { ort, turn, options } = kind
  checkModel(bytes)
  const session = await openSession(ort, turn, bytes, options)
  try {
    const inputs = specsOf(session.inputNames, session.inputMetadata, 'input')
    const outputs = specsOf(session.outputNames, session.outputMetadata, 'output')
    checkSpecs([...inputs, ...outputs])
    const names = outputs.map((o) => o.name)
    // read only where a run is to be verified: the graph of a large model costs memory
    let graph: OrtGraph | undefined
    return {
      inputs,
      outputs,
      bytes: bytes.length * MEMORY_FACTOR,
      async run(given) {
        checkInputs(inputs, given)
        return runSession(ort, turn, session, given, names)
      },
      async verified(given) {
        graph ??= new OrtGraph(kind, readModel(bytes), bytes)
        return graph.verified(ordered(inputs, given))
      },
      async close() {
        await graph?.close()
        await turn(() => session.release())
      },
    }
  } catch (error) {
    await turn(() => session.release())
    throw error
  }
}

function specsOf(
  names: readonly string[],
  metadata: readonly InferenceSession.ValueMetadata[],
  kind: 'input' | 'output',
): readonly TensorSpec[] {
  if (names.length > LIMITS.tensorsPerCall)
    throw limitError('model_invalid', 'tensorsPerCall', names.length, LIMITS.tensorsPerCall, `${kind}s of the model`)
  if (kind === 'output' && names.length === 0) throw new UtnetError('model_invalid', 'the model has no output')
  return names.map((name, i) => {
    const meta = metadata[i]
    if (meta === undefined || !meta.isTensor) throw new UtnetError('model_invalid', `${kind} ${name} of the model is not a tensor`)
    const dtype = dtypeOf(meta.type)
    if (dtype === undefined || !isDtype(dtype))
      throw new UtnetError('model_invalid', `${kind} ${name} of the model has type ${meta.type}, which the bridge does not carry`)
    if (meta.shape.length > LIMITS.tensorRank)
      throw limitError('model_invalid', 'tensorRank', meta.shape.length, LIMITS.tensorRank, `rank of ${kind} ${name}`)
    // a free side is its name; without one -1, which the wasm runtime reads as an unsigned integer
    return { name, dtype, shape: meta.shape.map((d) => (typeof d === 'number' && d >= 0 && d < FREE_SIDE ? d : -1)) }
  })
}
