/** Counters of a node, as OpenMetrics. */
export { createMeters, type Meters, RUN_SECONDS, type RunTotals } from './meters.ts'
