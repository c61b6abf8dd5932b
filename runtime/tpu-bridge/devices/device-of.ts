/** A device by its name, in the thread that asks. */
import { UtnetError } from '../../core/index.ts'
import type { Device } from '../device.ts'
import { onnxCpu } from './onnx-cpu.ts'
import { onnxWeb } from './onnx-web.ts'
import type { DeviceName, DeviceThreadData } from './thread-protocol.ts'
import { foreignOn, wasmArithmetic, wasmDevice, type LazyExact } from './wasm/index.ts'

/** Throws `core_bad_argument` for `wasm` without its guest. */
export function deviceOf({ device, threads, exact }: DeviceThreadData): Device {
  if (device === 'onnx-web') return onnxWeb()
  if (device === 'onnx-cpu') return onnxCpu(threads === undefined ? {} : { threads })
  if (exact === undefined) throw new UtnetError('core_bad_argument', `device ${device} needs the guest that it runs`)
  const options = { exact, hashThread: true, ...(threads === undefined ? {} : { lanes: threads }) }
  return wasmDevice(device === 'wasm' ? options : { ...options, foreign: foreignOn(onnxCpu({ threads: 1 })) })
}

/** What a device says of itself before it is started. Throws `core_bad_argument` for `wasm` without its guest. */
export function factsOf(
  name: DeviceName,
  { threads, exact }: { readonly threads?: number; readonly exact?: LazyExact },
): Pick<Device, 'id' | 'class' | 'arithmetic'> {
  if (name === 'onnx-cpu' || name === 'onnx-web') return deviceOf({ device: name, threads, exact: undefined })
  if (exact === undefined) throw new UtnetError('core_bad_argument', `device ${name} needs the guest that it runs`)
  return { id: name, class: 'exact', arithmetic: wasmArithmetic(exact.component) }
}
