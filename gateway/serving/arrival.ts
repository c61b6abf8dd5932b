/** How long a request may take to arrive, while this thread looks. What arrived while it ran a guest is not late: the thread was. */
import type { Server } from 'node:http'

export interface ArrivalLimits {
  /** Milliseconds from a connection, or its last answer, to the end of the request's head. */
  readonly headersMs: number
  /** To the end of its body. */
  readonly requestMs: number
  /** The server's `connectionsCheckingInterval`. */
  readonly checkMs: number
}

/**
 * Node looks at each `checkMs` for requests that take too long, and behind a run of seconds before it reads what came meanwhile. So by as much as its look is late both limits
 * are longer, for that look.
 */
export function limitArrival(server: Server, { headersMs, requestMs, checkMs }: ArrivalLimits): void {
  let looked = performance.now()
  let late = 0
  const lateness = (): number => {
    const now = performance.now()
    // One look asks several times.
    if (now - looked >= checkMs / 2) {
      late = Math.max(0, now - looked - checkMs)
      looked = now
    }
    return late
  }
  Object.defineProperties(server, {
    headersTimeout: { get: () => headersMs + lateness() },
    requestTimeout: { get: () => requestMs + lateness() },
  })
}
