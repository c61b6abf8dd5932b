/** `onnx-cpu`: native ONNX Runtime, the fallback device. Its bits depend on CPU, threads and optimisation, so its class is `bounded`. */
import { availableParallelism } from 'node:os'
import type { InferenceSession } from 'onnxruntime-web'
import { UtnetError } from '../../core/index.ts'
import { serialQueue } from '../queue.ts'
import { readModel } from '../graph/index.ts'
import { knowsNode, OrtGraph, runNode } from './ort-graph.ts'
import { NATIVE_VERSION, nativeRuntime, type ImportRuntime } from './onnx-native.ts'
import { loadModel, type OrtDevice } from './ort-session.ts'

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
  // another level would give other bits where values are looked at, and threads change them too
  const exposing = {
    options: { ...sessionOptions, intraOpNumThreads: 1, graphOptimizationLevel: 'disabled' as const },
    arithmetic: `bounded:onnxruntime-node@${NATIVE_VERSION}:cpu:opt=disabled,threads=1`,
  }
  const turn = serialQueue()
  const ready = nativeRuntime('onnx-cpu', options.importRuntime)

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
      return loadModel({ ort: await ready(), turn, options: sessionOptions, exposing }, bytes)
    },
    valuesArithmetic: exposing.arithmetic,
    knows: async (model, node) => knowsNode({ ort: await ready(), turn, options: sessionOptions, exposing }, model, node),
    operator: async (model, path, operands) =>
      runNode({ ort: await ready(), turn, options: sessionOptions, exposing }, model, path, operands),
    async graph(bytes) {
      return new OrtGraph({ ort: await ready(), turn, options: sessionOptions, exposing }, readModel(bytes), bytes)
    },
    async close() {},
  }
}
