/** The devices of a node. */
import { UtnetError } from '../../core/index.ts'
import type { Device } from '../device.ts'
import { threaded } from './threaded.ts'
import type { LazyExact } from './wasm/index.ts'

export { onnxCpu } from './onnx-cpu.ts'
export type { OnnxCpuOptions } from './onnx-cpu.ts'
export { onnxWeb, RUNTIME_WASM_SHA256 } from './onnx-web.ts'
export type { OnnxWebOptions } from './onnx-web.ts'
export { threaded } from './threaded.ts'
export type { ThreadedOptions } from './threaded.ts'
export { ortRunner, wasmRunner, type LocalRunner, type ReadModel } from './graph-runner.ts'
export {
  foreignOn,
  wasmArithmetic,
  wasmDevice,
  type ExactGuest,
  type ForeignDevice,
  type LazyExact,
  type WasmOptions,
} from './wasm/index.ts'
export { exactComponentPath } from './location.ts'
export type { OrtDevice } from './ort-session.ts'

export interface DeviceOptions {
  /** Ids of the devices to use, the preferred first; the default is all that can be had: `onnx-cpu`, `wasm`, `onnx-web`, `wasm-mixed`. */
  readonly order?: readonly string[]
  /** Threads within an operator of `onnx-cpu`, lanes of `wasm`. */
  readonly threads?: number
  /** Longest time of one load or run. */
  readonly deadlineMs?: number
  /** What `wasm` runs; without it there is no such device. */
  readonly exact?: LazyExact
}

/** `wasm-mixed` stands last: operators that no exact device has run on `onnx-cpu` there, and the commitment says so. */
const ALL = ['onnx-cpu', 'wasm', 'onnx-web', 'wasm-mixed'] as const

/** The local devices, each in a thread of its own, in the order of preference. Throws `core_bad_argument` on an unknown id. */
export function localDevices(options: DeviceOptions = {}): readonly Device[] {
  const { order = ALL, ...rest } = options
  return order.flatMap((id): Device[] => {
    const name = ALL.find((known) => known === id)
    if (name === undefined) throw new UtnetError('core_bad_argument', `unknown device ${id}`, { hint: `devices: ${ALL.join(', ')}` })
    if (name.startsWith('wasm') && rest.exact === undefined) return []
    return [threaded(name, rest)]
  })
}
