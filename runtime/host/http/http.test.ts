import { expect, test } from 'vitest'
import { LIMITS, toHex, utf8, type WitValue } from '../../core/index.ts'
import { GuestTrap, signatureText } from '../abi/index.ts'
import { loadGuestWit } from '../build/index.ts'
import { WORLDS } from '../run/imports/worlds.ts'
import { CONTEXT } from '../testing/host.ts'
import { finalHeaders, Handles, HttpRun, IncomingRequest, WASI, type Fields, type HttpRequest } from './index.ts'
import { Sink } from './run.ts'

function runOf(request: Partial<HttpRequest> = {}): {
  run: HttpRun
  call: (iface: string, name: string, ...args: WitValue[]) => WitValue
  request: number
  outparam: number
} {
  const run = new HttpRun({ charge: () => undefined }, CONTEXT)
  const incoming = run.handles.add(
    'incoming-request',
    new IncomingRequest({ method: 'GET', path: '/', headers: [], body: new Uint8Array(0), ...request }),
  )
  const outparam = run.handles.add('response-outparam', null)
  const call = (iface: string, name: string, ...args: WitValue[]): WitValue => {
    const found = WASI[iface]?.[name]
    if (found === undefined) throw new Error(`${iface} ${name} is not offered`)
    return found.run(run, args) as WitValue
  }
  return { run, call, request: incoming, outparam }
}

const TYPES = 'wasi:http/types'
const STREAMS = 'wasi:io/streams'

test('everything offered has the type that the WIT text gives it', async () => {
  const model = await loadGuestWit()
  let compared = 0
  for (const offers of Object.values(WORLDS.offers)) {
    for (const [base, functions] of Object.entries(offers)) {
      const iface = model.interface(`${base}@${base.startsWith('wasi:') ? '0.2.3' : '0.1.0'}`)
      for (const [name, { type }] of Object.entries(functions)) {
        const text = iface.functions.find((f) => f.name === name)
        expect(text, `${base} ${name}`).toBeDefined()
        if (text !== undefined) expect(signatureText(type), `${base} ${name}`).toBe(signatureText(text))
        expect(type.params.map((p) => p.name)).toEqual(text?.params.map((p) => p.name))
        compared++
      }
    }
  }
  expect(compared).toBe(86)
  // The contract's interfaces are offered whole
  for (const name of ['storage', 'context', 'events', 'crypto', 'tensor']) {
    const all = Object.assign({}, ...Object.values(WORLDS.offers).map((o) => o[`utnet:host/${name}`] ?? {})) as Record<string, unknown>
    expect(Object.keys(all).sort()).toEqual(
      model
        .interface(`utnet:host/${name}@0.1.0`)
        .functions.map((f) => f.name)
        .sort(),
    )
  }
})

test('handles begin at 1, share one table, and the last freed comes first', () => {
  const handles = new Handles()
  expect(['a', 'b', 'c', 'd'].map((kind) => handles.add(kind, kind))).toEqual([1, 2, 3, 4])
  handles.take(2, 'b')
  handles.take(4, 'd')
  expect([handles.add('x', 1), handles.add('y', 2), handles.add('z', 3)]).toEqual([4, 2, 5])
  for (const [handle, kind] of [
    [0, 'a'],
    [9, 'a'],
    [1, 'b'],
    [-1, 'a'],
    [2 ** 32, 'a'],
  ] as const)
    expect(() => handles.get(handle, kind)).toThrow(GuestTrap)
  handles.take(1, 'a')
  expect(() => handles.take(1, 'a')).toThrow(GuestTrap)
})

test('header fields refuse bad names, line breaks, fields of the connection, and changes of the request', () => {
  const { run, call, request } = runOf({ headers: [['X-Name', utf8('v')]] })
  const fields = call(TYPES, '[constructor]fields')
  const append = (name: string, value: string): WitValue => call(TYPES, '[method]fields.append', fields, name, utf8(value))
  expect(append('X-Good', 'a b\tc')).toEqual([0])
  expect(append('x-latin', 'zoé')).toEqual([0])
  for (const name of ['', 'a b', 'a:', 'é', 'a\r\n', '(a)']) expect(append(name, 'v'), name).toEqual([1, [0]])
  for (const value of ['a\r\nb', 'a\nb', 'a\0b', '\x7f']) expect(append('a', value), value).toEqual([1, [0]])
  for (const name of ['Connection', 'transfer-encoding', 'Host', 'Upgrade']) expect(append(name, 'v'), name).toEqual([1, [1]])
  expect(call(TYPES, '[method]fields.entries', fields)).toEqual([
    ['x-good', utf8('a b\tc')],
    ['x-latin', utf8('zoé')],
  ])
  expect(call(TYPES, '[method]fields.has', fields, 'x-GOOD')).toBe(true)

  const headers = call(TYPES, '[method]incoming-request.headers', request)
  expect(call(TYPES, '[method]fields.get', headers, 'x-name')).toEqual([utf8('v')])
  expect(call(TYPES, '[method]fields.append', headers, 'a', utf8('b'))).toEqual([1, [2]])
  expect(call(TYPES, '[method]fields.set', headers, 'a', [])).toEqual([1, [2]])
  expect(call(TYPES, '[method]fields.delete', headers, 'x-name')).toEqual([1, [2]])
  const clone = call(TYPES, '[method]fields.clone', headers)
  expect(call(TYPES, '[method]fields.set', clone, 'x-name', [utf8('1'), utf8('2')])).toEqual([0])
  expect(call(TYPES, '[method]fields.get', clone, 'X-Name')).toEqual([utf8('1'), utf8('2')])
  expect(run.handles.get<Fields>(headers, 'fields').has('a')).toBe(false)

  const fill = (length: number): WitValue =>
    call(TYPES, '[method]fields.append', call(TYPES, '[constructor]fields'), 'x-long', utf8('v'.repeat(length)))
  // What a field weighs beside its value
  const room = LIMITS.headerBytes - 'x-long'.length - 32
  expect(fill(room)).toEqual([0])
  expect(() => fill(room + 1)).toThrow(expect.objectContaining({ name: 'GuestTrap', limit: 'headerBytes' }) as Error)
})

test('a body is handed out once, in pieces of exactly what was asked or is left', () => {
  const { call, request } = runOf({ body: Uint8Array.of(1, 2, 3, 4, 5) })
  const [, body] = call(TYPES, '[method]incoming-request.consume', request) as [number, WitValue]
  expect(call(TYPES, '[method]incoming-request.consume', request)).toEqual([1])
  const [, stream] = call(TYPES, '[method]incoming-body.stream', body) as [number, WitValue]
  expect(call(TYPES, '[method]incoming-body.stream', body)).toEqual([1])
  expect(call(STREAMS, '[method]input-stream.blocking-read', stream, 2)).toEqual([0, Uint8Array.of(1, 2)])
  expect(call(STREAMS, '[method]input-stream.read', stream, 2n ** 64n - 1n)).toEqual([0, Uint8Array.of(3, 4, 5)])
  expect(call(STREAMS, '[method]input-stream.read', stream, 1)).toEqual([1, [1]])
})

test('an answer is written under a constant permit, and closed by finish', () => {
  const { run, call, outparam } = runOf()
  const response = call(TYPES, '[constructor]outgoing-response', call(TYPES, '[constructor]fields'))
  for (const status of [0, 100, 101, 199, 600, 65_535])
    expect(call(TYPES, '[method]outgoing-response.set-status-code', response, status)).toEqual([1])
  expect(call(TYPES, '[method]outgoing-response.set-status-code', response, 404)).toEqual([0])
  const [, body] = call(TYPES, '[method]outgoing-response.body', response) as [number, WitValue]
  expect(call(TYPES, '[method]outgoing-response.body', response)).toEqual([1])
  call(TYPES, '[static]response-outparam.set', outparam, [0, response])
  expect(() => call(TYPES, '[static]response-outparam.set', outparam, [0, response])).toThrow(GuestTrap)
  const [, stream] = call(TYPES, '[method]outgoing-body.write', body) as [number, WitValue]
  expect(call(STREAMS, '[method]output-stream.check-write', stream)).toEqual([0, 1 << 20])
  expect(call(STREAMS, '[method]output-stream.write', stream, utf8('ab'))).toEqual([0])
  expect(() => call(STREAMS, '[method]output-stream.write', stream, new Uint8Array((1 << 20) + 1))).toThrow(GuestTrap)
  expect(() => call(STREAMS, '[method]output-stream.blocking-write-and-flush', stream, new Uint8Array(4_097))).toThrow(GuestTrap)
  expect(call(TYPES, '[static]outgoing-body.finish', body, [])).toEqual([0])
  expect(call(STREAMS, '[method]output-stream.write', stream, utf8('late'))).toEqual([1, [1]])
  expect(run.answer).toMatchObject({ response: { status: 404, body: { size: 2 } } })
})

test('method and path are those of the request', () => {
  const method = (name: string): WitValue => {
    const { call, request } = runOf({ method: name })
    return call(TYPES, '[method]incoming-request.method', request)
  }
  expect([method('GET'), method('PATCH'), method('PROPFIND'), method('get')]).toEqual([[0], [8], [9, 'PROPFIND'], [9, 'get']])
})

test('time and chance come from the context and from nothing else', () => {
  const draw = (): WitValue[] => {
    const { call } = runOf()
    return [
      call('wasi:random/random', 'get-random-bytes', 40),
      call('wasi:random/random', 'get-random-u64'),
      call('wasi:clocks/wall-clock', 'now'),
      call('wasi:clocks/monotonic-clock', 'now'),
    ]
  }
  const [bytes, number, now, instant] = draw()
  expect(draw()).toEqual([bytes, number, now, instant])
  expect(now).toEqual([1_700_000_000, 123_000_000])
  expect(instant).toBe(0)
  const CLOCK = 'wasi:clocks/monotonic-clock'
  const { call: ask } = runOf()
  expect([ask(CLOCK, 'resolution'), ask(CLOCK, 'now'), ask(CLOCK, 'now')]).toEqual([1_000, 0, 1_000])
  const [late, soon] = [ask(CLOCK, 'subscribe-instant', 9_000_000), ask(CLOCK, 'subscribe-duration', 5_000_000)]
  expect(ask('wasi:io/poll', '[method]pollable.ready', soon)).toBe(false)
  expect(ask('wasi:io/poll', 'poll', [late, soon])).toEqual([1])
  ask('wasi:io/poll', '[method]pollable.block', late)
  expect(ask(CLOCK, 'now')).toBe(9_000_000)
  const { call } = runOf()
  const parts = [call('wasi:random/random', 'get-random-bytes', 7), call('wasi:random/random', 'get-random-bytes', 33)] as Uint8Array[]
  expect(parts.map(toHex).join('')).toBe(toHex(bytes as Uint8Array))
  expect(() => call('wasi:random/random', 'get-random-bytes', 2n ** 63n)).toThrow(GuestTrap)
})

test('what was written is one body: itself where it came at once, a copy of nothing that the request holds', () => {
  const sink = new Sink(true)
  expect(sink.whole()).toEqual(new Uint8Array(0))
  const first = utf8('ab')
  sink.write(first)
  sink.write(new Uint8Array(0))
  expect(sink.whole()).toBe(first)
  sink.write(utf8('cd'))
  expect(sink.whole()).toEqual(utf8('abcd'))

  const bytes = Uint8Array.of(1, 2, 3)
  const { run, call, request, outparam } = runOf({ body: bytes })
  const [, body] = call(TYPES, '[method]incoming-request.consume', request) as [number, WitValue]
  const [, from] = call(TYPES, '[method]incoming-body.stream', body) as [number, WitValue]
  const response = call(TYPES, '[constructor]outgoing-response', call(TYPES, '[constructor]fields'))
  const [, outgoing] = call(TYPES, '[method]outgoing-response.body', response) as [number, WitValue]
  const [, to] = call(TYPES, '[method]outgoing-body.write', outgoing) as [number, WitValue]
  call(TYPES, '[static]response-outparam.set', outparam, [0, response])
  expect(call(STREAMS, '[method]output-stream.splice', to, from, 9)).toEqual([0, 3])
  expect(run.output?.size).toBe(3)
  bytes.fill(9)
  expect(run.output?.whole()).toEqual(Uint8Array.of(1, 2, 3))
})

test("an answer's headers are checked unless each was when it came", () => {
  const bad = [['x-bad', utf8('a\r\nb')]] as const
  const { run, call, request } = runOf({ headers: bad })
  const fresh = run.handles.get<Fields>(call(TYPES, '[constructor]fields'), 'fields')
  fresh.append('x-good', utf8('v'))
  for (const fields of [fresh, fresh.clone(true), fresh.clone(false)]) {
    expect(fields.checked).toBe(true)
    expect(finalHeaders(fields)).toEqual([['x-good', utf8('v')]])
  }
  // A clone of the request's fields is the guest's to change, but holds what the client sent
  const clone = run.handles.get<Fields>(
    call(TYPES, '[method]fields.clone', call(TYPES, '[method]incoming-request.headers', request)),
    'fields',
  )
  clone.append('x-good', utf8('v'))
  expect(() => finalHeaders(clone)).toThrow(GuestTrap)
  expect(() => finalHeaders(clone.clone(false))).toThrow(GuestTrap)
})
