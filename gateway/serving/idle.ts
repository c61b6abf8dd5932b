/**
 * The idle time of connections. node:http starts a timer of the socket behind each answer and ends it at the next request, which takes a microsecond of
 * thirty. Here an answer notes how many sweeps its connection may be idle, and one sweep over all of them comes now and then.
 */
import type { Socket } from 'node:net'

const SWEEPS = Symbol('sweeps left')
type Idle = Socket & { [SWEEPS]?: number }

/** Lets a socket be idle by sweeps, each `sweepMs` after the other, where it would by a timer (`keepAliveTimeout`): at least for as long, and less than two sweeps longer. */
export function idleBySweeps(socket: Socket, sweepMs: number): void {
  const idle: Idle = socket
  idle[SWEEPS] = 0
  socket.setTimeout = (ms) => {
    idle[SWEEPS] = ms === 0 ? 0 : Math.ceil(ms / sweepMs) + 1
    return socket
  }
}

/** One sweep: closes those that were idle long enough. A thread that was kept by a guest sweeps later, so nobody is closed for that. */
export function closeIdle(sockets: Iterable<Socket>): void {
  for (const socket of sockets as Iterable<Idle>) {
    const left = socket[SWEEPS] ?? 0
    if (left > 0) socket[SWEEPS] = left - 1
    if (left === 1) socket.destroy()
  }
}
