/** Messages between a threaded device and its worker: plain data, tensors' bytes transferred. */
import type { NamedTensor, PlainError, TensorSpec } from '../../core/index.ts'
import type { VerifiedRun } from '../device.ts'
import type { GpuProvider } from './onnx-gpu.ts'
import type { ExactGuest } from './wasm/index.ts'

export type DeviceName = 'onnx-cpu' | 'onnx-gpu' | 'onnx-web' | 'wasm' | 'wasm-mixed' | 'simulated-tpu'

export interface DeviceThreadData {
  readonly device: DeviceName
  readonly threads: number | undefined
  /** Of `onnx-gpu`. */
  readonly gpu: GpuProvider | undefined
  /** Of `wasm` and `simulated-tpu`. */
  readonly exact: ExactGuest | undefined
}

export type Request =
  | { readonly op: 'available' }
  | { readonly op: 'load'; readonly bytes: Uint8Array; readonly model: string }
  | { readonly op: 'run' | 'verified'; readonly handle: number; readonly inputs: readonly NamedTensor[] }
  | { readonly op: 'close'; readonly handle: number }

export interface Loaded {
  readonly handle: number
  readonly inputs: readonly TensorSpec[]
  readonly outputs: readonly TensorSpec[]
  readonly bytes: number
}

/** What each request is answered with. */
export interface Answers {
  readonly available: true
  readonly load: Loaded
  readonly run: readonly NamedTensor[]
  readonly verified: VerifiedRun
  readonly close: true
}

export interface Envelope {
  readonly id: number
  readonly request: Request
}

export type Reply = { readonly id: number; readonly ok: Answers[keyof Answers] } | { readonly id: number; readonly error: PlainError }

/** Tensors with buffers of their own, that may be transferred without taking the caller's, and the list of those buffers. */
export function detachable(tensors: readonly NamedTensor[]): { readonly tensors: NamedTensor[]; readonly buffers: ArrayBuffer[] } {
  const buffers: ArrayBuffer[] = []
  const copies = tensors.map((t) => {
    // not slice(): that of a Buffer is a view
    const data = new Uint8Array(t.data)
    buffers.push(data.buffer)
    return { name: t.name, dtype: t.dtype, shape: [...t.shape], data }
  })
  return { tensors: copies, buffers }
}
