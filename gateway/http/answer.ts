/** The node's own answers: JSON, bytes, problems. Answers of guests are made in routes/functions.ts. */
import { asUtnetError, utf8, type ErrorCode, type UtnetError } from '../../runtime/core/index.ts'
import { JSON_TYPE, PROBLEM_TYPE, problemOf } from '../wire/index.ts'
import { addAsked } from './asked.ts'

const RETRY: ReadonlySet<ErrorCode> = new Set(['host_busy', 'host_restarted', 'mempool_full'])

/** Status, media type, body and further fields; a body that is null has no Content-Type. */
export interface Answer {
  readonly status: number
  readonly type: string
  readonly body: string | Uint8Array | ReadableStream<Uint8Array> | null
  readonly headers?: Readonly<Record<string, string>>
}

/** JSON of a view. */
export function json(document: unknown, status = 200, headers: Readonly<Record<string, string>> = {}): Answer {
  return { status, type: JSON_TYPE, body: JSON.stringify(document), headers }
}

/** Bytes of a named type. */
export function bytes(type: string, body: Uint8Array, headers: Readonly<Record<string, string>> = {}): Answer {
  return { status: 200, type, body, headers }
}

/** What GET would be answered, without its body (RFC 9110, 9.3.2): its length is said, where one is known, and a stream that nobody will read ends. */
function headOnly({ status, body }: Answer, headers: Record<string, string>): Response {
  if (body instanceof ReadableStream) body.cancel().catch(() => {})
  else if (body !== null) headers['content-length'] = String(typeof body === 'string' ? utf8(body).length : body.length)
  return new Response(null, { status, headers })
}

/** The response of an answer, with the fields that the request asked for. */
export function respond(request: Request, answer: Answer): Response {
  const headers: Record<string, string> = { 'content-type': answer.type, 'x-content-type-options': 'nosniff', ...answer.headers }
  const asked = { requestId: request.headers.get('x-request-id'), wantDigest: request.headers.get('want-content-digest') }
  addAsked(asked, headers, answer.body)
  if (request.method === 'HEAD') return headOnly(answer, headers)
  return new Response(answer.body as BodyInit | null, { status: answer.status, headers })
}

/** When to come back (RFC 9110 section 10.2.3), for what passes by itself. */
export function retryField(error: UtnetError): Record<string, string> {
  return RETRY.has(error.code) ? { 'retry-after': '1' } : {}
}

/** The problem document of an error; routes of the Open Inference Protocol add the `error` member that it names. */
export function problem(request: Request, thrown: unknown, headers: Readonly<Record<string, string>> = {}): Response {
  const error: UtnetError = asUtnetError(thrown)
  const document = problemOf(error)
  const inference = new URL(request.url).pathname.startsWith('/v2')
  const body = JSON.stringify(inference ? { ...document, error: document.detail } : document)
  return respond(request, { status: error.status, type: PROBLEM_TYPE, body, headers: { ...retryField(error), ...headers } })
}
