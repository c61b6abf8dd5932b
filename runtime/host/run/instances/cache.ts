/** Prepared guests by module id; the last used stands last. */
import type { PreparedGuest } from './prepared.ts'

export class GuestCache {
  readonly #guests = new Map<string, PreparedGuest>()
  readonly #most: number
  readonly #left: (guest: PreparedGuest) => void
  #bytes = 0
  /** The one that stands last. */
  #last: string | undefined

  /** Holds at most `most` bytes, and the last guest in any case; `left` hears of each that must go. */
  constructor(most: number, left: (guest: PreparedGuest) => void) {
    this.#most = most
    this.#left = left
  }

  get(id: string): PreparedGuest | undefined {
    const found = this.#guests.get(id)
    if (found !== undefined && this.#last !== id) {
      this.#guests.delete(id)
      this.#guests.set(id, found)
      this.#last = id
    }
    return found
  }

  /** One that stands here, without counting as a use. */
  peek(id: string): PreparedGuest | undefined {
    return this.#guests.get(id)
  }

  /** Gives the guest that is kept: the one that was there before, where there was one. */
  put(id: string, guest: PreparedGuest): PreparedGuest {
    const kept = this.get(id)
    if (kept !== undefined) return kept
    this.#guests.set(id, guest)
    this.#last = id
    this.#bytes += guest.bytes
    for (const [oldest, old] of this.#guests) {
      if (this.#bytes <= this.#most || oldest === id) break
      this.#guests.delete(oldest)
      this.#bytes -= old.bytes
      this.#left(old)
    }
    return guest
  }

  get count(): number {
    return this.#guests.size
  }

  get bytes(): number {
    return this.#bytes
  }
}
