/** Entry of a device thread: runs one device, one request after the other. */
import { parentPort, workerData } from 'node:worker_threads'
import { parseCid, plainError, UtnetError, type NamedTensor } from '../../core/index.ts'
import type { LoadedModel } from '../device.ts'
import { deviceOf } from './device-of.ts'
import type { Answers, DeviceThreadData, Envelope, Reply, Request } from './thread-protocol.ts'

const device = deviceOf(workerData as DeviceThreadData)
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

const buffersOf = (tensors: readonly NamedTensor[]): ArrayBuffer[] => [...new Set(tensors.map((t) => t.data.buffer as ArrayBuffer))]

let last: Promise<void> = Promise.resolve()
parentPort?.on('message', ({ id, request }: Envelope) => {
  last = last.then(async () => {
    let reply: Reply
    let buffers: ArrayBuffer[] = []
    try {
      const ok = await answer(request)
      reply = { id, ok }
      // outputs are copies of our own, so their buffers can be handed over whole
      if (request.op === 'run') buffers = buffersOf(ok as Answers['run'])
      if (request.op === 'verified') buffers = buffersOf((ok as Answers['verified']).outputs)
    } catch (error) {
      reply = { id, error: plainError(error) }
    }
    parentPort?.postMessage(reply, buffers)
  })
})
