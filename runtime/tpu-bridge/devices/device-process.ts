/** Entry of a device process: runs one device, one request after the other, watched by a thread beside it. */
import { Worker } from 'node:worker_threads'
import { deviceOf } from './device-of.ts'
import { serveDevice } from './device-server.ts'
import { deviceWatchUrl } from './location.ts'
import { ANSWERED, AT_WORK, WATCH_WORDS, type DeviceProcessData, type Envelope, type WatchData } from './thread-protocol.ts'

const send = process.send?.bind(process)

// the node is gone, or gave this process up
process.on('disconnect', () => process.exit())
process.once('message', ({ memoryBytes, deadlineMs, exact, ...data }: DeviceProcessData) => {
  const state = new Int32Array(new SharedArrayBuffer(4 * WATCH_WORDS))
  const workerData: WatchData = { state, memoryBytes, deadlineMs, parent: process.ppid }
  new Worker(deviceWatchUrl(), { workerData, name: 'watch' }).unref()
  const guest = exact && { ...exact, compiled: new WebAssembly.Module(exact.code as Uint8Array<ArrayBuffer>) }
  const take = serveDevice(deviceOf({ ...data, exact: guest }), (reply) => {
    Atomics.add(state, ANSWERED, 1)
    Atomics.sub(state, AT_WORK, 1)
    send?.(reply)
  })
  process.on('message', (envelope: Envelope) => {
    Atomics.add(state, AT_WORK, 1)
    Atomics.notify(state, AT_WORK)
    take(envelope)
  })
})
