/** HTTP for functions: a `Request` that reads only what is asked for, a `Response` that is sent when `handle` returns. */

import {
  MethodTag,
  dropFields,
  dropIncomingBody,
  dropIncomingRequest,
  fieldsEntries,
  fieldsGet,
  incomingBodyStream,
  incomingRequestConsume,
  incomingRequestHeaders,
  incomingRequestMethod,
  incomingRequestPathWithQuery,
} from './raw/http-types'
import { dropInputStream, inputStreamBlockingRead } from './raw/io-streams'
import { sendAnswer } from './answer'
import { concat, fromLatin1, fromUtf8, toUtf8 } from './bytes'
import { Header, Headers } from './headers'
import { quote } from './json'
import { Url } from './url'

export { Header, Headers, Url }
export { Query, percentDecode, percentEncode } from './url'

const READ_BYTES: u64 = 1 << 20
const COLLECT_EVERY: i32 = 32

export class Request {
  private cachedBody: Uint8Array | null = null
  private cachedUrl: Url | null = null
  private fields: i32 = -1

  constructor(private handle: i32) {}

  /** In capitals: `GET`. */
  get method(): string {
    const method = incomingRequestMethod(this.handle)
    switch (<i32>method.tag) {
      case MethodTag.get_:
        return 'GET'
      case MethodTag.head:
        return 'HEAD'
      case MethodTag.post:
        return 'POST'
      case MethodTag.put:
        return 'PUT'
      case MethodTag.delete_:
        return 'DELETE'
      case MethodTag.connect:
        return 'CONNECT'
      case MethodTag.options:
        return 'OPTIONS'
      case MethodTag.trace:
        return 'TRACE'
      case MethodTag.patch:
        return 'PATCH'
      default: {
        const other = method.other
        return other === null ? '' : other
      }
    }
  }

  /** Path with query: `/a/b?c=d`. */
  get path(): string {
    const path = incomingRequestPathWithQuery(this.handle)
    return path === null ? '/' : path
  }

  /** Path and query, taken apart. */
  get url(): Url {
    let url = this.cachedUrl
    if (url === null) {
      url = new Url(this.path)
      this.cachedUrl = url
    }
    return url
  }

  /** The first value of a header, or null. Bytes are read as Latin-1. */
  header(name: string): string | null {
    const values = fieldsGet(this.headerFields(), name)
    return values.length == 0 ? null : fromLatin1(values[0])
  }

  /** All headers, as the host orders them. */
  get headers(): Headers {
    const entries = fieldsEntries(this.headerFields())
    const headers = new Array<Header>(entries.length)
    for (let i = 0; i < entries.length; i++) headers[i] = new Header(entries[i].item0, fromLatin1(entries[i].item1))
    return new Headers(headers)
  }

  /** The whole body; empty where it was cut off before its first byte. */
  body(): Uint8Array {
    const cached = this.cachedBody
    if (cached !== null) return cached
    const body = readBody(this.handle)
    this.cachedBody = body
    return body
  }

  /** The body as UTF-8 text. */
  text(): string {
    return fromUtf8(this.body())
  }

  private headerFields(): i32 {
    if (this.fields < 0) this.fields = incomingRequestHeaders(this.handle)
    return this.fields
  }

  /** For the generated entry only. */
  drop(): void {
    if (this.fields >= 0) dropFields(this.fields)
    dropIncomingRequest(this.handle)
  }
}

function readBody(request: i32): Uint8Array {
  const consumed = incomingRequestConsume(request)
  if (consumed.isErr) return new Uint8Array(0)
  const body = consumed.ok
  const chunks = new Array<Uint8Array>()
  const opened = incomingBodyStream(body)
  if (!opened.isErr) {
    const stream = opened.ok
    for (;;) {
      const read = inputStreamBlockingRead(stream, READ_BYTES)
      if (read.isErr) break
      if (read.ok.length > 0) chunks.push(read.ok)
    }
    dropInputStream(stream)
  }
  dropIncomingBody(body)
  return concat(chunks)
}

export class Response {
  private fields: Headers | null = null
  private content: Uint8Array | null = null

  constructor(public status: i32 = 200) {}

  get headers(): Headers {
    let headers = this.fields
    if (headers === null) {
      headers = new Headers()
      this.fields = headers
    }
    return headers
  }

  /** Sends the client elsewhere: 302, or 301, 303, 307, 308. */
  static redirect(location: string, status: i32 = 302): Response {
    return new Response(status).header('location', location)
  }

  /** An answer without body: 204, 304. */
  static empty(status: i32 = 204): Response {
    return new Response(status)
  }

  /** What went wrong, as `application/problem+json` (RFC 9457). */
  static problem(status: i32, title: string): Response {
    const json = '{"title":' + quote(title) + ',"status":' + status.toString() + '}'
    return new Response(status).header('content-type', 'application/problem+json').bytes(toUtf8(json))
  }

  /** Appends a header; a name may have several. */
  header(name: string, value: string): Response {
    this.headers.append(name, value)
    return this
  }

  /** Body as UTF-8; `content-type: text/html; charset=utf-8` unless one is set. */
  html(body: string): Response {
    return this.typed('text/html; charset=utf-8', toUtf8(body))
  }

  /** Body as UTF-8; `content-type: text/plain; charset=utf-8` unless one is set. */
  text(body: string): Response {
    return this.typed('text/plain; charset=utf-8', toUtf8(body))
  }

  /** Body as it is; no content type of its own. */
  bytes(body: Uint8Array): Response {
    this.content = body
    return this
  }

  /** Body is JSON text already (see `JsonWriter`); `content-type: application/json` unless one is set. */
  json(body: string): Response {
    return this.typed('application/json', toUtf8(body))
  }

  private typed(type: string, body: Uint8Array): Response {
    if (!this.headers.has('content-type')) this.header('content-type', type)
    return this.bytes(body)
  }

  /** For the generated entry only. */
  send(outparam: i32): void {
    sendAnswer(outparam, this.status, this.fields, this.content)
  }
}

let served: i32 = 0

/** For the generated entry only: sends the author's answer and lets go of the request. */
export function finish(request: Request, response: Response, outparam: i32): void {
  request.drop()
  response.send(outparam)
  // a host that keeps the instance would see its memory grow for ever; one that resets it never comes here
  if (++served % COLLECT_EVERY == 0) __collect()
}
