/** Serves one device to whoever sends requests, one after the other: what a device thread and a device process have in common. */
import { parseCid, plainError, UtnetError, type NamedTensor } from '../../core/index.ts'
import type { Device, LoadedModel } from '../device.ts'
import type { Answers, Envelope, Reply, Request } from './thread-protocol.ts'

const buffersOf = (tensors: readonly NamedTensor[]): ArrayBuffer[] => [...new Set(tensors.map((t) => t.data.buffer as ArrayBuffer))]

/** A reply, and of what it holds the buffers that may be handed over whole. */
export interface Served {
  readonly reply: Reply
  readonly buffers: readonly ArrayBuffer[]
}

/** Answers requests, which must be asked one after the other. Never rejects. */
export function serveDevice(device: Device): (envelope: Envelope) => Promise<Served> {
  const models = new Map<number, LoadedModel>()
  let handles = 0

  async function answer(request: Request): Promise<Answers[keyof Answers]> {
    if (request.op === 'available') {
      const state = await device.available()
      if (state !== true) throw state
      return true
    }
    if (request.op === 'load') {
      const model = await device.load(request.bytes, parseCid(request.model))
      const handle = ++handles
      models.set(handle, model)
      return { handle, inputs: model.inputs, outputs: model.outputs, bytes: model.bytes }
    }
    const model = models.get(request.handle)
    if (model === undefined) throw new UtnetError('device_failed', 'the model is not loaded in this device thread')
    if (request.op === 'run') return model.run(request.inputs)
    if (request.op === 'verified') return model.verified(request.inputs)
    models.delete(request.handle)
    await model.close()
    return true
  }

  return async ({ id, request }) => {
    try {
      const ok = await answer(request)
      // outputs are copies of our own
      if (request.op === 'run') return { reply: { id, ok }, buffers: buffersOf(ok as Answers['run']) }
      if (request.op === 'verified') return { reply: { id, ok }, buffers: buffersOf((ok as Answers['verified']).outputs) }
      return { reply: { id, ok }, buffers: [] }
    } catch (error) {
      return { reply: { id, error: plainError(error) }, buffers: [] }
    }
  }
}
