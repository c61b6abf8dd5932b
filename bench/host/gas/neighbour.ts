/**
 * A neighbour on every other processor: an edge that is attacked is busy, and what guests share there, the last cache and the way to memory, is in use.
 * Prices hold beside it.
 */
import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'

const MEBIBYTES = 256
/** More of them use up no more of what is shared than these. */
const MOST = 4

/** Reads and writes lines all over its memory, for ever. */
const WORK = `
  const words = new Uint32Array(${MEBIBYTES} << 18).fill(1)
  const turn = (n, x, sum) => {
    for (; n > 0; n--) {
      x = (Math.imul(x, 1664525) + 1013904223) | 0
      const at = (x >>> 4) & (words.length - 1)
      sum += words[at]
      words[at ^ 0x155550] = sum
    }
    return x
  }
  require('node:worker_threads').parentPort.postMessage('ready')
  for (let x = 1; ; ) x = turn(1e6, x, 0)`

/** Runs `use` while all other processors, or one at least, work all over memory. */
export async function besideNeighbours<T>(use: () => Promise<T>): Promise<T> {
  const workers = Array.from({ length: Math.min(MOST, Math.max(1, availableParallelism() - 1)) }, () => new Worker(WORK, { eval: true }))
  try {
    await Promise.all(workers.map((worker) => new Promise((ready, failed) => worker.once('message', ready).once('error', failed))))
    return await use()
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()))
  }
}
