/**
 * `/fn/{name}/…` straight on node:http: the same rules as `routes/functions.ts`, without Request, Response and router between.
 * Whatever is not plain (other forms of target, dot segments, characters that a URL parser would rewrite) is left to the app.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { asUtnetError, type FunctionRequest, type NodeApi } from '../../runtime/core/index.ts'
import { addAsked, EMPTY, preferences, retryField } from '../http/index.ts'
import { guestHead, headOf, targetOf, type Admission, type RequestHead } from '../routes/index.ts'
import { PROBLEM_TYPE, problemOf } from '../wire/index.ts'
import { readIncoming } from './body.ts'

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

/** Serves a request for a function, unless it is not plain: then gives false and has touched nothing. `onError` is told of faults of the node. */
export function directFunctions(
  node: Pick<NodeApi, 'invoke'>,
  admission: Admission,
  onError: (error: unknown) => void = () => {},
): (incoming: IncomingMessage, outgoing: ServerResponse) => boolean {
  const run = async (incoming: IncomingMessage, outgoing: ServerResponse, head: RequestHead): Promise<void> => {
    let entered: string | undefined
    try {
      const { name, path } = targetOf(incoming.url as string)
      admission.enter(name)
      entered = name
      const method = incoming.method as string
      const body = head.hasBody ? await readIncoming(incoming, head.contentLength) : EMPTY
      const request: FunctionRequest = { method, path, headers: head.headers, body, ...preferences(head.prefer) }
      const answer = guestHead(await node.invoke(name, request), head, method)
      write(outgoing, answer.status, answer.headers, answer.body)
    } catch (error) {
      if (asUtnetError(error).fault === 'node') onError(error)
      refuse(incoming, outgoing, head, error)
    } finally {
      if (entered !== undefined) admission.leave(entered)
    }
  }
  return (incoming, outgoing) => {
    const target = incoming.url as string
    if (!PLAIN.test(target) || DOTS.test(target)) return false
    const head = headOf(incoming.rawHeaders)
    if (head.host === undefined || !HOST.test(head.host) || !METHODS.has(incoming.method as string)) return false
    if (head.hasBody && (incoming.method === 'GET' || incoming.method === 'HEAD')) return false
    void run(incoming, outgoing, head)
    return true
  }
}
