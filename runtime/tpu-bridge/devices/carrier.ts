/** Where a device runs beside the node's event loop: in a thread of this process, or in a process of its own, which a model cannot take the node down with. */
import { spawn, type ChildProcess } from 'node:child_process'
import type { Socket } from 'node:net'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import { aReply } from './answers.ts'
import { FrameReader, framed } from './frames.ts'
import { deviceProcessUrl, deviceWorkerUrl } from './location.ts'
import { reason } from './ort-runtime.ts'
import { DEVICE_PIPE, type DeviceProcessData, type DeviceThreadData, type Envelope, type Reply } from './thread-protocol.ts'

export interface Carrier {
  /** Sends a request; buffers may be handed over whole. Throws `core_too_large` for what is more than it can carry. */
  post(envelope: Envelope, buffers: readonly ArrayBuffer[]): void
  /** Whether it keeps this process alive. */
  hold(held: boolean): void
  stop(): Promise<void>
}

/** Told of what a carrier does; of its end at least once. */
export interface CarrierEvents {
  replied(reply: Reply): void
  ended(why: string): void
}

export function threadCarrier(workerData: DeviceThreadData, { replied, ended }: CarrierEvents): Carrier {
  const worker = new Worker(deviceWorkerUrl(), { workerData, name: workerData.device })
  worker.unref()
  worker.on('message', replied)
  worker.on('error', (error) => ended(`came down: ${reason(error)}`))
  worker.on('exit', (code) => ended(`ended with code ${code}`))
  return {
    post: (envelope, buffers) => worker.postMessage(envelope, buffers),
    hold: (held) => (held ? worker.ref() : worker.unref()),
    stop: async () => void (await worker.terminate()),
  }
}

/** Its messages go over a pipe of their own: what Node carries itself between processes takes twice as long. */
export function processCarrier(data: DeviceProcessData, { replied, ended }: CarrierEvents): Carrier {
  const child = spawn(process.execPath, [fileURLToPath(deviceProcessUrl())], { stdio: ['ignore', 'ignore', 'inherit', 'pipe'] })
  const pipe = child.stdio[DEVICE_PIPE] as Socket
  const frames = new FrameReader()
  let held = true
  const hold = (now: boolean): void => {
    held = now
    if (held) child.ref()
    else child.unref()
    if (held) pipe.ref()
    else pipe.unref()
  }
  function post(message: DeviceProcessData | Envelope): void {
    const pieces = framed(message)
    pipe.cork()
    for (const piece of pieces) pipe.write(piece)
    pipe.uncork()
  }
  pipe.on('data', (bytes: Uint8Array) => {
    try {
      // nobody has asked: it is not to fill memory here
      if (!held) throw new Error('nothing was asked')
      for (const message of frames.push(bytes)) replied(aReply(message))
    } catch (error) {
      ended(`gave an answer that is none: ${reason(error)}`)
    }
  })
  // what cannot be sent shows by the end of the process; one that closes its end has nothing more to say
  pipe.on('error', () => {})
  pipe.on('close', () => child.kill('SIGKILL'))
  child.on('error', (error) => ended(`came down: ${reason(error)}`))
  child.on('exit', (code, signal) => ended(signal === null ? `ended with code ${code}` : endedBy(signal, data.memoryBytes)))
  post(data)
  hold(false)
  return { post, hold, stop: () => killed(child) }
}

const endedBy = (signal: NodeJS.Signals, bytes: number): string =>
  signal === 'SIGKILL' ? `was ended: it took more memory than ${bytes} bytes, or than the machine has` : `was ended by ${signal}`

async function killed(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
  child.ref()
  const gone = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGKILL')
  await gone
}
