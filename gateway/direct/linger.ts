/** Connections that are closed while their client is still sending. */
import type { IncomingMessage } from 'node:http'

/** What a client sends behind its refusal is thrown away for so long at most, */
const LINGER_MS = 2_000
/** and no longer than this behind the last bytes that came. */
const QUIET_MS = 100

/**
 * Calls `done` once when the client has sent all, has gone, has stopped sending, or has had its time. A connection closed before that is reset by the kernel, and the
 * answer is lost with it (RFC 9112 section 9.6).
 */
export function linger(incoming: IncomingMessage, done: () => void): void {
  const timers: NodeJS.Timeout[] = []
  let open = true
  const end = (): void => {
    if (!open) return
    open = false
    for (const timer of timers) clearTimeout(timer)
    done()
  }
  const quiet = setTimeout(end, QUIET_MS)
  timers.push(quiet, setTimeout(end, LINGER_MS))
  incoming.on('data', () => open && quiet.refresh())
  incoming.once('end', end)
  incoming.once('close', end)
}
