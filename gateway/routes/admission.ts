/** How many requests to functions may be in flight at a time: beyond, they are refused at once instead of waiting in a queue without end. */
import { LIMITS, UtnetError } from '../../runtime/core/index.ts'

export interface AdmissionLimits {
  /** On this thread. */
  readonly requests: number
  /** To one name. */
  readonly perGuest: number
}

/** The requests to one name. */
interface Count {
  of: number
}

/** Names without requests that are remembered: most requests are to the same few. */
const REMEMBERED = 256

/** The requests of one thread. */
export class Admission {
  readonly #limits: AdmissionLimits
  readonly #of = new Map<string, Count>()
  #all = 0

  constructor(limits: AdmissionLimits = { requests: LIMITS.edgeRequests, perGuest: LIMITS.edgeRequestsPerGuest }) {
    this.#limits = limits
  }

  /** Requests in flight. */
  get count(): number {
    return this.#all
  }

  /** Takes a place; throws `host_busy` where there is none. Whoever took one gives it back with `leave`. */
  enter(name: string): void {
    const { requests, perGuest } = this.#limits
    const count = this.#of.get(name)
    const of = count?.of ?? 0
    if (this.#all >= requests) throw busy('edgeRequests', this.#all, requests, 'this thread')
    if (of >= perGuest) throw busy('edgeRequestsPerGuest', of, perGuest, name)
    this.#all++
    if (count === undefined) this.#of.set(name, { of: 1 })
    else count.of++
  }

  leave(name: string): void {
    this.#all--
    const count = this.#of.get(name) as Count
    if (--count.of === 0 && this.#of.size > REMEMBERED) this.#of.delete(name)
  }
}

function busy(limit: string, used: number, allowed: number, who: string): UtnetError {
  return new UtnetError('host_busy', `${who} has ${used} requests in flight, the limit ${limit}`, { limit, used, allowed })
}
