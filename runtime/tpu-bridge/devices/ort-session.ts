/** A loaded model over an ONNX Runtime session: what the native and the wasm runtime have in common. */
import type { InferenceSession, Tensor as OrtTensor, TensorConstructor } from 'onnxruntime-web'
import { asUtnetError, atensor, limitError, LIMITS, UtnetError } from '../../core/index.ts'
import type { NamedTensor, TensorSpec } from '../../core/index.ts'
import type { LoadedModel } from '../device.ts'
import { canonicaliseNaNs } from '../nan.ts'
import { checkModel } from '../model-check.ts'
import type { serialQueue } from '../queue.ts'
import { checkInputs, isDtype } from '../specs.ts'
import { bytesOf, dtypeOf, elementsOf, ortType } from './ort-dtype.ts'

/** The part of the ONNX Runtime API that is used here; both packages have it. */
export interface Ort {
  readonly InferenceSession: { create(model: Uint8Array, options: InferenceSession.SessionOptions): Promise<InferenceSession> }
  readonly Tensor: TensorConstructor
}

/** Weights, and the packed copies that kernels make of them. */
const MEMORY_FACTOR = 2

/** -1 in 32 bits. */
const FREE_SIDE = 0xffff_ffff

/** One work at a time: two runs of the wasm runtime that overlap corrupt each other (seen in 1.30). */
export type Turn = ReturnType<typeof serialQueue>

/** Checks a model, creates a session and wraps it. Throws `model_invalid`, or `device_failed` when memory ran out. */
export async function loadModel(ort: Ort, turn: Turn, bytes: Uint8Array, options: InferenceSession.SessionOptions): Promise<LoadedModel> {
  checkModel(bytes)
  let session: InferenceSession
  try {
    session = await turn(() => ort.InferenceSession.create(bytes, options))
  } catch (cause) {
    if (isDeviceFault(cause)) throw new UtnetError('device_failed', `the device failed to load the model: ${reason(cause)}`, { cause })
    throw new UtnetError('model_invalid', `the runtime refuses the model: ${reason(cause)}`, { cause })
  }
  try {
    const inputs = specsOf(session.inputNames, session.inputMetadata, 'input')
    const outputs = specsOf(session.outputNames, session.outputMetadata, 'output')
    return wrap(ort, turn, session, inputs, outputs, bytes.length * MEMORY_FACTOR)
  } catch (error) {
    await turn(() => session.release())
    throw error
  }
}

function wrap(
  ort: Ort,
  turn: Turn,
  session: InferenceSession,
  inputs: readonly TensorSpec[],
  outputs: readonly TensorSpec[],
  bytes: number,
): LoadedModel {
  return {
    inputs,
    outputs,
    bytes,
    async run(given) {
      checkInputs(inputs, given)
      const feeds: Record<string, OrtTensor> = Object.create(null) as Record<string, OrtTensor>
      for (const t of given) feeds[t.name] = new ort.Tensor(ortType(t.dtype), elementsOf(t.dtype, t.data), [...t.shape])
      let results: InferenceSession.OnnxValueMapType
      try {
        results = await turn(() => session.run(feeds, { logSeverityLevel: 4 }))
      } catch (cause) {
        if (isDeviceFault(cause)) throw new UtnetError('device_failed', `the device failed: ${reason(cause)}`, { cause })
        // dtypes and declared shapes were checked above, so what is left is a shape that the graph cannot take
        throw new UtnetError('tensor_shape', `the model cannot take these inputs: ${reason(cause)}`, { cause })
      }
      return outputs.map((spec) => outputOf(spec, results[spec.name]))
    },
    async close() {
      await turn(() => session.release())
    },
  }
}

function outputOf(spec: TensorSpec, value: OrtTensor | undefined): NamedTensor {
  const dtype = value === undefined ? undefined : dtypeOf(value.type)
  if (value === undefined || dtype === undefined || typeof value.data === 'string' || Array.isArray(value.data)) {
    throw new UtnetError('device_failed', `the device gave no tensor for output ${spec.name}`)
  }
  const tensor: NamedTensor = {
    name: spec.name,
    dtype,
    shape: [...value.dims],
    data: bytesOf(value.data as Exclude<OrtTensor.DataType, string[]>),
  }
  value.dispose()
  atensor(tensor, `output ${spec.name}`)
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

/** Faults of the device, not of the model or its inputs: memory ran out, or the runtime itself came down. */
export function isDeviceFault(error: unknown): boolean {
  if (typeof WebAssembly === 'object' && error instanceof WebAssembly.RuntimeError) return true
  // a fault of the runtime's own script; what it says of models and inputs comes as a plain Error
  if (error instanceof RangeError || error instanceof TypeError || error instanceof ReferenceError) return true
  return /bad_alloc|failed to allocate|out of memory|aborted|arena|memory access out of bounds|allocation failed/i.test(
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
