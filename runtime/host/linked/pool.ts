/** Where a run of a linked guest gets its core instances: as good as new from the pool, or new. */
import { InstancePool, MemoryImage } from '../pool/index.ts'
import { dropped } from '../run/reclaim.ts'
import { LinkedExecution } from './execution.ts'
import type { LinkedGuest } from './prepared.ts'

export class LinkedPool {
  readonly #pool: InstancePool<LinkedGuest, LinkedExecution>
  readonly #pooling: boolean
  /** Of the memories behind the first, which the pool knows. */
  readonly #others = new WeakMap<LinkedGuest, readonly MemoryImage[]>()

  /** Idle instances take at most `most` bytes; 0 makes new ones for each run. */
  constructor(most: number) {
    this.#pool = new InstancePool(most)
    this.#pooling = most > 0
  }

  /** Of idle instances. */
  get bytes(): number {
    return this.#pool.bytes
  }

  /** Runs that idle instances are ready for. */
  get count(): number {
    return this.#pool.count
  }

  take(guest: LinkedGuest): LinkedExecution {
    const pooled = this.#pooling && guest.poolable
    const idle = pooled ? this.#pool.take(guest) : undefined
    if (idle !== undefined) return idle
    const made = new LinkedExecution(guest)
    if (pooled && made.assemble()) this.#made(guest, made)
    return made
  }

  #made(guest: LinkedGuest, made: LinkedExecution): void {
    this.#pool.made(guest, made)
    if (!this.#others.has(guest)) this.#others.set(guest, made.memories.slice(1).map(MemoryImage.of))
  }

  /** Takes instances back, however their run ended. Those that cannot be as they were are dropped. */
  give(execution: LinkedExecution, tenant: string): void {
    const { memories } = execution
    if (!this.#kept(execution, memories.slice(1), tenant)) dropped(memories.reduce((n, { length }) => n + length, 0))
  }

  #kept(execution: LinkedExecution, others: readonly Uint8Array[], tenant: string): boolean {
    const { guest, sound } = execution
    const images = this.#others.get(guest)
    if (!sound || images === undefined || others.some(({ length }, i) => length !== images[i]?.length)) return false
    if (!this.#pool.give(guest, execution, tenant)) return false
    images.forEach((image, i) => image.restore(others[i] as Uint8Array))
    return true
  }

  /** The guest has left the cache. */
  forget(guest: LinkedGuest): void {
    this.#pool.forget(guest)
  }
}
