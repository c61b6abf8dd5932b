/** The devices of a node. */
import { UtnetError } from '../../core/index.ts'
import type { Device } from '../device.ts'
import { threaded } from './threaded.ts'

export { onnxCpu } from './onnx-cpu.ts'
export type { OnnxCpuOptions } from './onnx-cpu.ts'
export { onnxWeb, RUNTIME_WASM_SHA256 } from './onnx-web.ts'
export type { OnnxWebOptions } from './onnx-web.ts'
export { threaded } from './threaded.ts'
export type { ThreadedOptions } from './threaded.ts'

export interface DeviceOptions {
  /** Ids of the devices to use, the preferred first; the default is `onnx-cpu`, `onnx-web`. */
  readonly order?: readonly string[]
  /** Threads within an operator of `onnx-cpu`. */
  readonly threads?: number
  /** Longest time of one load or run. */
  readonly deadlineMs?: number
}

/** The local devices, each in a thread of its own, in the order of preference. Throws `core_bad_argument` on an unknown id. */
export function localDevices(options: DeviceOptions = {}): readonly Device[] {
  const { order = ['onnx-cpu', 'onnx-web'], ...rest } = options
  return order.map((id) => {
    if (id === 'onnx-cpu' || id === 'onnx-web') return threaded(id, rest)
    throw new UtnetError('core_bad_argument', `unknown device ${id}`, { hint: 'devices: onnx-cpu, onnx-web' })
  })
}
