/**
 * The open connections of a thread, in shared memory: their file descriptors, and whether an answer may be written there by somebody else.
 * The main thread does so when it ends a thread (`fence.ts` makes sure that it is the only one that writes then): whoever waits is told 503 instead
 * of being cut off. A connection whose answer has begun cannot be helped.
 */
import { readSync, writeSync } from 'node:fs'
import type { Socket } from 'node:net'
import { LIMITS } from '../../core/index.ts'
import type { ConnectionObserver } from '../../../gateway/serving/index.ts'

const FREE = 0
/** Between two requests, as far as this thread has read. */
const RESTS = 1
const WAITS = 2
const WRITES = 3

/** Memory for the connections of one thread. */
export function connectionTable(): SharedArrayBuffer {
  return new SharedArrayBuffer(LIMITS.connections * 8)
}

const SLOT = Symbol('connection slot')
type Slotted = Socket & { [SLOT]?: number; readonly _handle?: { readonly fd?: number } | null }

/** The thread's side: keeps the table true. */
export function listConnections(buffer: SharedArrayBuffer): ConnectionObserver {
  const table = new Int32Array(buffer)
  const free = Array.from({ length: LIMITS.connections }, (_, i) => LIMITS.connections - 1 - i)
  const mark = (socket: Slotted, state: number): void => {
    const slot = socket[SLOT]
    if (slot !== undefined) Atomics.store(table, slot * 2 + 1, state)
  }
  return {
    opened(socket: Slotted) {
      const fd = socket._handle?.fd
      // Windows has no descriptors for sockets.
      if (fd === undefined || fd < 0) return
      const slot = free.pop()
      if (slot === undefined) return
      socket[SLOT] = slot
      Atomics.store(table, slot * 2, fd)
      mark(socket, RESTS)
    },
    closed(socket: Slotted) {
      const slot = socket[SLOT]
      if (slot === undefined) return
      mark(socket, FREE)
      delete socket[SLOT]
      free.push(slot)
    },
    waits: (socket) => mark(socket, WAITS),
    writes: (socket) => mark(socket, WRITES),
    rests: (socket) => mark(socket, RESTS),
  }
}

const CHUNK = 64 * 1024
/** A request that is larger was not read by the thread either; its sender sees a broken connection. */
const DRAIN_BYTES = 1 << 20

/** Takes what has come and nobody read: a socket that is closed over unread bytes resets the connection, and the answer on it may be lost. */
function drain(fd: number): number {
  const buffer = new Uint8Array(CHUNK)
  let total = 0
  try {
    while (total < DRAIN_BYTES) {
      const read = readSync(fd, buffer, 0, CHUNK, null)
      if (read === 0) break
      total += read
    }
  } catch {
    // EAGAIN: nothing more has come. Any other error: the peer is gone.
  }
  return total
}

/** Answers on every connection of a condemned thread that waits for one; gives how many were answered. */
export function answerWaiting(buffer: SharedArrayBuffer, answer: string): number {
  const table = new Int32Array(buffer)
  const bytes = Buffer.from(answer, 'latin1')
  let answered = 0
  for (let slot = 0; slot < LIMITS.connections; slot++) {
    const state = Atomics.load(table, slot * 2 + 1)
    if (state !== RESTS && state !== WAITS) continue
    const fd = Atomics.load(table, slot * 2)
    const came = drain(fd)
    if (state === RESTS && came === 0) continue
    try {
      // A fresh answer fits into the socket's buffer; one that does not is cut off with its connection.
      writeSync(fd, bytes)
      answered++
    } catch {
      // The peer is gone.
    }
  }
  return answered
}
