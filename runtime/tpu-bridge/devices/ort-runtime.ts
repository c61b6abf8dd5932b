/** ONNX Runtime sessions as both of its packages have them: opened, run, their faults told from those of models and inputs. */
import type { InferenceSession, Tensor as OrtTensor, TensorConstructor } from 'onnxruntime-web'
import { asUtnetError, atensor, UtnetError } from '../../core/index.ts'
import type { NamedTensor } from '../../core/index.ts'
import type { Model } from '../graph/index.ts'
import { canonicaliseNaNs } from '../nan.ts'
import type { serialQueue } from '../queue.ts'
import type { Hasher } from './hash-thread/index.ts'
import { bytesOf, dtypeOf, elementsOf, ortType } from './ort-dtype.ts'

/** The part of the ONNX Runtime API that is used here; both packages have it. */
export interface Ort {
  readonly InferenceSession: { create(model: Uint8Array, options: InferenceSession.SessionOptions): Promise<InferenceSession> }
  readonly Tensor: TensorConstructor
}

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
  const found = await runRaw(ort, turn, session, inputs, outputs)
  for (const tensor of found) canonicaliseNaNs(tensor)
  return found
}

/** The same with NaNs as the runtime left them. Each output has memory of its own. */
export async function runRaw(
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
  readonly exposing: {
    readonly options: InferenceSession.SessionOptions
    readonly arithmetic: string
    /** How the model is laid out for them: from the model alone, so that the values asked for change no bits. */
    readonly layout?: (model: Model, names: readonly string[]) => Model
  }
  /** Makes a share of the roots of a run's checkpoints. */
  readonly hasher?: () => Hasher
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
  return tensor
}

/** Faults of the device, not of the model or its inputs: memory ran out, or the runtime itself came down. */
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
