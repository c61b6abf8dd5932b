/** Entry of a device thread: runs one device, one request after the other. */
import { parentPort, workerData } from 'node:worker_threads'
import { deviceOf } from './device-of.ts'
import { serveDevice } from './device-server.ts'
import type { DeviceThreadData, Envelope } from './thread-protocol.ts'

const serve = serveDevice(deviceOf(workerData as DeviceThreadData))
let last: Promise<void> = Promise.resolve()
parentPort?.on('message', (envelope: Envelope) => {
  last = last.then(async () => {
    const { reply, buffers } = await serve(envelope)
    parentPort?.postMessage(reply, [...buffers])
  })
})
