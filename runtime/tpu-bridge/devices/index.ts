/** The devices of a node. */
import { UtnetError } from '../../core/index.ts'
import type { Device } from '../device.ts'
import type { GpuProvider } from './onnx-gpu.ts'
import { rechecked } from './rechecked.ts'
import { remote, type RemoteOptions } from './remote.ts'
import { threaded } from './threaded.ts'
import type { LazyExact } from './wasm/index.ts'

export { onnxCpu } from './onnx-cpu.ts'
export type { OnnxCpuOptions } from './onnx-cpu.ts'
export { gpuProviderOf, type GpuProvider } from './onnx-gpu.ts'
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

/** Which devices a node has. Times are milliseconds. */
export interface DeviceOptions {
  /** Ids of the devices to use, the preferred first; the default is all that can be had: `onnx-cpu`, `wasm`, `onnx-web`, `wasm-mixed`. */
  readonly order?: readonly string[]
  /** Threads within an operator of `onnx-cpu`, lanes of `wasm`. */
  readonly threads?: number
  /** Longest time of one load or run. */
  readonly deadlineMs?: number
  /** Resident bytes that a process of an ONNX Runtime may come to; the default is the limit `deviceBytes`. */
  readonly memoryBytes?: number
  /** Provider of `onnx-gpu`, which stands first unless `order` names it. */
  readonly gpu?: GpuProvider
  /** Server of `remote`, which stands last unless `order` names it. With `recheck` the exact device `onnx-web` confirms each answer, and its class is `bounded`. */
  readonly remote?: RemoteOptions & { readonly recheck?: boolean }
  /** What `wasm` and `simulated-tpu` run; without it there are no such devices. */
  readonly exact?: LazyExact
}

/** `wasm-mixed` stands last: operators that no exact device has run on `onnx-cpu` there, and the commitment says so. */
const ALL = ['onnx-cpu', 'wasm', 'onnx-web', 'wasm-mixed'] as const

/** What is there where it is named only. */
const NAMED = ['onnx-gpu', 'simulated-tpu', 'remote'] as const

/**
 * The devices of a node, each that works here in a thread of its own, in the order of preference. Throws `core_bad_argument` on an unknown id, or one that lacks its option,
 * `device_missing` for one of ours that is named and was not built.
 */
export function localDevices(options: DeviceOptions = {}): readonly Device[] {
  const { order = ALL, remote: server, ...rest } = options
  const own = (id: string, given: unknown): string[] => (given === undefined || order.includes(id) ? [] : [id])
  return [...own('onnx-gpu', rest.gpu), ...order, ...own('remote', server)].flatMap((id): readonly Device[] => {
    const name = [...ALL, ...NAMED].find((known) => known === id)
    if (name === undefined)
      throw new UtnetError('core_bad_argument', `unknown device ${id}`, { hint: `devices: ${[...ALL, ...NAMED].join(', ')}` })
    if (name === 'remote') return [remoteDevice(server, rest.deadlineMs)]
    if (!name.startsWith('onnx-') && rest.exact === undefined) return lacking(name, options.order !== undefined)
    return [threaded(name, rest)]
  })
}

/** Who has not built the component has no such device; who names one is told. */
function lacking(name: string, named: boolean): readonly Device[] {
  if (!named) return []
  throw new UtnetError('device_missing', `device ${name} lacks the component that it runs`, { hint: 'node packaging/exact-wasm.ts' })
}

function remoteDevice(server: DeviceOptions['remote'], deadlineMs: number | undefined): Device {
  if (server === undefined) throw new UtnetError('core_bad_argument', 'device remote needs the URL of a server', { hint: '--remote URL' })
  const { recheck = false, ...options } = server
  const device = remote({ ...(deadlineMs === undefined ? {} : { deadlineMs }), ...options })
  return recheck ? rechecked(device, threaded('onnx-web', deadlineMs === undefined ? {} : { deadlineMs })) : device
}
