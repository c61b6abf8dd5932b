/** The threads that seal, as the main thread sees them: each is started with its edge thread and ends behind it, when all that it was given is written. */
import { Worker } from 'node:worker_threads'
import { wakeSealer } from '../../receipts/index.ts'
import { openLink } from './link.ts'
import type { KeeperHandlers, SealerData } from './protocol.ts'

/** A thread that does not come to its end is ended: its disk does not answer. */
const CLOSE_MS = 5_000

const bundled = !import.meta.url.endsWith('.ts')
const WORKER = new URL(bundled ? './sealer-worker.js' : './sealer-worker.ts', import.meta.url)

export interface SealerEnd {
  /** Resolves when all that was durable when this was asked has been told; rejects when the thread ends first. */
  tell(): Promise<void>
  /** Asks the thread to write what it was given and to end; resolves when it is gone. */
  end(): Promise<void>
}

/** Starts one; `ended` is called once it is gone, with why where it was not asked to. */
export function startSealer(thread: number, data: SealerData, handlers: KeeperHandlers, ended: (why: unknown) => void): SealerEnd {
  const worker = new Worker(WORKER, { workerData: data, transferList: [data.end.port], name: `sealer-${thread}` })
  const link = openLink(worker, { ...handlers })
  const gone = Promise.withResolvers<void>()
  let why: unknown
  let ending: Promise<void> | undefined
  worker.once('error', (error) => (why = error))
  worker.once('exit', () => {
    link.end()
    gone.resolve()
    ended(why ?? (ending === undefined ? new Error('it ended') : undefined))
  })
  return {
    async tell() {
      const told = link.ask<void>('tell')
      wakeSealer(data.end.memory)
      await told
    },
    end() {
      ending ??= (async () => {
        const late = setTimeout(() => void worker.terminate(), CLOSE_MS)
        link.note('close')
        wakeSealer(data.end.memory)
        await gone.promise
        clearTimeout(late)
      })()
      return ending
    },
  }
}
