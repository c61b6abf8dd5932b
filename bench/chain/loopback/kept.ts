/**
 * The client of the loopback rows: kept connections, one request after the other on each. It says no more than HTTP/1.1 needs and reads no more of an
 * answer than its length, so that it is never what a server waits for, whoever the server is.
 */
import { connect, type Socket } from 'node:net'
import { once } from 'node:events'

export interface Reply {
  readonly status: number
  readonly body: string
}

/** One kept connection. */
class Kept {
  readonly #socket: Socket
  #text = ''
  #waiting: { readonly resolve: (reply: Reply) => void; readonly reject: (error: Error) => void } | undefined

  constructor(socket: Socket) {
    this.#socket = socket
    socket.setNoDelay(true).setEncoding('latin1')
    socket.on('data', (part: string) => this.#take(part))
    socket.on('error', (error) => this.#waiting?.reject(error))
    socket.on('close', () => this.#waiting?.reject(new Error('the server closed a kept connection')))
  }

  #take(part: string): void {
    this.#text += part
    const end = this.#text.indexOf('\r\n\r\n')
    if (end < 0) return
    const length = /\r\ncontent-length: (\d+)/i.exec(this.#text.slice(0, end))?.[1]
    if (length === undefined) return this.#waiting?.reject(new Error(`an answer without a length: ${this.#text.slice(0, 200)}`))
    const from = end + 4
    const to = from + Number(length)
    if (this.#text.length < to) return
    const reply = { status: Number(this.#text.slice(9, 12)), body: this.#text.slice(from, to) }
    this.#text = this.#text.slice(to)
    const waiting = this.#waiting
    this.#waiting = undefined
    waiting?.resolve(reply)
  }

  ask(request: Uint8Array): Promise<Reply> {
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject }
      this.#socket.write(request)
    })
  }

  end(): void {
    this.#socket.destroy()
  }
}

/** Bytes of a POST. */
export function postBytes(path: string, type: string, body: Uint8Array): Uint8Array {
  const head = `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: ${type}\r\nContent-Length: ${body.length}\r\n\r\n`
  return Buffer.concat([Buffer.from(head, 'latin1'), body])
}

/** Sends each lane's requests over a connection of its own, each when the one before it is answered. Gives the last answer of each; throws where `taken` does. */
export async function sendLanes(
  port: number,
  lanes: readonly (readonly Uint8Array[])[],
  taken: (reply: Reply) => void,
): Promise<readonly Reply[]> {
  const open = await Promise.all(
    lanes.map(async () => {
      const socket = connect(port, '127.0.0.1')
      await once(socket, 'connect')
      return new Kept(socket)
    }),
  )
  try {
    return await Promise.all(
      lanes.map(async (requests, lane) => {
        let last: Reply = { status: 0, body: '' }
        for (const request of requests) {
          last = await (open[lane] as Kept).ask(request)
          taken(last)
        }
        return last
      }),
    )
  } finally {
    for (const kept of open) kept.end()
  }
}

/** What each of `count` connections sends of transactions in their order: all of one sender go over the same one. `senderOf` says whose the i-th is. */
export function lanesOf<T>(all: readonly T[], count: number, senderOf: (i: number) => number): T[][] {
  const lanes = Array.from({ length: count }, (): T[] => [])
  for (const [i, one] of all.entries()) lanes[senderOf(i) % count]?.push(one)
  return lanes
}
