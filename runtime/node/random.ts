/** Random bytes from a pool: one system call serves many salts. */
import { randomFillSync } from 'node:crypto'

const POOL_BYTES = 16 * 1024

export function pooledRandom(): (length: number) => Uint8Array {
  const pool = new Uint8Array(POOL_BYTES)
  let at = pool.length
  return (length) => {
    if (at + length > pool.length) {
      randomFillSync(pool)
      at = 0
    }
    at += length
    return pool.slice(at - length, at)
  }
}
