/**
 * Entry of the thread that watches a device process while it is at work: what took too much memory or time, or whose node is gone, is ended from beside it.
 * Does not protect against: what is taken between two looks.
 */
import { workerData } from 'node:worker_threads'
import { ANSWERED, AT_WORK, NOTHING, type WatchData } from './thread-protocol.ts'

/** A processor writes some 4 GB of new memory a second. */
const EVERY_MS = 10

const { state, memoryBytes, deadlineMs, parent } = workerData as WatchData
let answered = 0
let since = performance.now()
for (;;) {
  const woken = Atomics.wait(state, AT_WORK, 0) === 'ok'
  const now = Atomics.load(state, ANSWERED)
  if (woken || now !== answered) since = performance.now()
  answered = now
  const late = performance.now() - since > deadlineMs
  if (late || process.memoryUsage.rss() > memoryBytes || process.ppid !== parent) process.kill(process.pid, 'SIGKILL')
  Atomics.wait(state, NOTHING, 0, EVERY_MS)
}
