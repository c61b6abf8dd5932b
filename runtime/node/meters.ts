/** Counters of a node, as OpenMetrics. */
import { Counter, Gauge, Histogram, Registry, type OpenMetricsContentType } from 'prom-client'
import type { ReceiptKind, RunStatus } from '../core/index.ts'

export interface Meters {
  /** A run ended; seconds of wall time. */
  ran(kind: ReceiptKind, status: RunStatus, gas: bigint, seconds: number): void
  block(height: number, transactions: number): void
  text(): Promise<string>
}

/** Fresh counters; `waiting` reads gauges when they are asked for. */
export function createMeters(waiting: () => { readonly mempool: number; readonly receipts: number }): Meters {
  const registry = new Registry<OpenMetricsContentType>()
  registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE)
  const of = { registers: [registry] }
  const runs = new Counter({ ...of, name: 'utnet_runs', help: 'Runs that ended in a receipt', labelNames: ['kind', 'status'] as const })
  const gas = new Counter({ ...of, name: 'utnet_gas', help: 'Gas used by runs', labelNames: ['kind'] as const })
  const seconds = new Histogram({
    ...of,
    name: 'utnet_run_seconds',
    help: 'Wall time of runs',
    labelNames: ['kind'] as const,
    buckets: [0.001, 0.005, 0.02, 0.1, 0.5, 2],
  })
  const height = new Gauge({ ...of, name: 'utnet_chain_height', help: 'Height of the last final block' })
  const transactions = new Counter({ ...of, name: 'utnet_transactions', help: 'Transactions in final blocks' })
  new Gauge({
    ...of,
    name: 'utnet_mempool_transactions',
    help: 'Transactions that wait',
    collect() {
      this.set(waiting().mempool)
    },
  })
  new Gauge({
    ...of,
    name: 'utnet_receipts',
    help: 'Receipts on disk',
    collect() {
      this.set(waiting().receipts)
    },
  })
  new Gauge({
    ...of,
    name: 'utnet_memory_bytes',
    help: 'Resident memory of the process',
    collect() {
      this.set(process.memoryUsage.rss())
    },
  })
  return {
    ran(kind, status, used, wall) {
      runs.inc({ kind, status })
      gas.inc({ kind }, Number(used))
      seconds.observe({ kind }, wall)
    },
    block(at, count) {
      height.set(at)
      transactions.inc(count)
    },
    text: () => registry.metrics(),
  }
}
