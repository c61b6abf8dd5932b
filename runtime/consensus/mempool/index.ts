/** Waiting transactions. */
export { Mempool, type PoolView } from './mempool.ts'
