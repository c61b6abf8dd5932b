/**
 * wasi:http/outgoing-handler 0.2: requests to granted hosts. One is sent when its guest first waits for something; the answer is whole, so that its
 * body is ready with it. What was asked and told is logged in the order of asking and of waiting; secret headers are sent but never logged, and
 * secret headers of answers never reach the guest.
 */
import { LIMITS, type WitValue } from '../../core/index.ts'
import { copied, Fields, IncomingBody, OutgoingBody, Sink, ERROR_CODE, METHODS, type Pollable } from '../http/index.ts'
import { bind, bindOnly, type Functions, type Handlers } from './bind.ts'
import { OutgoingRequest, type Exchange } from './outbound.ts'
import type { WasiRun } from './run.ts'

const CASES = (ERROR_CODE as Extract<typeof ERROR_CODE, { kind: 'variant' }>).cases
/** A case of `error-code`; one that is unknown or carries something becomes `internal-error`. */
function errorCode(name: string): WitValue {
  const i = CASES.findIndex((c) => c.name === name && c.type === undefined)
  return i < 0 ? [CASES.findIndex((c) => c.name === 'internal-error'), []] : [i]
}

const OK: WitValue = [0]
const ERR: WitValue = [1]
const ok = (value: WitValue): WitValue => [0, value]
const SCHEMES = ['http:', 'https:'] as const

interface IncomingResponse {
  readonly status: number
  readonly headers: Fields
  readonly body: Uint8Array
  consumed: boolean
}

const request = (run: WasiRun, handle: WitValue | undefined): OutgoingRequest =>
  run.handles.get<OutgoingRequest>(handle, 'outgoing-request')
const response = (run: WasiRun, handle: WitValue | undefined): IncomingResponse =>
  run.handles.get<IncomingResponse>(handle, 'incoming-response')
const exchange = (run: WasiRun, handle: WitValue | undefined): Exchange => run.handles.get<Exchange>(handle, 'future-incoming-response')

const methodValue = (method: string): WitValue => {
  const i = (METHODS as readonly string[]).indexOf(method.toLowerCase())
  return i < 0 ? [METHODS.length, method] : [i]
}

const optional = (value: WitValue | undefined): string | undefined => (value as readonly string[])[0]

const REQUEST: Handlers = {
  '[constructor]outgoing-request': (run, [headers]) =>
    run.handles.add('outgoing-request', new OutgoingRequest(run.handles.take<Fields>(headers, 'fields'))),
  '[method]outgoing-request.body': (run, [r]) => {
    const of = request(run, r)
    if (of.body !== undefined) return ERR
    of.body = new Sink(true)
    return ok(run.handles.add('outgoing-body', new OutgoingBody(of.body)))
  },
  '[method]outgoing-request.method': (run, [r]) => methodValue(request(run, r).method),
  '[method]outgoing-request.set-method': (run, [r, method]) => {
    const of = request(run, r)
    const [tag, other] = method as readonly [number, string | undefined]
    const name = METHODS[tag]?.toUpperCase() ?? (other as string)
    if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,32}$/.test(name) || name === 'CONNECT' || name === 'TRACE') return ERR
    of.method = name
    return OK
  },
  '[method]outgoing-request.path-with-query': (run, [r]) => [request(run, r).path],
  '[method]outgoing-request.set-path-with-query': (run, [r, path]) => {
    const of = request(run, r)
    const text = optional(path) ?? '/'
    if (!/^[/?][\x21-\x7e]*$/.test(text) || text.includes('#') || text.length > LIMITS.pathBytes) return ERR
    of.path = text.startsWith('?') ? `/${text}` : text
    return OK
  },
  '[method]outgoing-request.scheme': (run, [r]) => {
    const { scheme } = request(run, r)
    return scheme === undefined ? [] : [[SCHEMES.indexOf(scheme)]]
  },
  '[method]outgoing-request.set-scheme': (run, [r, scheme]) => {
    const of = request(run, r)
    const [value] = scheme as readonly (readonly [number])[]
    if (value !== undefined && SCHEMES[value[0]] === undefined) return ERR
    of.scheme = value === undefined ? undefined : SCHEMES[value[0]]
    return OK
  },
  '[method]outgoing-request.authority': (run, [r]) => {
    const { authority } = request(run, r)
    return authority === '' ? [] : [authority]
  },
  '[method]outgoing-request.set-authority': (run, [r, authority]) => {
    const of = request(run, r)
    const text = optional(authority) ?? ''
    if (!/^[A-Za-z0-9.:[\]-]{0,300}$/.test(text)) return ERR
    of.authority = text
    return OK
  },
  '[method]outgoing-request.headers': (run, [r]) => copied(run, request(run, r).headers, true),
}

const options = (run: WasiRun, handle: WitValue | undefined): Map<string, WitValue> => run.handles.get(handle, 'request-options')

/** Time-outs are taken and never come: a guest's time does not move while it waits for an answer. Clients give up where one cannot be set. */
const OPTIONS: Handlers = Object.fromEntries([
  ['[constructor]request-options', (run: WasiRun) => run.handles.add('request-options', new Map())],
  ...['connect-timeout', 'first-byte-timeout', 'between-bytes-timeout'].flatMap((name) => [
    [`[method]request-options.${name}`, (run: WasiRun, [o]: readonly WitValue[]) => options(run, o).get(name) ?? []],
    [
      `[method]request-options.set-${name}`,
      (run: WasiRun, [o, time]: readonly WitValue[]) => (options(run, o).set(name, time as WitValue), OK),
    ],
  ]),
]) as Handlers

const RESPONSE: Handlers = {
  '[method]incoming-response.status': (run, [r]) => response(run, r).status,
  '[method]incoming-response.headers': (run, [r]) => run.handles.add('fields', response(run, r).headers),
  '[method]incoming-response.consume': (run, [r]) => {
    const of = response(run, r)
    if (of.consumed) return ERR
    of.consumed = true
    return ok(run.handles.add('incoming-body', new IncomingBody(of.body)))
  },
  '[method]future-incoming-response.subscribe': (run, [f]) =>
    run.handles.add('pollable', { kind: 'answer', answer: exchange(run, f) } satisfies Pollable),
  '[method]future-incoming-response.get': (run, [f]) => {
    const of = exchange(run, f)
    if (of.told === undefined) return []
    if (of.taken) return [ERR]
    of.taken = true
    if ('error' in of.told) return [ok([1, errorCode(of.told.error)])]
    const { status, headers, body } = of.told
    const answer: IncomingResponse = { status, headers: new Fields(headers, true), body, consumed: false }
    return [ok([0, run.handles.add('incoming-response', answer)])]
  },
}

const HANDLER: Handlers = {
  handle: (run, [r, options]) => {
    const [given] = options as readonly WitValue[]
    if (given !== undefined) run.handles.take(given, 'request-options')
    const handed = run.outside.outbound.hand(run.meter, run.handles.take<OutgoingRequest>(r, 'outgoing-request'))
    return typeof handed === 'string' ? [1, errorCode(handed)] : ok(run.handles.add('future-incoming-response', handed))
  },
}

/** What `wasi:http/types` has beyond incoming requests. */
export const outgoingTypes = (): Functions => bindOnly('wasi:http/types@0.2.3', { ...REQUEST, ...OPTIONS, ...RESPONSE })

export const outgoingHandler = (): Functions => bind('wasi:http/outgoing-handler@0.2.3', HANDLER)
