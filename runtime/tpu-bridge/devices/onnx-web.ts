/**
 * `onnx-web`: ONNX Runtime compiled to WebAssembly, one thread, its `.wasm` pinned by digest. WebAssembly fixes every bit but
 * those of NaNs, which are made canonical, so its class is `exact`: any node gets the same bytes.
 */
import { readFile } from 'node:fs/promises'
import type { InferenceSession } from 'onnxruntime-web'
import { sha256, toHex, UtnetError } from '../../core/index.ts'
import { serialQueue } from '../queue.ts'
import { runtimeWasmPath } from './location.ts'
import { readModel } from '../graph/index.ts'
import { knowsNode, OrtGraph, runNode } from './ort-graph.ts'
import { reason, type Ort } from './ort-runtime.ts'
import { loadModel, type OrtDevice } from './ort-session.ts'

const VERSION = '1.30.0'
/** sha256 of `dist/ort-wasm-simd-threaded.wasm` of onnxruntime-web 1.30.0. */
export const RUNTIME_WASM_SHA256 = '3398c10d07d229bd91b364548e130e0e51a8e5704b88c7c083ebbeb78842dee2'

interface Runtime extends Ort {
  readonly env: {
    readonly versions: { readonly web?: string }
    readonly wasm: { numThreads?: number; wasmBinary?: ArrayBufferLike | Uint8Array }
  }
}

/** Where the runtime comes from. */
export interface OnnxWebOptions {
  /** Gives the runtime's wasm; the digest is checked whatever it gives. */
  readonly readWasm?: () => Promise<Uint8Array>
}

/** Fused operators round otherwise than the same operators one by one; unfused costs nothing here and lets one operator be re-run alone. */
const SESSION: InferenceSession.SessionOptions = {
  executionProviders: ['wasm'],
  executionMode: 'sequential',
  graphOptimizationLevel: 'disabled',
  logSeverityLevel: 4,
  extra: { session: { load_model_format: 'ONNX' } },
}

/** Shared by all devices of a thread, as the runtime is. */
const turn = serialQueue()

/** The exact device. The runtime is a process-wide (or thread-wide) single instance; it starts on first use. */
export function onnxWeb(options: OnnxWebOptions = {}): OrtDevice {
  const readWasm = options.readWasm ?? (() => readFile(runtimeWasmPath()))
  let runtime: Promise<Runtime> | undefined

  async function start(): Promise<Runtime> {
    let wasm: Uint8Array
    try {
      wasm = await readWasm()
    } catch (cause) {
      throw new UtnetError('device_missing', `device onnx-web lacks its wasm file: ${reason(cause)}`, {
        hint: 'reinstall the package',
        cause,
      })
    }
    const found = toHex(sha256(wasm))
    if (found !== RUNTIME_WASM_SHA256) {
      throw new UtnetError('device_failed', `the wasm file of device onnx-web has sha256 ${found}, not ${RUNTIME_WASM_SHA256}`, {
        hint: 'reinstall the package',
      })
    }
    const module: unknown = await import('onnxruntime-web/wasm')
    const ort = ((module as { default?: unknown }).default ?? module) as Runtime
    if (ort.env.versions.web !== VERSION)
      throw new UtnetError('device_failed', `device onnx-web needs onnxruntime-web ${VERSION}, found ${String(ort.env.versions.web)}`)
    ort.env.wasm.numThreads = 1
    ort.env.wasm.wasmBinary = wasm
    return ort
  }

  const ready = (): Promise<Runtime> => (runtime ??= start())
  const arithmetic = `exact:onnxruntime-web@${VERSION}:${RUNTIME_WASM_SHA256}`
  const kind = async () => ({ ort: await ready(), turn, options: SESSION, exposing: { options: SESSION, arithmetic } })

  return {
    id: 'onnx-web',
    class: 'exact',
    arithmetic,
    available: () =>
      ready().then(
        () => true as const,
        (error: UtnetError) => error,
      ),
    async load(bytes) {
      return loadModel(await kind(), bytes)
    },
    valuesArithmetic: arithmetic,
    knows: async (model, node) => knowsNode(await kind(), model, node),
    operator: async (model, path, operands) => runNode(await kind(), model, path, operands),
    async graph(bytes) {
      return new OrtGraph(await kind(), readModel(bytes), bytes)
    },
    async close() {},
  }
}
