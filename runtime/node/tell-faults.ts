/** The log of a node: what it could not do, on stderr, where the answer to the caller names no cause. */
import { asUtnetError, type ErrorCode } from '../core/index.ts'

/** What passes by itself, or says all there is to say to the caller. */
const EXPECTED: ReadonlySet<ErrorCode> = new Set([
  'host_busy',
  'host_restarted',
  'mempool_full',
  'node_stopping',
  'node_not_ready',
  'node_unreachable',
  'device_missing',
])

/** A caller who can make a node fail must not be able to fill its disk: one line a code in this time. */
const QUIET_MS = 1_000

/** Gives what writes a line for each fault of the node. `write` takes the line, `now` gives milliseconds. */
export function tellFaults(write: (line: string) => void, now: () => number): (thrown: unknown, request?: Request) => void {
  const last = new Map<ErrorCode, number>()
  return (thrown, request) => {
    const { code, fault, message } = asUtnetError(thrown)
    if (fault !== 'node' || EXPECTED.has(code)) return
    const before = last.get(code)
    const at = now()
    if (before !== undefined && at - before < QUIET_MS) return
    last.set(code, at)
    const place = request === undefined ? '' : ` (${request.method} ${new URL(request.url).pathname.slice(0, 120)})`
    write(`a request failed${place}: ${code}: ${message.replaceAll(/[\s\p{Cc}]+/gu, ' ').slice(0, 500)}\n`)
  }
}

/** The same, to stderr. */
export const toldFaults = (): ((thrown: unknown, request?: Request) => void) =>
  tellFaults(
    (line) => process.stderr.write(line),
    () => performance.now(),
  )
