/** Waiting transactions. */
export { fateError, type Dropped } from './fates.ts'
export { Mempool, outbid, type PoolLimits, type PoolView } from './mempool.ts'
