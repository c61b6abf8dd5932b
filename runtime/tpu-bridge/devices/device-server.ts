/** Serves one device to whoever sends requests, one after the other: what a device thread and a device process have in common. */
import { parseCid, plainError, UtnetError, type NamedTensor } from '../../core/index.ts'
import type { Device, LoadedModel } from '../device.ts'
import type { Answers, Envelope, Reply, Request } from './thread-protocol.ts'

const buffersOf = (tensors: readonly NamedTensor[]): ArrayBuffer[] => [...new Set(tensors.map((t) => t.data.buffer as ArrayBuffer))]

/** Takes requests; `post` sends the replies, with the buffers that may be handed over whole. */
export function serveDevice(device: Device, post: (reply: Reply, buffers: readonly ArrayBuffer[]) => void): (envelope: Envelope) => void {
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

  let last: Promise<void> = Promise.resolve()
  return ({ id, request }) => {
    last = last.then(async () => {
      let reply: Reply
      let buffers: ArrayBuffer[] = []
      try {
        const ok = await answer(request)
        reply = { id, ok }
        // outputs are copies of our own
        if (request.op === 'run') buffers = buffersOf(ok as Answers['run'])
        if (request.op === 'verified') buffers = buffersOf((ok as Answers['verified']).outputs)
      } catch (error) {
        reply = { id, error: plainError(error) }
      }
      post(reply, buffers)
    })
  }
}
