/** The profiling variant's counters: where it counts, and how they are named. */
export { callCounter, Counters, gasCounter, LEAST_STACK_EXPORT, probeCounter } from './counters.ts'
export { chargedBy, probeCount } from './probes.ts'
