/** Messages between a device and the thread or process that it runs in: plain data, tensors' bytes transferred to a thread, framed to a process. */
import type { NamedTensor, PlainError, TensorSpec } from '../../core/index.ts'
import type { VerifiedRun } from '../device.ts'
import type { GpuProvider } from './onnx-gpu.ts'
import type { ExactCode, ExactGuest } from './wasm/index.ts'

export type DeviceName = 'onnx-cpu' | 'onnx-gpu' | 'onnx-web' | 'wasm' | 'wasm-mixed' | 'simulated-tpu'

/**
 * Devices on an ONNX Runtime: a small model can have it take gigabytes within one operator, native code can come down or not return. Each is in a process of its own. What `wasm` takes
 * is bounded, and ends with its thread.
 */
export const APART: ReadonlySet<DeviceName> = new Set(['onnx-cpu', 'onnx-gpu', 'onnx-web', 'wasm-mixed'])

export interface DeviceThreadData {
  readonly device: DeviceName
  readonly threads?: number | undefined
  /** Of `onnx-gpu`. */
  readonly gpu?: GpuProvider | undefined
  /** Of `wasm` and `simulated-tpu`. */
  readonly exact: ExactGuest | undefined
}

/** What a device process is told first. Modules do not travel between processes. */
export interface DeviceProcessData extends Omit<DeviceThreadData, 'exact'> {
  readonly exact: (ExactCode & { readonly component: string }) | undefined
  /** Resident bytes from which on the process is ended. */
  readonly memoryBytes: number
  /** Milliseconds of one request from which on it ends itself. */
  readonly deadlineMs: number
}

/** What watches a device process. */
export interface WatchData {
  /** Words `AT_WORK` and `ANSWERED`; who changes the first notifies. */
  readonly state: Int32Array
  /** Resident bytes of the process from which on it is ended. */
  readonly memoryBytes: number
  /** Milliseconds without an answer from which on it is ended, where nobody else did it. */
  readonly deadlineMs: number
  /** Process of the node. */
  readonly parent: number
}

/** 1 while a request is not answered, and how many were. */
export const AT_WORK = 0
export const ANSWERED = 1
/** Never set: to sleep on. */
export const NOTHING = 2
export const WATCH_WORDS = 3

/** File descriptor of a device process that its messages go over. */
export const DEVICE_PIPE = 3

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
