/** What has come of requests that are not whole: bounded, or uploads that stall would hold all memory of the process. */
import type { Socket } from 'node:net'
import { LIMITS } from '../../runtime/core/index.ts'

/** The requests of one server that are on their way: on a connection one at a time (RFC 9112, 9.3.2). */
export class Arrivals {
  readonly #allowed: number
  readonly #drop: (socket: Socket, used: number) => void
  /** Bytes that came, by connection; whoever stands still the longest is first. */
  readonly #of = new Map<Socket, number>()
  #all = 0

  /** `drop` ends a connection whose bytes have no place any more: the one that stands still the longest. */
  constructor(drop: (socket: Socket, used: number) => void, allowed: number = LIMITS.arrivingBytes) {
    this.#drop = drop
    this.#allowed = allowed
  }

  /** Bytes of all. */
  get all(): number {
    return this.#all
  }

  /** Bytes of a body came. node:http reads on for a while where the connection is gone: nothing would give these back. */
  came(socket: Socket, bytes: number): void {
    if (socket.destroyed) return
    const before = this.#of.get(socket) ?? 0
    this.#of.delete(socket)
    this.#of.set(socket, before + bytes)
    this.#all += bytes
    for (const [slowest] of this.#of) {
      if (this.#all <= this.#allowed) return
      const used = this.#all
      this.whole(slowest)
      this.#drop(slowest, used)
    }
  }

  /** A request is here, or its connection is gone. */
  whole(socket: Socket): void {
    this.#all -= this.#of.get(socket) ?? 0
    this.#of.delete(socket)
  }
}
