/** Counters of a node, as OpenMetrics. */
import { AggregatorRegistry, Counter, Gauge, Histogram, Registry, type OpenMetricsContentType } from 'prom-client'
import type { ReceiptKind, RunStatus } from '../../core/index.ts'
import type { ServingState } from '../../tpu-bridge/index.ts'
import { deviceMeters, type DeviceMeters } from './device-meters.ts'

/** Counts what happens, and gives the exposition text. */
export interface Meters extends DeviceMeters {
  /** A run ended; seconds of wall time. */
  ran(kind: ReceiptKind, status: RunStatus, gas: bigint, seconds: number): void
  block(height: number, transactions: number): void
  text(): Promise<string>
}

/** Upper bounds of the buckets of `utnet_run_seconds`; one more holds what is over the last. */
export const RUN_SECONDS: readonly number[] = [0.001, 0.005, 0.02, 0.1, 0.5, 2]

/** What another thread has counted of its runs. */
export interface RunTotals {
  readonly kind: ReceiptKind
  readonly runs: readonly (readonly [RunStatus, number])[]
  readonly gas: number
  /** In all. */
  readonly seconds: number
  /** Runs by their seconds: as many as bounds, and one. */
  readonly buckets: readonly number[]
}

/** The counters of another thread as prom-client gives its own to be aggregated. */
function metricsOf({ kind, runs, gas, seconds, buckets }: RunTotals): readonly object[] {
  const labels = { kind }
  const counter = (name: string, values: readonly object[]): object => ({ name, help: '', type: 'counter', values, aggregator: 'sum' })
  let below = 0
  const cumulated = buckets.map((count, i) => {
    below += count
    return { metricName: 'utnet_run_seconds_bucket', value: below, labels: { le: RUN_SECONDS[i] ?? '+Inf', ...labels } }
  })
  return [
    counter(
      'utnet_runs',
      runs.filter(([, count]) => count > 0).map(([status, value]) => ({ value, labels: { kind, status } })),
    ),
    counter('utnet_gas', [{ value: gas, labels }]),
    {
      name: 'utnet_run_seconds',
      help: '',
      type: 'histogram',
      aggregator: 'sum',
      values: [
        ...cumulated,
        { metricName: 'utnet_run_seconds_sum', value: seconds, labels },
        { metricName: 'utnet_run_seconds_count', value: below, labels },
      ],
    },
  ]
}

export interface Waiting {
  readonly mempool: number
  readonly receipts: number
  readonly threads: number
}

const IDLE: ServingState = { joined: 0, batches: 0, devices: [] }

/** Fresh counters; `waiting` and `serving` read gauges when they are asked for, `others` what other threads have counted. */
export function createMeters(
  waiting: () => Waiting,
  others: () => readonly RunTotals[] = () => [],
  serving: () => ServingState = () => IDLE,
): Meters {
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
    buckets: [...RUN_SECONDS],
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
    name: 'utnet_edge_threads',
    help: 'Threads that serve HTTP beside the main thread',
    collect() {
      this.set(waiting().threads)
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
    ...deviceMeters(registry, serving),
    ran(kind, status, used, wall) {
      runs.inc({ kind, status })
      gas.inc({ kind }, Number(used))
      seconds.observe({ kind }, wall)
    },
    block(at, count) {
      height.set(at)
      transactions.inc(count)
    },
    async text() {
      const totals = others()
      if (totals.length === 0) return registry.metrics()
      // Nothing of an edge thread is a gauge, so that sums are right.
      const all = AggregatorRegistry.aggregate([await registry.getMetricsAsJSON(), ...totals.map(metricsOf)] as Parameters<
        typeof AggregatorRegistry.aggregate
      >[0])
      all.setContentType(Registry.OPENMETRICS_CONTENT_TYPE as never)
      return all.metrics()
    },
  }
}
