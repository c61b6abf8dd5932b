/** What has come of requests that are not whole: bounded, or uploads that stall would hold all memory of the process. */
import type { IncomingMessage } from 'node:http'
import { LIMITS } from '../../runtime/core/index.ts'

/** The requests of one server that are on their way. */
export class Arrivals {
  readonly #allowed: number
  readonly #drop: (incoming: IncomingMessage, used: number) => void
  /** Bytes of each that came; whoever stands still the longest is first. */
  readonly #of = new Map<IncomingMessage, number>()
  #all = 0

  /** `drop` ends a request whose bytes have no place any more: the one that stands still the longest. */
  constructor(drop: (incoming: IncomingMessage, used: number) => void, allowed: number = LIMITS.arrivingBytes) {
    this.#drop = drop
    this.#allowed = allowed
  }

  /** Bytes of a body came. */
  came(incoming: IncomingMessage, bytes: number): void {
    const before = this.#of.get(incoming)
    if (before !== undefined) this.#of.delete(incoming)
    this.#of.set(incoming, (before ?? 0) + bytes)
    this.#all += bytes
    for (const [slowest] of this.#of) {
      if (this.#all <= this.#allowed) return
      const used = this.#all
      this.whole(slowest)
      this.#drop(slowest, used)
    }
  }

  /** A request is here, or will never be. */
  whole(incoming: IncomingMessage): void {
    this.#all -= this.#of.get(incoming) ?? 0
    this.#of.delete(incoming)
  }
}
