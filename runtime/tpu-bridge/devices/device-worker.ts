/** Entry of a device thread: runs one device, one request after the other. */
import { parentPort, workerData } from 'node:worker_threads'
import { deviceOf } from './device-of.ts'
import { serveDevice } from './device-server.ts'
import type { DeviceThreadData } from './thread-protocol.ts'

const port = parentPort
port?.on(
  'message',
  serveDevice(deviceOf(workerData as DeviceThreadData), (reply, buffers) => port.postMessage(reply, [...buffers])),
)
