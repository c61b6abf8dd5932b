/** Durable storage: the Kv and Disk ports for real, and simulated ones that lose power. */
export * from './disk.ts'
export * from './lmdb.ts'
export * from './simulated-disk.ts'
export * from './simulated-kv.ts'
