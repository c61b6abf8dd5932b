/**
 * `onnx-gpu`: native ONNX Runtime on one of its providers for graphics processors. Drivers and chips round as they like, so its class is `unchecked`; the arithmetic id names
 * the provider, not the chip, which the runtime does not tell. Operators that the provider lacks run on the processor.
 */
import type { InferenceSession } from 'onnxruntime-web'
import { UtnetError } from '../../core/index.ts'
import type { Device, LoadedModel } from '../device.ts'
import { writeModel } from '../graph/index.ts'
import { serialQueue } from '../queue.ts'
import { NATIVE_VERSION, nativeRuntime, type ImportRuntime } from './onnx-native.ts'
import { reason, type OrtKind } from './ort-runtime.ts'
import { loadModel } from './ort-session.ts'

/** Providers of onnxruntime-node; which of them a build has hangs on system and package. */
const GPU_PROVIDERS = ['webgpu', 'cuda', 'tensorrt', 'dml', 'coreml'] as const
export type GpuProvider = (typeof GPU_PROVIDERS)[number]

/** The provider of that name. Throws `core_bad_argument`. */
export function gpuProviderOf(name: string): GpuProvider {
  const known = GPU_PROVIDERS.find((provider) => provider === name)
  if (known === undefined)
    throw new UtnetError('core_bad_argument', `unknown GPU provider ${name.slice(0, 80)}`, {
      hint: `providers: ${GPU_PROVIDERS.join(', ')}`,
    })
  return known
}

export interface OnnxGpuOptions {
  readonly provider: GpuProvider
  /** Gives the optional package; throws when it is absent. */
  readonly importRuntime?: ImportRuntime
}

/** The device. That its provider works here is seen by opening a session, as soon as anyone asks. */
export function onnxGpu({ provider, importRuntime }: OnnxGpuOptions): Device {
  const arithmetic = `unchecked:onnxruntime-node@${NATIVE_VERSION}:${provider}`
  const options: InferenceSession.SessionOptions = {
    executionProviders: [provider],
    executionMode: 'sequential',
    graphOptimizationLevel: 'all',
    logSeverityLevel: 4,
    extra: { session: { load_model_format: 'ONNX' } },
  }
  const turn = serialQueue()
  const runtime = nativeRuntime('onnx-gpu', importRuntime)
  let kind: Promise<OrtKind> | undefined

  async function start(): Promise<OrtKind> {
    const ort = await runtime()
    try {
      const session = await turn(() => ort.InferenceSession.create(probe(), options))
      await turn(() => session.release())
    } catch (cause) {
      throw new UtnetError('device_missing', `device onnx-gpu has no provider ${provider} here: ${reason(cause)}`, {
        hint: 'see whether its driver and libraries are installed (onnxruntime.ai/docs/execution-providers), or start without --gpu',
        cause,
      })
    }
    return { ort, turn, options, exposing: { options, arithmetic } }
  }

  // not tried again once it failed: a process does not find a driver later on
  const ready = (): Promise<OrtKind> => (kind ??= start())

  return {
    id: 'onnx-gpu',
    class: 'unchecked',
    arithmetic,
    place: 'gpu',
    available: () =>
      ready().then(
        () => true as const,
        (error: UtnetError) => error,
      ),
    async load(bytes) {
      return uncheckable(await loadModel(await ready(), bytes), arithmetic)
    },
    async close() {},
  }
}

/** Nobody could check what lies between: its runs have no checkpoints. */
function uncheckable(loaded: LoadedModel, arithmetic: string): LoadedModel {
  return {
    ...loaded,
    verified: async (inputs) => ({ arithmetic, entries: 0, checkpoints: [], exceptions: [], outputs: await loaded.run(inputs) }),
  }
}

/** The smallest model there is: `y = x`. */
function probe(): Uint8Array {
  const spec = (name: string) => ({ name, dtype: 'f32' as const, shape: [1] })
  const node = { name: '', op: 'Identity', domain: '', inputs: ['x'], outputs: ['y'], attributes: new Map() }
  return writeModel({
    opsets: new Map([['', 13]]),
    graph: { inputs: [spec('x')], outputs: [spec('y')], constants: new Map(), nodes: [node] },
  })
}
