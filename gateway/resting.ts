/**
 * Connections between two requests. node:http starts a timer of the socket behind each answer and ends it at the next request, which takes a microsecond
 * of thirty. Here an answer notes how many looks its connection may rest, and one look for all of them comes now and then.
 */
import type { Socket } from 'node:net'

const LOOKS = Symbol('looks left')
type Resting = Socket & { [LOOKS]?: number }

/** Lets a socket rest by looks, each `checkMs` after the other, where it would by a timer (`keepAliveTimeout`): at least for as long, and less than two looks longer. */
export function restByLooks(socket: Socket, checkMs: number): void {
  const resting: Resting = socket
  resting[LOOKS] = 0
  socket.setTimeout = (ms) => {
    resting[LOOKS] = ms === 0 ? 0 : Math.ceil(ms / checkMs) + 1
    return socket
  }
}

/** Looks once: closes those that have rested long enough. A thread that was kept by a guest looks later, so nobody is closed for that. */
export function closeRested(sockets: Iterable<Socket>): void {
  for (const socket of sockets as Iterable<Resting>) {
    const left = socket[LOOKS] ?? 0
    if (left > 0) socket[LOOKS] = left - 1
    if (left === 1) socket.destroy()
  }
}
