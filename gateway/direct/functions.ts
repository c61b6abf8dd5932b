/**
 * `/fn/{name}/…` straight on node:http: the same rules as `routes/functions.ts`, without Request, Response and router between.
 * Whatever is not plain (other forms of target, dot segments, characters that a URL parser would rewrite) is left to the app.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { asUtnetError, type FunctionAnswer, type FunctionRequest } from '../../runtime/core/index.ts'
import { addAsked, EMPTY, preferences, retryField } from '../http/index.ts'
import { guestHead, headOf, targetOf, type Admission, type RequestHead } from '../routes/index.ts'
import { PROBLEM_TYPE, problemOf } from '../wire/index.ts'
import { readIncoming } from './body.ts'
import { Outbox } from './outbox.ts'

/** Targets that a URL parser (WHATWG URL 4.4) leaves as they are: no dot segment, escaped ones included, follows. */
const PLAIN = /^\/fn\/[\w\-.~!$&()*+,;=:@%/?]*$/
const DOTS = /\/\.|\/%2e/i
const HOST = /^[\w.-]+(:[0-9]{1,5})?$/
const METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])
/** Up to here the body goes out in one write with the head. */
const ONE_WRITE = 16 * 1024

function refuse(incoming: IncomingMessage, outgoing: ServerResponse, head: RequestHead, thrown: unknown): void {
  const error = asUtnetError(thrown)
  const body = JSON.stringify(problemOf(error))
  const headers: Record<string, string> = { 'content-type': PROBLEM_TYPE, 'x-content-type-options': 'nosniff', ...retryField(error) }
  addAsked(head, headers, body)
  headers['content-length'] = String(Buffer.byteLength(body))
  // A body that nobody will read must not hold the connection.
  if (head.hasBody && !incoming.complete) headers['connection'] = 'close'
  outgoing.writeHead(error.status, headers)
  outgoing.end(body)
}

function write(outgoing: ServerResponse, status: number, headers: string[], body: Uint8Array | null): void {
  outgoing.writeHead(status, headers)
  if (body === null || body.length === 0) outgoing.end()
  // Text joins the head in one system call; latin-1 is any bytes.
  else if (body.length <= ONE_WRITE) outgoing.end(Buffer.from(body.buffer, body.byteOffset, body.length).toString('latin1'), 'latin1')
  else outgoing.end(body)
}

/** Who runs functions; a value where it need not wait. */
export interface FunctionServer {
  invoke(name: string, request: FunctionRequest): FunctionAnswer | Promise<FunctionAnswer>
}

/** Serves a request for a function, unless it is not plain: then gives false and has touched nothing. `onError` is told of faults of the node. */
export function directFunctions(
  node: FunctionServer,
  admission: Admission,
  onError: (error: unknown) => void = () => {},
): (incoming: IncomingMessage, outgoing: ServerResponse) => boolean {
  const outbox = new Outbox()
  const fail = (incoming: IncomingMessage, outgoing: ServerResponse, head: RequestHead, error: unknown): void => {
    if (asUtnetError(error).fault === 'node') onError(error)
    refuse(incoming, outgoing, head, error)
  }
  const answer = (incoming: IncomingMessage, outgoing: ServerResponse, head: RequestHead, given: FunctionAnswer, began: number): void => {
    const { status, headers, body } = guestHead(given, head, incoming.method as string)
    const send = (): void => {
      try {
        write(outgoing, status, headers, body)
      } catch (error) {
        fail(incoming, outgoing, head, error)
      }
    }
    // Receipts come from the disk together, and so do their answers.
    if (given.receipt === null) outbox.send(send, began)
    else send()
  }
  const run = (incoming: IncomingMessage, outgoing: ServerResponse, head: RequestHead): void => {
    const began = performance.now()
    let name: string | undefined
    const ended = (): void => {
      if (name !== undefined) admission.leave(name)
    }
    const failed = (error: unknown): void => {
      ended()
      fail(incoming, outgoing, head, error)
    }
    const succeeded = (given: FunctionAnswer): void => {
      try {
        answer(incoming, outgoing, head, given, began)
      } catch (error) {
        failed(error)
        return
      }
      ended()
    }
    try {
      const target = targetOf(incoming.url as string)
      admission.enter(target.name)
      name = target.name
      const invoke = (body: Uint8Array): FunctionAnswer | Promise<FunctionAnswer> =>
        node.invoke(target.name, {
          method: incoming.method as string,
          path: target.path,
          headers: head.headers,
          body,
          ...preferences(head.prefer),
        })
      const given = head.hasBody ? readIncoming(incoming, head.contentLength).then(invoke) : invoke(EMPTY)
      if (given instanceof Promise) given.then(succeeded, failed)
      else succeeded(given)
    } catch (error) {
      failed(error)
    }
  }
  return (incoming, outgoing) => {
    const target = incoming.url as string
    if (!PLAIN.test(target) || DOTS.test(target)) return false
    const head = headOf(incoming.rawHeaders)
    if (head.host === undefined || !HOST.test(head.host) || !METHODS.has(incoming.method as string)) return false
    if (head.hasBody && (incoming.method === 'GET' || incoming.method === 'HEAD')) return false
    run(incoming, outgoing, head)
    return true
  }
}
