/** Where a run of a linked guest gets its core instances: as good as new from the pool, or new. */
import { InstancePool, MemoryImage } from '../pool/index.ts'
import { dropped } from '../run/instances/index.ts'
import { LinkedExecution } from './execution.ts'
import type { LinkedGuest } from './prepared.ts'

const sizeOf = (images: readonly MemoryImage[]): number => images.reduce((n, { size }) => n + size, 0)

export class LinkedPool {
  readonly #pool: InstancePool<LinkedGuest, LinkedExecution>
  readonly #pooling: boolean
  /** Of the memories behind the first, which the pool knows. */
  readonly #others = new WeakMap<LinkedGuest, readonly MemoryImage[]>()

  /** Idle instances take at most `most` bytes, of which `others` say how many are in use elsewhere; 0 makes new ones for each run. */
  constructor(most: number, others: () => number = () => 0) {
    this.#pool = new InstancePool(() => most - others())
    this.#pooling = most > 0
  }

  /** Of idle instances and what they are set back by. */
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
    if (!this.#pool.made(guest, made)) return
    const images = made.memories.slice(1).map(MemoryImage.of)
    this.#others.set(guest, images)
    this.#pool.images(sizeOf(images))
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
    this.#pool.images(-sizeOf(this.#others.get(guest) ?? []))
    this.#others.delete(guest)
    this.#pool.forget(guest)
  }
}
