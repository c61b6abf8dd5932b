/** Counters of the runs of one thread in shared memory: the main thread reads them for `/metrics` even while the thread is busy. */
import { RUN_SECONDS, type Meters, type RunTotals } from '../meters/index.ts'
import type { RunStatus } from '../../core/index.ts'

const STATUSES: readonly RunStatus[] = ['ok', 'trap', 'out-of-gas', 'refused']
const GAS = STATUSES.length
const SECONDS = GAS + 1
const BUCKETS = SECONDS + 1
const CELLS = BUCKETS + RUN_SECONDS.length + 1

/** Memory for the counters of one thread. */
export function runCountTable(): SharedArrayBuffer {
  return new SharedArrayBuffer(CELLS * 8)
}

const add = (cells: Float64Array, at: number, n: number): void => {
  cells[at] = (cells[at] as number) + n
}

/** The thread's side; it runs functions only. */
export function countRuns(buffer: SharedArrayBuffer): Pick<Meters, 'ran'> {
  const cells = new Float64Array(buffer)
  return {
    ran(_kind, status, gas, seconds) {
      add(cells, STATUSES.indexOf(status), 1)
      add(cells, GAS, Number(gas))
      add(cells, SECONDS, seconds)
      const bucket = RUN_SECONDS.findIndex((most) => seconds <= most)
      add(cells, BUCKETS + (bucket === -1 ? RUN_SECONDS.length : bucket), 1)
    },
  }
}

/** What a thread has counted so far. */
export function readRunCounts(buffer: SharedArrayBuffer): RunTotals {
  const cells = new Float64Array(buffer)
  const at = (i: number): number => cells[i] as number
  return {
    kind: 'invoke',
    runs: STATUSES.map((status, i) => [status, at(i)] as const),
    gas: at(GAS),
    seconds: at(SECONDS),
    buckets: Array.from({ length: RUN_SECONDS.length + 1 }, (_, i) => at(BUCKETS + i)),
  }
}
