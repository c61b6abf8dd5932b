/** The peers as they are: ONNX Runtime by its own API, one thread, nothing of ours between. */
import type { InferenceSession, TensorConstructor } from 'onnxruntime-web'
import type { NamedTensor } from '../../runtime/core/index.ts'

type Level = 'all' | 'disabled'

interface Runtime {
  readonly InferenceSession: { create(model: Uint8Array, options: InferenceSession.SessionOptions): Promise<InferenceSession> }
  readonly Tensor: TensorConstructor
}

const VIEWS = { f32: ['float32', Float32Array], s64: ['int64', BigInt64Array] } as const

/** Runs the model once. */
export type PeerRun = (inputs: readonly NamedTensor[]) => Promise<void>

async function peer(ort: Runtime, bytes: Uint8Array, options: InferenceSession.SessionOptions): Promise<PeerRun> {
  const session = await ort.InferenceSession.create(bytes, { logSeverityLevel: 4, ...options })
  return async (inputs) => {
    const feeds = Object.fromEntries(
      inputs.map(({ name, dtype, shape, data }) => {
        const [type, View] = VIEWS[dtype as keyof typeof VIEWS]
        // as a caller has it who copies nothing
        return [
          name,
          new ort.Tensor(type, new View(data.buffer as ArrayBuffer, data.byteOffset, data.length / View.BYTES_PER_ELEMENT) as never, [
            ...shape,
          ]),
        ]
      }),
    )
    for (const value of Object.values(await session.run(feeds))) value.dispose()
  }
}

/** onnxruntime-web, its wasm backend, one thread. */
export async function webPeer(bytes: Uint8Array, level: Level): Promise<PeerRun> {
  const module = (await import('onnxruntime-web/wasm')) as unknown as Runtime & { readonly env: { readonly wasm: { numThreads?: number } } }
  module.env.wasm.numThreads = 1
  return peer(module, bytes, { executionProviders: ['wasm'], graphOptimizationLevel: level })
}

/** onnxruntime-node on the processor, one thread. */
export async function nodePeer(bytes: Uint8Array, level: Level): Promise<PeerRun> {
  const module = (await import('onnxruntime-node')) as unknown as { readonly default?: Runtime } & Runtime
  return peer(module.default ?? module, bytes, {
    executionProviders: ['cpu'],
    graphOptimizationLevel: level,
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
  })
}
