/** wasi:http/types 0.2 as far as an incoming handler needs it. Results are in canonical form: [0, ok] or [1, err]. */
import { PARAMS, type WitValue } from '../../core/index.ts'
import { GuestTrap, hostFunction, wit, type HostFunction } from '../abi/index.ts'
import { Fields, sendable, type Header } from './fields.ts'
import { finalStatus, OutgoingResponse, type HttpRun, type IncomingBody, type IncomingRequest, type OutgoingBody } from './run.ts'

const { bool, u8, u16, u32, u64, string, bytes, list, option, result, tuple, record, variant, own, borrow } = wit

const text = option(string)
const fieldSize = record({ 'field-name': text, 'field-size': option(u32) })
export const ERROR_CODE = variant({
  'DNS-timeout': null,
  'DNS-error': record({ rcode: text, 'info-code': option(u16) }),
  'destination-not-found': null,
  'destination-unavailable': null,
  'destination-IP-prohibited': null,
  'destination-IP-unroutable': null,
  'connection-refused': null,
  'connection-terminated': null,
  'connection-timeout': null,
  'connection-read-timeout': null,
  'connection-write-timeout': null,
  'connection-limit-reached': null,
  'TLS-protocol-error': null,
  'TLS-certificate-error': null,
  'TLS-alert-received': record({ 'alert-id': option(u8), 'alert-message': text }),
  'HTTP-request-denied': null,
  'HTTP-request-length-required': null,
  'HTTP-request-body-size': option(u64),
  'HTTP-request-method-invalid': null,
  'HTTP-request-URI-invalid': null,
  'HTTP-request-URI-too-long': null,
  'HTTP-request-header-section-size': option(u32),
  'HTTP-request-header-size': option(fieldSize),
  'HTTP-request-trailer-section-size': option(u32),
  'HTTP-request-trailer-size': fieldSize,
  'HTTP-response-incomplete': null,
  'HTTP-response-header-section-size': option(u32),
  'HTTP-response-header-size': fieldSize,
  'HTTP-response-body-size': option(u64),
  'HTTP-response-trailer-section-size': option(u32),
  'HTTP-response-trailer-size': fieldSize,
  'HTTP-response-transfer-coding': text,
  'HTTP-response-content-coding': text,
  'HTTP-response-timeout': null,
  'HTTP-upgrade-failed': null,
  'HTTP-protocol-error': null,
  'loop-detected': null,
  'configuration-error': null,
  'internal-error': text,
})
export const METHODS = ['get', 'head', 'post', 'put', 'delete', 'connect', 'options', 'trace', 'patch'] as const
const TAGS: ReadonlyMap<string, number> = new Map(METHODS.map((name, tag) => [name.toUpperCase(), tag]))
/** The case of a method, `other` where it has none. */
export const methodTag = (method: string): number => TAGS.get(method) ?? METHODS.length
const METHOD = variant({
  get: null,
  head: null,
  post: null,
  put: null,
  delete: null,
  connect: null,
  options: null,
  trace: null,
  patch: null,
  other: string,
})
const SCHEME = variant({ HTTP: null, HTTPS: null, other: string })
const HEADER_ERROR = variant({ 'invalid-syntax': null, forbidden: null, immutable: null })

const OK: WitValue = [0]
const ERR: WitValue = [1]
const ok = (value: WitValue): WitValue => [0, value]
const headerError = (which: number): WitValue => [1, [which]]

type Functions = Readonly<Record<string, HostFunction<HttpRun>>>

/** Fields that are looked through: all of them may be. */
export function searched(run: HttpRun, handle: unknown): Fields {
  const fields = run.handles.get<Fields>(handle, 'fields')
  run.meter.charge(fields.weight * PARAMS.host.byteIn)
  return fields
}

/** A handle of a copy, which is paid for field by field. */
export function copied(run: HttpRun, fields: Fields, immutable: boolean): number {
  run.meter.charge(fields.entries.length * PARAMS.host.item)
  return run.handles.add('fields', fields.clone(immutable))
}

const change = (
  run: HttpRun,
  handle: WitValue | undefined,
  name: string,
  values: readonly Uint8Array[],
  apply: (fields: Fields) => void,
): WitValue => {
  const fields = searched(run, handle)
  const refused = fields.refusal(name, values)
  if (refused !== undefined) return headerError(refused)
  apply(fields)
  return OK
}

const appended = (refused: number | undefined): WitValue => (refused === undefined ? OK : headerError(refused))

const self = borrow('fields')

const FIELDS: Functions = {
  '[constructor]fields': hostFunction({}, own('fields'), (run) => run.handles.add('fields', new Fields())),
  '[static]fields.from-list': hostFunction(
    { entries: list(tuple(string, bytes)) },
    result(own('fields'), HEADER_ERROR),
    (run, [entries]) => {
      const fields = new Fields()
      for (const [name, value] of entries as unknown as readonly Header[]) {
        const refused = fields.refusal(name, [value])
        if (refused !== undefined) return headerError(refused)
        fields.append(name, value)
      }
      return ok(run.handles.add('fields', fields))
    },
  ),
  '[method]fields.get': hostFunction({ self, name: string }, list(bytes), (run, [handle, name]) =>
    searched(run, handle).get(name as string),
  ),
  '[method]fields.has': hostFunction({ self, name: string }, bool, (run, [handle, name]) => searched(run, handle).has(name as string)),
  '[method]fields.set': hostFunction(
    { self, name: string, value: list(bytes) },
    result(undefined, HEADER_ERROR),
    (run, [handle, name, values]) =>
      change(run, handle, name as string, values as readonly Uint8Array[], (fields) => {
        fields.remove(name as string)
        for (const value of values as readonly Uint8Array[]) fields.append(name as string, value)
      }),
  ),
  '[method]fields.delete': hostFunction({ self, name: string }, result(undefined, HEADER_ERROR), (run, [handle, name]) =>
    change(run, handle, name as string, [], (fields) => fields.remove(name as string)),
  ),
  '[method]fields.append': hostFunction(
    { self, name: string, value: bytes },
    result(undefined, HEADER_ERROR),
    (run, [handle, name, value]) => appended(run.handles.get<Fields>(handle, 'fields').tryAppend(name as string, value as Uint8Array)),
  ),
  '[method]fields.entries': hostFunction(
    { self },
    list(tuple(string, bytes)),
    (run, [handle]) => run.handles.get<Fields>(handle, 'fields').entries,
  ),
  '[method]fields.clone': hostFunction({ self }, own('fields'), (run, [handle]) =>
    copied(run, run.handles.get<Fields>(handle, 'fields'), false),
  ),
}

const incoming = (run: HttpRun, handle: WitValue | undefined): IncomingRequest =>
  run.handles.get<IncomingRequest>(handle, 'incoming-request')
const requestSelf = { self: borrow('incoming-request') }

function authority({ host }: IncomingRequest): WitValue {
  return host === undefined ? [] : [String.fromCharCode(...host)]
}

const REQUEST: Functions = {
  '[method]incoming-request.method': hostFunction(requestSelf, METHOD, (run, [handle]) => {
    const { method } = incoming(run, handle).request
    const tag = methodTag(method)
    return tag === METHODS.length ? [tag, method] : [tag]
  }),
  '[method]incoming-request.path-with-query': hostFunction(requestSelf, text, (run, [handle]) => [incoming(run, handle).request.path]),
  '[method]incoming-request.scheme': hostFunction(requestSelf, option(SCHEME), (run, [handle]) => {
    incoming(run, handle)
    return [[0]]
  }),
  '[method]incoming-request.authority': hostFunction(requestSelf, text, (run, [handle]) => authority(incoming(run, handle))),
  '[method]incoming-request.headers': hostFunction(requestSelf, own('fields'), (run, [handle]) =>
    run.handles.add('fields', incoming(run, handle).headers),
  ),
  '[method]incoming-request.consume': hostFunction(requestSelf, result(own('incoming-body')), (run, [handle]) => {
    const body = incoming(run, handle).consume()
    return body === undefined ? ERR : ok(run.handles.add('incoming-body', body))
  }),
  '[method]incoming-body.stream': hostFunction({ self: borrow('incoming-body') }, result(own('input-stream')), (run, [handle]) => {
    const stream = run.handles.get<IncomingBody>(handle, 'incoming-body').stream()
    return stream === undefined ? ERR : ok(run.handles.add('input-stream', stream))
  }),
  '[static]incoming-body.finish': hostFunction({ this: own('incoming-body') }, own('future-trailers'), (run, [handle]) => {
    run.handles.take(handle, 'incoming-body')
    return run.handles.add('future-trailers', { taken: false })
  }),
  '[method]future-trailers.subscribe': hostFunction({ self: borrow('future-trailers') }, own('pollable'), (run, [handle]) => {
    run.handles.get(handle, 'future-trailers')
    return run.handles.add('pollable', null)
  }),
  '[method]future-trailers.get': hostFunction(
    { self: borrow('future-trailers') },
    option(result(result(option(own('fields')), ERROR_CODE))),
    (run, [handle]) => {
      const trailers = run.handles.get<{ taken: boolean }>(handle, 'future-trailers')
      if (trailers.taken) return [ERR]
      trailers.taken = true
      return [[0, [0, []]]]
    },
  ),
}

const outgoing = (run: HttpRun, handle: WitValue | undefined): OutgoingResponse =>
  run.handles.get<OutgoingResponse>(handle, 'outgoing-response')
const responseSelf = { self: borrow('outgoing-response') }

const RESPONSE: Functions = {
  '[constructor]outgoing-response': hostFunction({ headers: own('fields') }, own('outgoing-response'), (run, [handle]) =>
    run.handles.add('outgoing-response', new OutgoingResponse(run.handles.take<Fields>(handle, 'fields'))),
  ),
  '[method]outgoing-response.status-code': hostFunction(responseSelf, u16, (run, [handle]) => outgoing(run, handle).status),
  '[method]outgoing-response.set-status-code': hostFunction({ ...responseSelf, 'status-code': u16 }, result(), (run, [handle, status]) => {
    const response = outgoing(run, handle)
    if (!finalStatus(status as number)) return ERR
    response.status = status as number
    return OK
  }),
  '[method]outgoing-response.headers': hostFunction(responseSelf, own('fields'), (run, [handle]) =>
    copied(run, outgoing(run, handle).headers, true),
  ),
  '[method]outgoing-response.body': hostFunction(responseSelf, result(own('outgoing-body')), (run, [handle]) => {
    const body = run.openBody(outgoing(run, handle))
    return body === undefined ? ERR : ok(run.handles.add('outgoing-body', body))
  }),
  '[method]outgoing-body.write': hostFunction({ self: borrow('outgoing-body') }, result(own('output-stream')), (run, [handle]) => {
    const sink = run.handles.get<OutgoingBody>(handle, 'outgoing-body').write()
    return sink === undefined ? ERR : ok(run.handles.add('output-stream', sink))
  }),
  '[static]outgoing-body.finish': hostFunction(
    { this: own('outgoing-body'), trailers: option(own('fields')) },
    result(undefined, ERROR_CODE),
    (run, [handle, trailers]) => {
      run.handles.take<OutgoingBody>(handle, 'outgoing-body').sink.closed = true
      const [fields] = trailers as readonly WitValue[]
      // Trailers are taken and not sent: answers are whole
      if (fields !== undefined) run.handles.take(fields, 'fields')
      return OK
    },
  ),
  '[static]response-outparam.set': hostFunction(
    { param: own('response-outparam'), response: result(own('outgoing-response'), ERROR_CODE) },
    undefined,
    (run, [param, response]) => {
      run.handles.take(param, 'response-outparam')
      const [tag, value] = response as readonly [number, WitValue]
      if (tag === 0) run.answer = { response: run.handles.take<OutgoingResponse>(value, 'outgoing-response') }
      else run.answer = { error: (value as readonly [number])[0] }
      return null
    },
  ),
  'http-error-code': hostFunction({ err: borrow('error') }, option(ERROR_CODE), (run, [handle]) => {
    run.handles.get(handle, 'error')
    return []
  }),
}

export const HTTP_TYPES: Functions = { ...FIELDS, ...REQUEST, ...RESPONSE }

/** The answer must be one that can be sent; checked when `handle` has returned. */
export function finalHeaders(fields: Fields): readonly Header[] {
  if (fields.checked) return fields.entries
  for (const [name, value] of fields.entries) {
    if (!sendable(name, value)) throw new GuestTrap(`the header ${JSON.stringify(name)} cannot be sent`)
  }
  return fields.entries
}
