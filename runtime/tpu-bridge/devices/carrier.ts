/** Where a device runs beside the node's event loop: in a thread of this process, or in a process of its own, which a model cannot take the node down with. */
import { fork, type ChildProcess } from 'node:child_process'
import { Worker } from 'node:worker_threads'
import type { NamedTensor } from '../../core/index.ts'
import { deviceProcessUrl, deviceWorkerUrl } from './location.ts'
import { reason } from './ort-runtime.ts'
import type { DeviceProcessData, DeviceThreadData, Envelope, Reply } from './thread-protocol.ts'

export interface Carrier {
  /** Sends a request; buffers may be handed over whole. */
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

export function processCarrier(data: DeviceProcessData, { replied, ended }: CarrierEvents): Carrier {
  const child = fork(deviceProcessUrl(), { serialization: 'advanced', execArgv: [], stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
  const hold = (held: boolean): void => {
    if (held) child.ref()
    else child.unref()
    if (held) child.channel?.ref()
    else child.channel?.unref()
  }
  // what cannot be sent shows by the end of the process
  const post = (message: DeviceProcessData | Envelope): void => void child.send(message, () => {})
  hold(false)
  child.on('message', (reply: Reply) => replied(owned(reply)))
  child.on('error', (error) => ended(`came down: ${reason(error)}`))
  child.on('exit', (code, signal) => ended(signal === null ? `ended with code ${code}` : endedBy(signal, data.memoryBytes)))
  post(data)
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

/** What was read lies in one buffer with the whole message. */
function owned(reply: Reply): Reply {
  if (!('ok' in reply)) return reply
  const { ok } = reply
  const copy = (t: NamedTensor): NamedTensor => ({ ...t, data: new Uint8Array(t.data) })
  if (Array.isArray(ok)) return { ...reply, ok: (ok as readonly NamedTensor[]).map(copy) }
  return typeof ok === 'object' && 'checkpoints' in ok ? { ...reply, ok: { ...ok, outputs: ok.outputs.map(copy) } } : reply
}
