/**
 * Answers that are made whole before they are sent: files, CARs and proof bundles. A few are made at a time, the next wait in a line with an end, and what is made
 * and not sent yet has a bound in bytes: a client that reads slowly costs its own answer, not the node's memory.
 */
import { limitError, LIMITS } from '../../runtime/core/index.ts'
import type { GatewayContext } from '../http/index.ts'

export interface BulkLimits {
  /** Answers made at a time. */
  readonly made: number
  /** Requests in the line behind them. */
  readonly waiting: number
  /** Bytes made and not sent; one answer may have more, alone. */
  readonly bytes: number
}

/** The large answers of one gateway. */
export class Bulk {
  readonly #limits: BulkLimits
  readonly #line: (() => void)[] = []
  #made = 0
  #bytes = 0

  constructor(limits: BulkLimits = { made: LIMITS.bulkMade, waiting: LIMITS.bulkWaiting, bytes: LIMITS.bulkBytes }) {
    this.#limits = limits
  }

  /** Makes one when its turn comes; throws `host_busy` where the line is full, or what is being sent leaves no room for it. */
  async answer(c: GatewayContext, make: () => Promise<void>): Promise<void> {
    await this.#turn()
    try {
      await make()
    } finally {
      const next = this.#line.shift()
      // a place goes from one to the next, so that nobody comes between
      if (next === undefined) this.#made--
      else next()
    }
    const sent = c.env?.sent
    if (sent === undefined || c.res.body === null) return
    const size = Number(c.res.headers.get('content-length') ?? 0)
    const { bytes } = this.#limits
    if (this.#bytes > 0 && this.#bytes + size > bytes) {
      // the fields of an answer that is given up would be taken over by the next
      c.res = undefined
      throw limitError('host_busy', 'bulkBytes', this.#bytes + size, bytes, 'files and bundles being sent')
    }
    this.#bytes += size
    sent(() => (this.#bytes -= size))
  }

  async #turn(): Promise<void> {
    const { made, waiting } = this.#limits
    if (this.#made < made) {
      this.#made++
      return
    }
    if (this.#line.length >= waiting)
      throw limitError('host_busy', 'bulkWaiting', this.#line.length + 1, waiting, 'files and bundles asked for')
    await new Promise<void>((go) => this.#line.push(go))
  }
}
