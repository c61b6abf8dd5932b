/** Entry of a device thread: runs one device, one request after the other. */
import { parentPort, workerData } from 'node:worker_threads'
import { parseCid, plainError, UtnetError } from '../../core/index.ts'
import type { LoadedModel } from '../device.ts'
import { onnxCpu } from './onnx-cpu.ts'
import { onnxWeb } from './onnx-web.ts'
import type { Answers, DeviceThreadData, Envelope, Reply, Request } from './thread-protocol.ts'

const { device: name, threads } = workerData as DeviceThreadData
const device = name === 'onnx-cpu' ? onnxCpu(threads === undefined ? {} : { threads }) : onnxWeb()
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
  models.delete(request.handle)
  await model.close()
  return true
}

let last: Promise<void> = Promise.resolve()
parentPort?.on('message', ({ id, request }: Envelope) => {
  last = last.then(async () => {
    let reply: Reply
    let buffers: ArrayBuffer[] = []
    try {
      const ok = await answer(request)
      reply = { id, ok }
      // outputs are copies of our own, so their buffers can be handed over whole
      if (request.op === 'run') buffers = (ok as Answers['run']).map((t) => t.data.buffer as ArrayBuffer)
    } catch (error) {
      reply = { id, error: plainError(error) }
    }
    parentPort?.postMessage(reply, buffers)
  })
})
