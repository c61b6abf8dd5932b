/** `onnx-cpu`: native ONNX Runtime, the fallback device. Its bits depend on CPU, threads and optimisation, so its class is `bounded`. */
import { availableParallelism } from 'node:os'
import type { InferenceSession } from 'onnxruntime-web'
import { UtnetError } from '../../core/index.ts'
import { serialQueue } from '../queue.ts'
import { readModel, type Model } from '../graph/index.ts'
import { blockedModel, blockSize } from './blocked/index.ts'
import { Hasher } from './hash-thread/index.ts'
import { knowsNode, OrtGraph, runNode } from './ort-graph.ts'
import { NATIVE_VERSION, nativeRuntime, type ImportRuntime } from './onnx-native.ts'
import type { OrtKind } from './ort-runtime.ts'
import { loadModel, type OrtDevice } from './ort-session.ts'

/** Threads, and where the runtime comes from. */
export interface OnnxCpuOptions {
  /** Threads within an operator; by default 2, or 1 on a single core. It stands in the arithmetic id. */
  readonly threads?: number
  /** Gives the optional package; throws when it is absent. */
  readonly importRuntime?: ImportRuntime
}

/**
 * The native device. All optimisations ("disabled" costs 1.4-1.5x on convolutional models) and 2 threads (1 costs 1.7x
 * on a quiet machine, 4 on 2 cores 4x); threads stop spinning at the end of each run, so that an idle device costs nothing.
 */
export function onnxCpu(options: OnnxCpuOptions = {}): OrtDevice {
  const threads = options.threads ?? Math.min(2, availableParallelism())
  if (!Number.isSafeInteger(threads) || threads < 1 || threads > 64)
    throw new UtnetError('core_bad_argument', `threads must be 1 to 64, got ${threads}`)
  const sessionOptions: InferenceSession.SessionOptions = {
    executionProviders: ['cpu'],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    graphOptimizationLevel: 'all',
    logSeverityLevel: 4,
    // keys of onnxruntime_session_options_config_keys.h
    extra: { session: { load_model_format: 'ONNX', force_spinning_stop: '1' } },
  }
  // another level would give other bits where values are looked at, and threads change them too; of what the levels gain, the layout that is done here is most
  const exposing = {
    options: { ...sessionOptions, intraOpNumThreads: 1, graphOptimizationLevel: 'disabled' as const },
    arithmetic: `bounded:onnxruntime-node@${NATIVE_VERSION}:cpu:opt=disabled,layout=native,threads=1`,
  }
  const turn = serialQueue()
  const ready = nativeRuntime('onnx-cpu', options.importRuntime)
  let hasher: Hasher | undefined
  let started: Promise<OrtKind> | undefined
  const kind = (): Promise<OrtKind> => (started ??= start())
  async function start(): Promise<OrtKind> {
    const ort = await ready()
    const block = await blockSize(ort, turn, exposing.options)
    const layout = block === undefined ? {} : { layout: (model: Model, names: readonly string[]) => blockedModel(model, block, names) }
    return { ort, turn, options: sessionOptions, exposing: { ...exposing, ...layout }, hasher: () => (hasher ??= new Hasher()) }
  }

  return {
    id: 'onnx-cpu',
    class: 'bounded',
    arithmetic: `bounded:onnxruntime-node@${NATIVE_VERSION}:cpu:opt=all,threads=${threads}`,
    available: () =>
      ready().then(
        () => true as const,
        (error: UtnetError) => error,
      ),
    async load(bytes) {
      return loadModel(await kind(), bytes)
    },
    valuesArithmetic: exposing.arithmetic,
    knows: async (model, node) => knowsNode(await kind(), model, node),
    operator: async (model, path, operands) => runNode(await kind(), model, path, operands),
    async graph(bytes) {
      return new OrtGraph(await kind(), readModel(bytes), bytes)
    },
    async close() {
      const thread = hasher
      hasher = undefined
      await thread?.close()
    },
  }
}
