/** A process that has the older onnxruntime-node alone: in one process with the newer one, the loader would give both the same library. */
import type { InferenceSession } from 'onnxruntime-web'
import type { NamedTensor } from '../../runtime/core/index.ts'
import { openSession, runSession, type Ort } from '../../runtime/tpu-bridge/devices/ort-runtime.ts'
import { serialQueue } from '../../runtime/tpu-bridge/queue.ts'

/** What is asked: a model is opened once, then run. */
export type OldRequest =
  | { readonly kind: 'open'; readonly model: Uint8Array; readonly options: InferenceSession.SessionOptions }
  | { readonly kind: 'run'; readonly inputs: readonly NamedTensor[]; readonly names: readonly string[] }

export type OldReply = { readonly tensors: readonly NamedTensor[] } | { readonly error: string }

const turn = serialQueue()
const module = (await import('onnxruntime-node-old')) as { readonly default?: unknown }
const ort = (module.default ?? module) as Ort
let session: InferenceSession | undefined

process.on('message', (request: OldRequest) => {
  const answer = async (): Promise<OldReply> => {
    try {
      if (request.kind === 'open') {
        session = await openSession(ort, turn, request.model, request.options)
        return { tensors: [] }
      }
      return { tensors: await runSession(ort, turn, session as InferenceSession, request.inputs, request.names) }
    } catch (error) {
      return { error: String(error) }
    }
  }
  void answer().then((reply) => process.send?.(reply))
})
