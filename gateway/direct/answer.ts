/**
 * Whole answers straight on the socket: head and body as one text, in one write. What ServerResponse does for an answer of any kind (tables of
 * fields, corking, callbacks a tick later) costs as much as all the rest of the way. Whatever is not plain goes its way: an answer behind another on
 * the same connection, a connection that closes, HEAD, a status without a body, a body that is long.
 */
import { ServerResponse, STATUS_CODES, type OutgoingHttpHeaders } from 'node:http'

/** Up to here a body goes out in one write with the head. */
export const ONE_WRITE = 16 * 1024

const BODYLESS: ReadonlySet<number> = new Set([204, 205, 304])

/** What `ServerResponse.end` sets, by which node:http knows an answer that has begun and ended. */
interface Ended {
  _header: string
  _headerSent: boolean
  finished: boolean
  /** The connection closes behind this answer. */
  readonly _last: boolean
}

/** The Date field's value (RFC 9110, 5.6.7), made once a second. */
let date: string | undefined

function httpDate(): string {
  if (date === undefined) {
    const now = new Date()
    date = now.toUTCString()
    setTimeout(() => (date = undefined), 1_000 - now.getMilliseconds()).unref()
  }
  return date
}

/** What the server rests on a connection between two requests, and says so in every answer (RFC 9112, 9.3). */
export const KEEP_ALIVE_MS = 65_000
const KEPT = `\r\nConnection: keep-alive\r\nKeep-Alive: timeout=${KEEP_ALIVE_MS / 1_000}\r\n\r\n`

const scratch = Buffer.allocUnsafeSlow(ONE_WRITE)

/** Up to `ONE_WRITE` bytes as text: latin-1 is any bytes. Small arrays have no buffer of their own before they are asked for it, which costs more than a copy. */
export function latin1(bytes: Uint8Array): string {
  scratch.set(bytes)
  return scratch.toString('latin1', 0, bytes.length)
}

/** Fields of a guest by which node:http itself changes what it sends. */
const CHANGING: ReadonlySet<string> = new Set(['date', 'expect', 'trailer'])

/** The response class of a server that answers directly; it keeps connections for `KEEP_ALIVE_MS`. */
export class DirectResponse extends ServerResponse {
  /** The answer names no media type, and gets none: what runs fetch handlers on node:http would add one of its own. */
  untyped = false

  override writeHead(status: number, ...rest: unknown[]): this {
    const fields = rest.at(-1)
    if (this.untyped && typeof fields === 'object') {
      const kept = Object.entries(fields as OutgoingHttpHeaders).filter(([name]) => name.toLowerCase() !== 'content-type')
      return super.writeHead(status, Object.fromEntries(kept))
    }
    return super.writeHead(status, ...(rest as []))
  }

  /**
   * Sends a whole answer, where it is a plain one; else gives false and has done nothing. `headers` are names in lower case and values by turns,
   * known to be well-formed, with the length of `body`.
   */
  whole(status: number, headers: readonly string[], body: Uint8Array): boolean {
    const { socket } = this
    const ended = this as unknown as Ended
    if (
      socket === null ||
      !socket.writable ||
      !this.shouldKeepAlive ||
      ended._last ||
      this.headersSent ||
      this.req.method === 'HEAD' ||
      BODYLESS.has(status) ||
      body.length > ONE_WRITE
    )
      return false
    let head = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'unknown'}\r\n`
    for (let i = 0; i < headers.length; i += 2) {
      const name = headers[i] as string
      if (CHANGING.has(name)) return false
      head += `${name}: ${headers[i + 1]}\r\n`
    }
    head += `Date: ${httpDate()}${KEPT}`
    this.statusCode = status
    ended._header = head
    ended._headerSent = true
    ended.finished = true
    socket.write(body.length === 0 ? head : head + latin1(body), 'latin1')
    // node:http goes on with the connection: to its next answer, or to the time that it may rest.
    this.emit('finish')
    return true
  }
}
