/** A device by its name, in the thread that asks. */
import { UtnetError } from '../../core/index.ts'
import type { Device } from '../device.ts'
import { onnxCpu } from './onnx-cpu.ts'
import { onnxGpu, type GpuProvider } from './onnx-gpu.ts'
import { onnxWeb } from './onnx-web.ts'
import { simulatedTpu } from './simulated-tpu/index.ts'
import type { DeviceName, DeviceThreadData } from './thread-protocol.ts'
import { foreignOn, wasmArithmetic, wasmDevice, type LazyExact } from './wasm/index.ts'

/** Throws `core_bad_argument` for `wasm` without its guest, and `onnx-gpu` without its provider. */
export function deviceOf({ device, threads, gpu, exact }: DeviceThreadData): Device {
  if (device === 'onnx-web') return onnxWeb()
  if (device === 'onnx-cpu') return onnxCpu(threads === undefined ? {} : { threads })
  if (device === 'onnx-gpu') {
    if (gpu === undefined)
      throw new UtnetError('core_bad_argument', 'device onnx-gpu needs the name of a provider', { hint: '--gpu webgpu' })
    return onnxGpu({ provider: gpu })
  }
  if (exact === undefined) throw new UtnetError('core_bad_argument', `device ${device} needs the guest that it runs`)
  if (device === 'simulated-tpu') return simulatedTpu({ exact })
  const options = { exact, hashThread: true, ...(threads === undefined ? {} : { lanes: threads }) }
  return wasmDevice(device === 'wasm' ? options : { ...options, foreign: foreignOn(onnxCpu({ threads: 1 })) })
}

/** What a device says of itself before it is started. Throws what `deviceOf` does. */
export function factsOf(
  name: DeviceName,
  { threads, gpu, exact }: { readonly threads?: number; readonly gpu?: GpuProvider; readonly exact?: LazyExact },
): Pick<Device, 'id' | 'class' | 'arithmetic' | 'place'> {
  if (name.startsWith('onnx-')) return deviceOf({ device: name, threads, gpu, exact: undefined })
  if (exact === undefined) throw new UtnetError('core_bad_argument', `device ${name} needs the guest that it runs`)
  const facts = { id: name, class: 'exact' as const, arithmetic: wasmArithmetic(exact.component) }
  return name === 'simulated-tpu' ? { ...facts, place: name } : facts
}
