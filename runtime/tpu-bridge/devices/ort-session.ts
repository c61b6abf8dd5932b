/** A loaded model over an ONNX Runtime session: what the native and the wasm runtime have in common. */
import type { InferenceSession, Tensor as OrtTensor, TensorConstructor } from 'onnxruntime-web'
import { asUtnetError, atensor, limitError, LIMITS, UtnetError } from '../../core/index.ts'
import type { NamedTensor, Tensor, TensorSpec } from '../../core/index.ts'
import type { Device, LoadedModel } from '../device.ts'
import { canonicaliseNaNs } from '../nan.ts'
import { checkModel } from '../model-check.ts'
import type { serialQueue } from '../queue.ts'
import { checkInputs, isDtype, ordered } from '../specs.ts'
import { readModel, type Model, type Node } from '../graph/index.ts'
import { OrtGraph } from './ort-graph.ts'
import { bytesOf, dtypeOf, elementsOf, ortType } from './ort-dtype.ts'

/** The part of the ONNX Runtime API that is used here; both packages have it. */
export interface Ort {
  readonly InferenceSession: { create(model: Uint8Array, options: InferenceSession.SessionOptions): Promise<InferenceSession> }
  readonly Tensor: TensorConstructor
}

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

/** One work at a time: two runs of the wasm runtime that overlap corrupt each other (seen in 1.30). */
export type Turn = ReturnType<typeof serialQueue>

/** A session of a model that was checked. Throws `model_invalid`, or `device_failed` when memory ran out. */
export async function openSession(
  ort: Ort,
  turn: Turn,
  bytes: Uint8Array,
  options: InferenceSession.SessionOptions,
): Promise<InferenceSession> {
  try {
    return await turn(() => ort.InferenceSession.create(bytes, options))
  } catch (cause) {
    if (isDeviceFault(cause)) throw new UtnetError('device_failed', `the device failed to load the model: ${reason(cause)}`, { cause })
    throw new UtnetError('model_invalid', `the runtime refuses the model: ${reason(cause)}`, { cause })
  }
}

/** Runs a session on inputs whose dtypes were checked; gives the outputs of these names, NaNs canonical. */
export async function runSession(
  ort: Ort,
  turn: Turn,
  session: InferenceSession,
  inputs: readonly NamedTensor[],
  outputs: readonly string[],
): Promise<readonly NamedTensor[]> {
  const feeds: Record<string, OrtTensor> = Object.create(null) as Record<string, OrtTensor>
  for (const t of inputs) feeds[t.name] = new ort.Tensor(ortType(t.dtype), elementsOf(t.dtype, t.data), [...t.shape])
  let results: InferenceSession.OnnxValueMapType
  try {
    results = await turn(() => session.run(feeds, outputs, { logSeverityLevel: 4 }))
  } catch (cause) {
    if (isDeviceFault(cause)) throw new UtnetError('device_failed', `the device failed: ${reason(cause)}`, { cause })
    // dtypes and declared shapes were checked above, so what is left is a shape that the graph cannot take
    throw new UtnetError('tensor_shape', `the model cannot take these inputs: ${reason(cause)}`, { cause })
  }
  return outputs.map((name) => outputOf(name, results[name]))
}

/** How a device keeps a run's checkpoints: the sessions that have the values are made when the first run asks. */
export interface OrtKind {
  readonly ort: Ort
  readonly turn: Turn
  /** Of plain runs. */
  readonly options: InferenceSession.SessionOptions
  /** Of runs whose values are looked at, and their arithmetic. */
  readonly exposing: { readonly options: InferenceSession.SessionOptions; readonly arithmetic: string }
}

/** Checks a model, creates a session and wraps it. Throws `model_invalid`, or `device_failed` when memory ran out. */
export async function loadModel(kind: OrtKind, bytes: Uint8Array): Promise<LoadedModel> {
  const { ort, turn, options } = kind
  checkModel(bytes)
  const session = await openSession(ort, turn, bytes, options)
  try {
    const inputs = specsOf(session.inputNames, session.inputMetadata, 'input')
    const outputs = specsOf(session.outputNames, session.outputMetadata, 'output')
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

function outputOf(name: string, value: OrtTensor | undefined): NamedTensor {
  const dtype = value === undefined ? undefined : dtypeOf(value.type)
  if (value === undefined || dtype === undefined || typeof value.data === 'string' || Array.isArray(value.data)) {
    throw new UtnetError('device_failed', `the device gave no tensor for output ${name}`)
  }
  const data = bytesOf(value.data as Exclude<OrtTensor.DataType, string[]>)
  const tensor: NamedTensor = { name, dtype, shape: [...value.dims], data }
  value.dispose()
  atensor(tensor, `output ${name}`)
  canonicaliseNaNs(tensor)
  return tensor
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

/** Faults of the device, not of the model or its inputs: memory ran out, the runtime itself came down, or a graphics processor went away. */
export function isDeviceFault(error: unknown): boolean {
  if (typeof WebAssembly === 'object' && error instanceof WebAssembly.RuntimeError) return true
  // a fault of the runtime's own script; what it says of models and inputs comes as a plain Error
  if (error instanceof RangeError || error instanceof TypeError || error instanceof ReferenceError) return true
  return /bad_alloc|failed to allocate|out of memory|aborted|arena|memory access out of bounds|allocation failed|device (?:is |was )?lost|(?:CUDA|CUBLAS|CUDNN) failure|DXGI_ERROR/i.test(
    asUtnetError(error).message,
  )
}

/** A runtime's message, cut to what a person can use: its own source locations say nothing to the caller. */
export function reason(error: unknown): string {
  const message = (error instanceof Error ? error.message : String(error))
    .replace(/^Can't create a session\. |^failed to call OrtRun\(\)\. /, '')
    .replace(/ERROR_CODE: \d+, ERROR_MESSAGE: /, '')
    .replace(/.*\[ONNXRuntimeError\] : \d+ : [A-Z_]+ : /s, '')
    .replace(/(?:\/[\w.+-]+)+\/[\w.-]+\.(?:cc|h):\d+ /g, '')
    .replace(/\s+/g, ' ')
    .trim()
  return message.length > 300 ? `${message.slice(0, 300)}...` : message
}
