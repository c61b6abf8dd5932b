/**
 * Entry of a device process: runs one device, one request after the other, watched by a thread beside it. It waits on its end of the pipe, which blocks (libuv makes it so), and so reads
 * and writes straight from and to the memory of tensors.
 */
import { readSync, writeSync } from 'node:fs'
import { Worker } from 'node:worker_threads'
import { plainError } from '../../core/index.ts'
import { deviceOf } from './device-of.ts'
import { serveDevice } from './device-server.ts'
import { FrameReader, framed } from './frames.ts'
import { deviceWatchUrl } from './location.ts'
import {
  ANSWERED,
  AT_WORK,
  DEVICE_PIPE,
  WATCH_WORDS,
  type DeviceProcessData,
  type Envelope,
  type Reply,
  type WatchData,
} from './thread-protocol.ts'

const frames = new FrameReader()
const state = new Int32Array(new SharedArrayBuffer(4 * WATCH_WORDS))

/** The next message; ends the process where the node is gone, or gave it up. */
function next(): unknown {
  for (;;) {
    const room = frames.room()
    const bytes = received(room)
    if (bytes === 0) process.exit()
    const found = frames.filled(bytes)
    if (found !== undefined) return found.message
  }
}

function received(room: Uint8Array): number {
  try {
    return readSync(DEVICE_PIPE, room, 0, room.length, null)
  } catch {
    return 0
  }
}

function send(reply: Reply): void {
  try {
    for (const piece of pieces(reply)) for (let at = 0; at < piece.length;) at += writeSync(DEVICE_PIPE, piece, at)
  } catch {
    process.exit()
  }
}

/** Outputs can be more than a frame holds. */
function pieces(reply: Reply): readonly Uint8Array[] {
  try {
    return framed(reply)
  } catch (error) {
    return framed({ id: reply.id, error: plainError(error) })
  }
}

const { memoryBytes, deadlineMs, exact, ...data } = next() as DeviceProcessData
const workerData: WatchData = { state, memoryBytes, deadlineMs, parent: process.ppid }
new Worker(deviceWatchUrl(), { workerData, name: 'watch' }).unref()
const guest = exact && { ...exact, compiled: new WebAssembly.Module(exact.code as Uint8Array<ArrayBuffer>) }
const serve = serveDevice(deviceOf({ ...data, exact: guest }))
for (;;) {
  const envelope = next() as Envelope
  Atomics.store(state, AT_WORK, 1)
  Atomics.notify(state, AT_WORK)
  const { reply } = await serve(envelope)
  Atomics.add(state, ANSWERED, 1)
  Atomics.store(state, AT_WORK, 0)
  send(reply)
}
