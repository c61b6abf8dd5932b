/** The gateway's server on Node: limits of connections and headers, problems for what never becomes a request, graceful stop. */
import { createServer, STATUS_CODES, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { getRequestListener, RequestError } from '@hono/node-server'
import { asUtnetError, LIMITS, limitError, UtnetError } from '../../runtime/core/index.ts'
import {
  DirectResponse,
  directFunctions,
  directTransactions,
  KEEP_ALIVE_MS,
  type FunctionServer,
  type TransactionServer,
} from '../direct/index.ts'
import { limitArrival } from './arrival.ts'
import { Arrivals } from './arrivals.ts'
import { countedIncoming, handOver } from './incoming.ts'
import { closeIdle, idleBySweeps } from './idle.ts'
import { retryField, type GatewayEnv } from '../http/index.ts'
import { Admission } from '../routes/index.ts'
import { EVENTS_TYPE, PROBLEM_TYPE, problemOf } from '../wire/index.ts'

/** Where the server listens, and its limits. */
export interface ServeOptions {
  /** 0, the default, takes a free port. */
  readonly port?: number
  /** `127.0.0.1` unless told. */
  readonly host?: string
  /** Share the port with other threads or processes; the kernel spreads connections. */
  readonly reusePort?: boolean
  /** Most connections at a time; `LIMITS.connections` unless told. */
  readonly connections?: number
  /** Most bytes of requests that are not whole; `LIMITS.arrivingBytes` unless told. */
  readonly arrivingBytes?: number
  /** Functions are served directly, without the app. */
  readonly functions?: {
    readonly node: FunctionServer
    /** The app's, so that both share their places. */
    readonly admission?: Admission
    readonly onError?: (error: unknown) => void
  }
  /** Signed transactions are taken directly, without the app. */
  readonly transactions?: { readonly node: TransactionServer; readonly onError?: (error: unknown) => void }
  /** Is told what each connection does. */
  readonly observer?: ConnectionObserver
}

/** What a connection does, for whoever may have to answer on it when this thread no longer can. */
export interface ConnectionObserver {
  opened(socket: Socket): void
  closed(socket: Socket): void
  /** A request has come and nothing of its answer is written. */
  waits(socket: Socket): void
  /** An answer is being written. */
  writes(socket: Socket): void
  /** Whole answers are written; the next request may come. */
  rests(socket: Socket): void
}

/** A server that listens. */
export interface GatewayServer {
  readonly url: string
  readonly port: number
  /**
   * Stops: takes no more connections, answers 503 to new requests on open ones and to those that do not arrive within a second, ends event
   * streams, lets what is being worked on finish, and after `graceMs` (10,000 unless told) closes what is left.
   */
  readonly close: (graceMs?: number) => Promise<void>
}

interface App {
  readonly fetch: (request: Request, env: GatewayEnv) => Response | Promise<Response>
}

const ARRIVAL = { headersMs: 10_000, requestMs: 120_000, checkMs: 1_000 }
const GRACE_MS = 10_000
/** How long a stopping server waits for the rest of a request. */
const ARRIVING_MS = 1_000
const IDLE_SWEEP_MS = 20
/** How long a client that was refused has to close its side. */
const LINGER_MS = 2_000

/** Methods that some route takes: what `OPTIONS *` asks for (RFC 9110, 9.3.7). */
const ALLOW = 'DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT'

/** What the parser of node:http says of bytes that it does not take. */
type ParserError = NodeJS.ErrnoException & { readonly rawPacket?: Buffer; readonly bytesParsed?: number }

/** A request line whose version is well formed, and none of those that are served (RFC 9110, 15.6.6). */
const OTHER_VERSION = /^[A-Z]+ \S+ HTTP\/(?!1\.[01]\r)\d\.\d\r$/m

/** A well-formed request line. */
const REQUEST_LINE = /^[\w!#$%&'*+\-.^`|~]+ \S+ HTTP\/1\.[01]\r\n/

/** True where the parser stopped at a method that it does not know, in a line that is a request all the same (RFC 9110, 9.1). */
function isOtherMethod({ code, rawPacket, bytesParsed = 0 }: ParserError): boolean {
  if (code !== 'HPE_INVALID_METHOD' || rawPacket === undefined) return false
  const text = rawPacket.toString('latin1')
  return REQUEST_LINE.test(text.slice(text.lastIndexOf('\n', bytesParsed - 1) + 1))
}

function parserStatus(error: ParserError): number {
  const { code, rawPacket } = error
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return 408
  if (code === 'HPE_HEADER_OVERFLOW') return 431
  if (isOtherMethod(error)) return 501
  return rawPacket !== undefined && OTHER_VERSION.test(rawPacket.toString('latin1')) ? 505 : 400
}

const otherVersion = (): UtnetError => new UtnetError('request_invalid', 'this node speaks HTTP/1.1')

function parserError(cause: ParserError, status: number): UtnetError {
  if (status === 408) return new UtnetError('request_invalid', 'the request did not arrive in time', { cause })
  if (status === 505) return otherVersion()
  if (status === 501) return new UtnetError('request_invalid', 'this node does not know the method of the request', { cause })
  if (status !== 431) return new UtnetError('request_invalid', `the request is not HTTP: ${cause.code ?? cause.message}`, { cause })
  const { message, limit, used, allowed } = limitError(
    'request_too_large',
    'headerBytes',
    LIMITS.headerBytes + 1,
    LIMITS.headerBytes,
    'request headers',
  )
  return new UtnetError('request_too_large', message, {
    ...(limit ? { limit } : {}),
    ...(used ? { used } : {}),
    ...(allowed ? { allowed } : {}),
    cause,
  })
}

/** Head and document of an error as bytes of their own, for a connection that closes then. */
export function rawRefusal(error: UtnetError, status = error.status): string {
  const body = JSON.stringify({ ...problemOf(error), status })
  const retry = Object.entries(retryField(error)).map(([name, value]) => `${name}: ${value}\r\n`)
  return `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nContent-Type: ${PROBLEM_TYPE}\r\nX-Content-Type-Options: nosniff\r\n${retry.join('')}Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`
}

/** The same on a connection that node:http no longer looks after: it is gone when the answer is sent, whether or not its client ever closes it. */
function refuseRaw(socket: Socket, error: UtnetError): void {
  // Its client may be gone, which node:http no longer listens to.
  socket.on('error', () => {})
  if (socket.writable) socket.write(rawRefusal(error))
  socket.destroySoon()
}

function refuse(response: ServerResponse, error: UtnetError, status = error.status): void {
  const body = JSON.stringify({ ...problemOf(error), status })
  response.writeHead(status, {
    'content-type': PROBLEM_TYPE,
    'x-content-type-options': 'nosniff',
    'content-length': Buffer.byteLength(body),
    connection: 'close',
  })
  response.end(body)
}

/** Refuses a request whose head node:http takes and HTTP does not; gives false for any other. */
function refuseHead({ httpVersion, rawHeaders }: IncomingMessage, outgoing: ServerResponse): boolean {
  const all = (wanted: string): readonly string[] => rawHeaders.filter((_, i) => i % 2 === 1 && rawHeaders[i - 1]?.toLowerCase() === wanted)
  const hosts = all('host').length
  const coding = all('transfer-encoding').join(', ')
  // One host (RFC 9112, 3.2); two could be told apart by whoever stands before this node.
  if (hosts > 1 || (hosts === 0 && httpVersion === '1.1'))
    refuse(outgoing, new UtnetError('request_invalid', `the request has ${hosts === 0 ? 'no' : 'more than one'} Host field`))
  // The parser undoes the last coding only (RFC 9112, 6.1).
  else if (coding !== '' && coding.toLowerCase() !== 'chunked')
    refuse(outgoing, new UtnetError('request_invalid', `nothing is known of Transfer-Encoding: ${coding.slice(0, 40)}`), 501)
  else return false
  return true
}

/** The answer whose turn it is on a connection. */
const answerOn = (socket: Socket): ServerResponse | undefined =>
  (socket as Socket & { readonly _httpMessage?: ServerResponse | null })._httpMessage ?? undefined

/** The last answer of a pipeline that has not left, and the one before it, whose request has come whole. */
interface Pipelined {
  readonly last: ServerResponse
  readonly before: ServerResponse | undefined
}

/** True where a connection's request has come whole, or its answer has begun: what a stopping server finishes. */
function isWorkedOn(socket: Socket): boolean {
  const answer = answerOn(socket)
  return answer !== undefined && (answer.req.complete || answer.headersSent)
}

/**
 * Closes a connection on which nothing is worked on: one that `waited` and never had an answer, so that who only holds connections locks nobody out; else one that had one,
 * since those that have just come are about to ask. Where all others are worked on, the newest.
 */
function makeRoom(sockets: Set<Socket>, waited: WeakSet<Socket>): void {
  const idle = [...sockets].filter((socket) => !isWorkedOn(socket))
  const silent = idle.find((socket) => socket.bytesWritten === 0 && waited.has(socket))
  const victim = (silent ?? idle.find((socket) => socket.bytesWritten > 0) ?? idle[0]) as Socket
  sockets.delete(victim)
  victim.destroy()
}

const stopping = (): UtnetError => new UtnetError('node_stopping', 'the node is stopping')

/** Responses that tell an observer when their bytes begin and end. */
function observedResponse(observer: ConnectionObserver): typeof DirectResponse {
  class Observed extends DirectResponse {
    override whole(...answer: Parameters<DirectResponse['whole']>): boolean {
      const { socket } = this
      if (socket === null) return false
      observer.writes(socket)
      if (!super.whole(...answer)) return false
      if (socket.writableLength === 0) observer.rests(socket)
      return true
    }

    override writeHead(status: number, ...rest: unknown[]): this {
      if (this.socket !== null) observer.writes(this.socket)
      return super.writeHead(status, ...(rest as []))
    }

    override end(...args: unknown[]): this {
      const { socket } = this
      const ended = super.end(...(args as []))
      // What the kernel has not taken yet is still this thread's to write.
      if (socket !== null && socket.writableLength === 0) observer.rests(socket)
      return ended
    }
  }
  // The same constructor for every kind of request, which its type cannot say.
  return Observed as unknown as typeof DirectResponse
}

/** Serves an app; resolves when it listens, rejects when it cannot. */
export async function serve(app: App, options: ServeOptions = {}): Promise<GatewayServer> {
  const closing = new AbortController()
  const listener = getRequestListener(
    async (request, bindings) => {
      const { incoming, outgoing } = bindings as { incoming: IncomingMessage; outgoing: DirectResponse }
      const response = await app.fetch(request, {
        incoming,
        closing: closing.signal,
        sent: (then) => (outgoing.closed ? then() : outgoing.once('close', then)),
      })
      const type = response.headers.get('content-type')
      outgoing.untyped = type === null
      // An answer without an end ends with its client's side: nothing else tells at once that it has gone.
      if (type === EVENTS_TYPE) incoming.socket.once('end', () => outgoing.destroy())
      return response
    },
    {
      // HTTP/1.0 need not name one
      hostname: '127.0.0.1',
      errorHandler: (cause) => {
        const error = cause instanceof RequestError ? new UtnetError('request_invalid', cause.message, { cause }) : asUtnetError(cause)
        const headers = { 'content-type': PROBLEM_TYPE, 'x-content-type-options': 'nosniff' }
        return new Response(JSON.stringify(problemOf(error)), { status: error.status, headers })
      },
    },
  )
  const { functions, transactions, observer } = options
  const direct =
    functions === undefined ? undefined : directFunctions(functions.node, functions.admission ?? new Admission(), functions.onError)
  const take = transactions === undefined ? undefined : directTransactions(transactions.node, transactions.onError)
  /** Requests to go on in another protocol: they are answered as they stand (RFC 9110, 7.8). */
  const elsewhere = new WeakSet<IncomingMessage>()
  const pipelined = new WeakMap<Socket, Pipelined>()
  const arrivals = new Arrivals((socket, used) => {
    const allowed = options.arrivingBytes ?? LIMITS.arrivingBytes
    // Where an earlier answer of the pipeline is due, another would be taken for it.
    if (answerOn(socket)?.headersSent !== false || pipelined.has(socket)) socket.destroy()
    else refuseRaw(socket, limitError('host_busy', 'arrivingBytes', used, allowed, 'requests on their way'))
  }, options.arrivingBytes)
  const server = createServer(
    {
      // node:http throws away what came behind such a request: its client learns that by the end of the connection (RFC 9112, 9.3.2).
      shouldUpgradeCallback: (request) => {
        elsewhere.add(request)
        return false
      },
      maxHeaderSize: LIMITS.headerBytes,
      connectionsCheckingInterval: ARRIVAL.checkMs,
      keepAliveTimeout: KEEP_ALIVE_MS,
      // What is missing is said in a problem document
      requireHostHeader: false,
      // Requests without a body have no stream to be read to its end.
      optimizeEmptyRequests: true,
      IncomingMessage: countedIncoming(arrivals),
      ServerResponse: observer === undefined ? DirectResponse : observedResponse(observer),
    },
    (incoming, outgoing) => {
      // Behind an earlier request on the same connection there is no turn yet.
      if (outgoing.socket === null) {
        const { socket } = incoming
        pipelined.set(socket, { last: outgoing, before: pipelined.get(socket)?.last ?? answerOn(socket) })
        outgoing.once('finish', () => pipelined.get(socket)?.last === outgoing && pipelined.delete(socket))
      } else observer?.waits(outgoing.socket)
      if (closing.signal.aborted) refuse(outgoing, stopping())
      else if (incoming.httpVersionMajor !== 1) refuse(outgoing, otherVersion(), 505)
      else {
        if (elsewhere.has(incoming)) outgoing.shouldKeepAlive = false
        if (direct?.(incoming, outgoing) === true || take?.(incoming, outgoing) === true || refuseHead(incoming, outgoing)) return
        if (incoming.method === 'OPTIONS' && incoming.url === '*') outgoing.writeHead(204, { allow: ALLOW }).end()
        else {
          handOver(incoming)
          void listener(incoming, outgoing)
        }
      }
    },
  )
  // A client that has said all (shutdown of its writing side) still reads: its answers are sent before the connection ends.
  Object.assign(server, { httpAllowHalfOpen: true })
  const sockets = new Set<Socket>()
  /** Those that were there at the last sweep. */
  let waited = new WeakSet<Socket>()
  const connections = options.connections ?? LIMITS.connections
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    if (sockets.size > connections) makeRoom(sockets, waited)
    idleBySweeps(socket, ARRIVAL.checkMs)
    observer?.opened(socket)
    socket.once('close', () => {
      sockets.delete(socket)
      // Whoever was answered early and leaves is no request to node:http any more.
      arrivals.whole(socket)
      observer?.closed(socket)
    })
  })
  limitArrival(server, ARRIVAL)
  const closeIdleConnections = server.closeIdleConnections.bind(server)
  // To node:http an answer that is said is one that has left: a client that reads slowly would lose the rest.
  server.closeIdleConnections = () => {
    for (const { writableLength } of sockets) if (writableLength > 0) return
    closeIdleConnections()
  }
  server.on('checkExpectation', (incoming: IncomingMessage, outgoing: ServerResponse) =>
    refuse(outgoing, new UtnetError('request_invalid', `nothing is known of Expect: ${incoming.headers.expect?.slice(0, 40)}`), 417),
  )
  server.on('connect', (_, socket: Socket) =>
    refuseRaw(socket, new UtnetError('method_not_allowed', 'this node opens no tunnels: CONNECT is not taken')),
  )
  server.on('clientError', (cause: ParserError, socket: Socket) => {
    const status = parserStatus(cause)
    const answer = answerOn(socket)
    const { last = answer, before } = pipelined.get(socket) ?? {}
    const whole = last === answer || last?.req.complete === true ? last : before
    const owed = whole?.req.complete === true ? whole : undefined
    const refusal = (): void => {
      socket.end(rawRefusal(parserError(cause, status), status))
      // Nothing that comes yet is read, and who stays is not kept.
      socket.pause().setTimeout(LINGER_MS)
    }
    if (cause.code === 'ECONNRESET' || !socket.writable) socket.destroy()
    // What comes behind a request that closes the connection is asked of nobody (RFC 9112, 9.6).
    else if (cause.code === 'HPE_CLOSED_CONNECTION' && owed !== undefined) return
    // Between the bytes of one answer there is no place for another, and before it neither: it would be taken for that.
    else if (answer?.headersSent === true) socket.destroySoon()
    else if (owed !== undefined) owed.once('finish', refusal)
    else refusal()
  })

  const host = options.host ?? '127.0.0.1'
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen({ port: options.port ?? 0, host, ...(options.reusePort === undefined ? {} : { reusePort: options.reusePort }) }, () => {
      server.off('error', reject)
      resolve()
    })
  })
  const { port, address, family } = server.address() as AddressInfo
  const anywhere = address === '0.0.0.0' || address === '::'
  const shown = anywhere ? '127.0.0.1' : family === 'IPv6' ? `[${address}]` : address

  const sweeping = setInterval(() => {
    closeIdle(sockets)
    waited = new WeakSet(sockets)
  }, ARRIVAL.checkMs).unref()
  let closed: Promise<void> | undefined
  const close = (graceMs = GRACE_MS): Promise<void> => {
    closed ??= new Promise((resolve) => {
      closing.abort()
      // Connections fall idle one by one as their answers end; the sweep lets each go then.
      const sweep = setInterval(() => server.closeIdleConnections(), IDLE_SWEEP_MS)
      const arriving = setTimeout(() => {
        for (const socket of sockets) if (!isWorkedOn(socket)) refuseRaw(socket, stopping())
      }, ARRIVING_MS)
      // Those too that node:http no longer looks after.
      const force = setTimeout(() => {
        for (const socket of sockets) socket.destroy()
      }, graceMs)
      server.close(() => {
        clearInterval(sweeping)
        clearInterval(sweep)
        clearTimeout(arriving)
        clearTimeout(force)
        resolve()
      })
      server.closeIdleConnections()
    })
    return closed
  }
  return { url: `http://${shown}:${port}`, port, close }
}
