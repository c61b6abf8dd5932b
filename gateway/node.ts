/** The gateway's server on Node: limits of connections and headers, problems for what never becomes a request, graceful stop. */
import { createServer, STATUS_CODES, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { getRequestListener, RequestError } from '@hono/node-server'
import { asUtnetError, LIMITS, limitError, UtnetError } from '../runtime/core/index.ts'
import {
  DirectResponse,
  directFunctions,
  directTransactions,
  KEEP_ALIVE_MS,
  type FunctionServer,
  type TransactionServer,
} from './direct/index.ts'
import { limitArrival } from './arrival.ts'
import { retryField, type GatewayEnv } from './http/index.ts'
import { Admission } from './routes/index.ts'
import { PROBLEM_TYPE, problemOf } from './wire/index.ts'

/** Where the server listens, and its limits. */
export interface ServeOptions {
  /** 0, the default, takes a free port. */
  readonly port?: number
  /** `127.0.0.1` unless told. */
  readonly host?: string
  /** Share the port with other threads or processes; the kernel spreads connections. */
  readonly reusePort?: boolean
  /** Most connections at a time; 4,096 unless told. */
  readonly connections?: number
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
   * Stops: takes no more connections, answers 503 to new requests on open ones, ends event streams, lets what is being worked on finish,
   * and after `graceMs` (10,000 unless told) closes what is left.
   */
  readonly close: (graceMs?: number) => Promise<void>
}

interface App {
  readonly fetch: (request: Request, env: GatewayEnv) => Response | Promise<Response>
}

const ARRIVAL = { headersMs: 10_000, requestMs: 120_000, checkMs: 1_000 }
const GRACE_MS = 10_000
const IDLE_SWEEP_MS = 20

/** Status line, headers and document of an error that comes before there is a request. */
function rawProblem(error: UtnetError, late: boolean): string {
  const status = late ? 408 : error.code === 'request_too_large' ? 431 : 400
  const body = JSON.stringify({ ...problemOf(error), status })
  return `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nContent-Type: ${PROBLEM_TYPE}\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`
}

const isLate = (cause: NodeJS.ErrnoException): boolean => cause.code === 'ERR_HTTP_REQUEST_TIMEOUT'

function parserError(cause: NodeJS.ErrnoException): UtnetError {
  if (isLate(cause)) return new UtnetError('request_invalid', 'the request did not arrive in time', { cause })
  if (cause.code !== 'HPE_HEADER_OVERFLOW')
    return new UtnetError('request_invalid', `the request is not HTTP: ${cause.code ?? cause.message}`, { cause })
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
export function rawRefusal(error: UtnetError): string {
  const body = JSON.stringify(problemOf(error))
  const retry = Object.entries(retryField(error)).map(([name, value]) => `${name}: ${value}\r\n`)
  return `HTTP/1.1 ${error.status} ${STATUS_CODES[error.status]}\r\nContent-Type: ${PROBLEM_TYPE}\r\nX-Content-Type-Options: nosniff\r\n${retry.join('')}Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`
}

function refuse(response: ServerResponse, error: UtnetError, status = error.status): void {
  const body = JSON.stringify({ ...problemOf(error), status })
  response.writeHead(status, { 'content-type': PROBLEM_TYPE, 'content-length': Buffer.byteLength(body), connection: 'close' })
  response.end(body)
}

/** Every request of HTTP/1.1 names one host (RFC 9112, 3.2); two could be told apart by whoever stands before this node. */
function hostError({ httpVersion, rawHeaders }: IncomingMessage): UtnetError | undefined {
  let hosts = 0
  for (let i = 0; i < rawHeaders.length; i += 2) if ((rawHeaders[i] as string).toLowerCase() === 'host') hosts++
  if (hosts > 1 || (hosts === 0 && httpVersion === '1.1'))
    return new UtnetError('request_invalid', `the request has ${hosts === 0 ? 'no' : 'more than one'} Host field`)
  return undefined
}

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
      const response = await app.fetch(request, { incoming, closing: closing.signal })
      outgoing.untyped = !response.headers.has('content-type')
      return response
    },
    {
      // HTTP/1.0 need not name one
      hostname: '127.0.0.1',
      errorHandler: (cause) => {
        const error = cause instanceof RequestError ? new UtnetError('request_invalid', cause.message, { cause }) : asUtnetError(cause)
        return new Response(JSON.stringify(problemOf(error)), { status: error.status, headers: { 'content-type': PROBLEM_TYPE } })
      },
    },
  )
  const { functions, transactions, observer } = options
  const direct =
    functions === undefined ? undefined : directFunctions(functions.node, functions.admission ?? new Admission(), functions.onError)
  const take = transactions === undefined ? undefined : directTransactions(transactions.node, transactions.onError)
  const server = createServer(
    {
      maxHeaderSize: LIMITS.headerBytes,
      connectionsCheckingInterval: ARRIVAL.checkMs,
      keepAliveTimeout: KEEP_ALIVE_MS,
      // What is missing is said in a problem document
      requireHostHeader: false,
      // Requests without a body have no stream to be read to its end.
      optimizeEmptyRequests: true,
      ServerResponse: observer === undefined ? DirectResponse : observedResponse(observer),
    },
    (incoming, outgoing) => {
      // Behind an earlier request on the same connection there is no turn yet.
      if (observer !== undefined && outgoing.socket !== null) observer.waits(outgoing.socket)
      if (closing.signal.aborted) refuse(outgoing, new UtnetError('node_stopping', 'the node is stopping'))
      else if (direct?.(incoming, outgoing) !== true && take?.(incoming, outgoing) !== true) {
        const error = hostError(incoming)
        if (error === undefined) void listener(incoming, outgoing)
        else refuse(outgoing, error)
      }
    },
  )
  if (observer !== undefined) {
    server.on('connection', (socket: Socket) => {
      observer.opened(socket)
      socket.once('close', () => observer.closed(socket))
    })
  }
  limitArrival(server, ARRIVAL)
  server.maxConnections = options.connections ?? 4_096
  server.on('checkExpectation', (incoming: IncomingMessage, outgoing: ServerResponse) =>
    refuse(outgoing, new UtnetError('request_invalid', `nothing is known of Expect: ${incoming.headers.expect?.slice(0, 40)}`), 417),
  )
  server.on('connect', (_, socket: Socket) =>
    socket.end(rawRefusal(new UtnetError('method_not_allowed', 'this node opens no tunnels: CONNECT is not taken'))),
  )
  server.on('clientError', (cause: NodeJS.ErrnoException, socket: Socket) => {
    if (cause.code === 'ECONNRESET' || !socket.writable) socket.destroy()
    else socket.end(rawProblem(parserError(cause), isLate(cause)))
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

  let closed: Promise<void> | undefined
  const close = (graceMs = GRACE_MS): Promise<void> => {
    closed ??= new Promise((resolve) => {
      closing.abort()
      // Connections fall idle one by one as their answers end; the sweep lets each go then.
      const sweep = setInterval(() => server.closeIdleConnections(), IDLE_SWEEP_MS)
      const force = setTimeout(() => server.closeAllConnections(), graceMs)
      server.close(() => {
        clearInterval(sweep)
        clearTimeout(force)
        resolve()
      })
      server.closeIdleConnections()
    })
    return closed
  }
  return { url: `http://${shown}:${port}`, port, close }
}
