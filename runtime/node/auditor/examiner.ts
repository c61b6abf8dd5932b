/** Weighs evidence in a thread of its own, one file after the other, each within a time: blocks do not wait for runs that others chose. */
import { Worker } from 'node:worker_threads'
import { limitError, LIMITS, UtnetError, type LeafEvidence } from '../../core/index.ts'
import type { Examined, Ground } from './examine.ts'

export interface ExamineRequest {
  readonly leaf: Uint8Array
  readonly evidence: LeafEvidence
  readonly ground: Ground
}

export interface Examiner {
  /** Of what takes too long, or ends its thread, the result is `unknown`. Throws `host_busy` over `LIMITS.examinations`, `node_stopping` once closed. */
  examine(leaf: Uint8Array, evidence: LeafEvidence): Promise<Examined>
  close(): Promise<void>
}

const bundled = !import.meta.url.endsWith('.ts')
const WORKER = new URL(bundled ? './examine-worker.js' : './examine-worker.ts', import.meta.url)

/** The thread starts with the first file. */
export function openExaminer(ground: Ground, deadlineMs: number = LIMITS.auditRunMs): Examiner {
  let worker: Worker | undefined
  let waiting = 0
  let closed = false
  let last: Promise<unknown> = Promise.resolve()

  async function end(): Promise<void> {
    const ending = worker
    worker = undefined
    await ending?.terminate()
  }

  async function weigh(request: ExamineRequest): Promise<Examined> {
    if (closed) throw new UtnetError('node_stopping', 'the node is stopping')
    const thread = (worker ??= new Worker(WORKER, { name: 'evidence' }))
    thread.ref()
    const answered = Promise.withResolvers<Examined>()
    const fell = (): void => answered.resolve({ result: 'unknown', why: 'the thread that ran it came down' })
    const late = setTimeout(() => answered.resolve({ result: 'unknown', why: `it did not end within ${deadlineMs} ms` }), deadlineMs)
    let well = false
    thread.once('message', (examined: Examined) => {
      well = true
      answered.resolve(examined)
    })
    thread.once('error', fell)
    thread.once('exit', fell)
    thread.postMessage(request, [])
    try {
      return await answered.promise
    } finally {
      clearTimeout(late)
      thread.removeListener('error', fell)
      thread.removeListener('exit', fell)
      // it does not keep the process alive while it has nothing to do
      if (well) thread.unref()
      else {
        // a worker that fails later has nobody left to tell
        thread.on('error', () => {})
        await end()
      }
    }
  }

  return {
    async examine(leaf, evidence) {
      if (waiting >= LIMITS.examinations)
        throw limitError('host_busy', 'examinations', waiting + 1, LIMITS.examinations, 'evidence to weigh')
      waiting++
      const turn = last.then(() => weigh({ leaf, evidence, ground }))
      last = turn.catch(() => {})
      try {
        return await turn
      } finally {
        waiting--
      }
    },
    async close() {
      closed = true
      await end()
      await last
    },
  }
}
