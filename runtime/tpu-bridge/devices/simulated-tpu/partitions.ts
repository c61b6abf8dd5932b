/**
 * Device memory that tenants share under quotas (U5.1-VRT-1). What two of them hold alike lies there once, and counts for each in full: a quota says what a tenant could hold
 * alone, so nobody's room hangs on what others happen to load.
 */
import { UtnetError } from '../../../core/index.ts'

/** Memory is given out in pages. */
export const DEVICE_PAGE = 64 * 1024

interface Held {
  readonly bytes: number
  /** How often each tenant holds it. */
  readonly by: Map<string, number>
}

export class Partitions {
  readonly total: number
  readonly #quotas: ReadonlyMap<string, number>
  readonly #held = new Map<string, Held>()

  /** `quotas`: bytes by tenant; who has none has no memory. Together they may promise more than there is. Throws `core_bad_argument`. */
  constructor(total: number, quotas: Readonly<Record<string, number>>) {
    const sizes = [total, ...Object.values(quotas)]
    if (!sizes.every((n) => Number.isSafeInteger(n) && n >= 0))
      throw new UtnetError('core_bad_argument', 'sizes of device memory are whole numbers of bytes')
    this.total = total
    this.#quotas = new Map(Object.entries(quotas))
  }

  /** Bytes that lie in memory. */
  get used(): number {
    return [...this.#held.values()].reduce((n, { bytes }) => n + bytes, 0)
  }

  /** Bytes that count for a tenant. */
  usedBy(tenant: string): number {
    return [...this.#held.values()].reduce((n, { bytes, by }) => n + (by.has(tenant) ? bytes : 0), 0)
  }

  quotaOf(tenant: string): number {
    return this.#quotas.get(tenant) ?? 0
  }

  /** Takes room for what `key` names; gives what frees it, once. Throws `device_memory` over the tenant's quota, or where memory is full. */
  hold(tenant: string, key: string, size: number): () => void {
    const bytes = Math.ceil(size / DEVICE_PAGE) * DEVICE_PAGE
    const known = this.#held.get(key)
    const own = known?.by.get(tenant) ?? 0
    if (own === 0) {
      this.#check(this.usedBy(tenant) + bytes, this.quotaOf(tenant), `quota of ${tenant}`)
      if (known === undefined) this.#check(this.used + bytes, this.total, 'memory of the device')
    }
    const held = known ?? { bytes, by: new Map<string, number>() }
    this.#held.set(key, held)
    held.by.set(tenant, own + 1)
    let free = false
    return () => {
      if (free) return
      free = true
      const left = (held.by.get(tenant) as number) - 1
      if (left > 0) held.by.set(tenant, left)
      else held.by.delete(tenant)
      if (held.by.size === 0) this.#held.delete(key)
    }
  }

  #check(used: number, allowed: number, what: string): void {
    if (used <= allowed) return
    throw new UtnetError('device_memory', `the ${what} is ${allowed} bytes, ${used} would be held`, {
      limit: what,
      used,
      allowed,
      hint: 'close a model, or ask for a larger share',
    })
  }
}
