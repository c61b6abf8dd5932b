/**
 * `/fn/{name}/…` straight on node:http: the same rules as `routes/functions.ts`, without Request, Response and router between.
 * Whatever is not plain (other forms of target, dot segments, characters that a URL parser would rewrite) is left to the app.
 */
import type { IncomingMessage } from 'node:http'
import { asUtnetError, type FunctionAnswer, type FunctionAsker, type FunctionRequest } from '../../runtime/core/index.ts'
import { addAsked, EMPTY, preferences, retryField } from '../http/index.ts'
import { guestHead, headOf, targetOf, type Admission, type GuestHead, type RequestHead } from '../routes/index.ts'
import { PROBLEM_TYPE, problemOf } from '../wire/index.ts'
import { latin1, ONE_WRITE, type DirectResponse } from './answer.ts'
import { readIncoming } from './body.ts'
import { linger } from './linger.ts'
import { Outbox } from './outbox.ts'

/** Targets that a URL parser (WHATWG URL 4.4) leaves as they are: no dot segment, escaped ones included, follows. */
const PLAIN = /^\/fn\/[\w\-.~!$&()*+,;=:@%/?]*$/
const DOTS = /\/\.|\/%2e/i

/** Whether a target is plain. */
export const plainTarget = (target: string): boolean => PLAIN.test(target) && !DOTS.test(target)

const HOST = /^[\w.-]+(:[0-9]{1,5})?$/
/** The host that was good last: most requests name one. */
let lastHost: string | undefined

function goodHost(host: string | undefined): boolean {
  if (host === undefined) return false
  if (host === lastHost) return true
  if (!HOST.test(host)) return false
  lastHost = host
  return true
}

const METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])

/** Answers with the problem document of what was thrown. */
export function refuse(incoming: IncomingMessage, outgoing: DirectResponse, head: RequestHead, thrown: unknown): void {
  const error = asUtnetError(thrown)
  const body = JSON.stringify(problemOf(error))
  const headers: Record<string, string> = { 'content-type': PROBLEM_TYPE, 'x-content-type-options': 'nosniff', ...retryField(error) }
  addAsked(head, headers, body)
  headers['content-length'] = String(Buffer.byteLength(body))
  if (!head.hasBody || incoming.complete) {
    outgoing.writeHead(error.status, headers)
    outgoing.end(body)
    return
  }
  // A body that nobody will read must not hold the connection for long.
  headers['connection'] = 'close'
  outgoing.writeHead(error.status, headers)
  outgoing.write(body)
  linger(incoming, () => outgoing.end())
}

function write(outgoing: DirectResponse, { status, headers, body }: GuestHead): void {
  if (body !== null && outgoing.whole(status, headers, body)) return
  outgoing.writeHead(status, headers)
  if (body === null || body.length === 0) outgoing.end()
  // Text joins the head in one system call.
  else if (body.length <= ONE_WRITE) outgoing.end(latin1(body), 'latin1')
  else outgoing.end(body)
}

/** Who runs functions: gives a promise, or nothing where it tells the asker. */
export interface FunctionServer {
  invoke(name: string, request: FunctionRequest, asker: FunctionAsker): Promise<FunctionAnswer> | undefined
}

/** What all requests of a server share. */
interface Shared {
  readonly node: FunctionServer
  readonly admission: Admission
  readonly outbox: Outbox
  readonly onError: (error: unknown) => void
}

/** One request on its way to its answer. */
class Serving implements FunctionAsker {
  readonly #shared: Shared
  readonly #incoming: IncomingMessage
  readonly #outgoing: DirectResponse
  readonly #head: RequestHead
  readonly #began = performance.now()
  /** Whose place it has. */
  #name: string | undefined
  #ready: GuestHead | undefined

  constructor(shared: Shared, incoming: IncomingMessage, outgoing: DirectResponse, head: RequestHead) {
    this.#shared = shared
    this.#incoming = incoming
    this.#outgoing = outgoing
    this.#head = head
  }

  run(): void {
    try {
      const { name, path } = targetOf(this.#incoming.url as string)
      const { hasBody, contentLength } = this.#head
      if (!hasBody) this.#invoke(name, path, EMPTY)
      else
        readIncoming(this.#incoming, contentLength)
          .then((body) => this.#invoke(name, path, body))
          .catch((error: unknown) => this.failed(error))
    } catch (error) {
      this.failed(error)
    }
  }

  /** The request is whole: one that is on its way takes nobody's place. */
  #invoke(name: string, path: string, body: Uint8Array): void {
    this.#shared.admission.enter(name)
    this.#name = name
    const { headers, prefer } = this.#head
    const method = this.#incoming.method as string
    const request = { method, path, headers, body }
    this.#shared.node.invoke(name, prefer === undefined ? request : { ...request, ...preferences(prefer) }, this)?.then(
      (answer) => this.answered(answer),
      (error) => this.failed(error),
    )
  }

  answered(given: FunctionAnswer): void {
    try {
      this.#ready = guestHead(given, this.#head, this.#incoming.method as string)
      // Receipts come from the disk together, and so do their answers.
      if (given.receipt === null) this.#shared.outbox.send(this, this.#began)
      else this.write()
    } catch (error) {
      this.failed(error)
      return
    }
    this.#ended()
  }

  #ended(): void {
    if (this.#name !== undefined) this.#shared.admission.leave(this.#name)
  }

  failed(error: unknown): void {
    this.#ended()
    this.#refuse(error)
  }

  #refuse(error: unknown): void {
    if (asUtnetError(error).fault === 'node') this.#shared.onError(error)
    refuse(this.#incoming, this.#outgoing, this.#head, error)
  }

  /** Writes the answer that is ready; does not throw. */
  write(): void {
    try {
      write(this.#outgoing, this.#ready as GuestHead)
    } catch (error) {
      this.#refuse(error)
    }
  }
}

/** Serves a request for a function, unless it is not plain: then gives false and has touched nothing. `onError` is told of faults of the node. */
export function directFunctions(
  node: FunctionServer,
  admission: Admission,
  onError: (error: unknown) => void = () => {},
): (incoming: IncomingMessage, outgoing: DirectResponse) => boolean {
  const shared: Shared = { node, admission, outbox: new Outbox(), onError }
  return (incoming, outgoing) => {
    if (!plainTarget(incoming.url as string)) return false
    const head = headOf(incoming.rawHeaders)
    if (!goodHost(head.host) || !METHODS.has(incoming.method as string)) return false
    if (head.hasBody && (incoming.method === 'GET' || incoming.method === 'HEAD')) return false
    if (head.coding !== undefined && head.coding !== 'chunked') return false
    new Serving(shared, incoming, outgoing, head).run()
    return true
  }
}
