/**
 * What a request asks of the host, straight over core values and guest memory: no arrays of arguments, no variants as objects. Each form is by hand
 * what the ABI's glue does around the function of the same name, check for check, byte for byte and in the same order; `core-forms.test.ts` holds
 * every one against its glue. For guests whose text is UTF-16; others, and functions that have no form, have the glue.
 */
import { GuestTrap, importGlue, type Core, type CoreForm, type GuestMemory, type HostFunction, type HostInterfaces } from '../abi/index.ts'
import { Fields, type Header } from './fields.ts'
import { finalStatus, IncomingBody, InputStream, OutgoingBody, OutgoingResponse, Sink, type HttpRun, type IncomingRequest } from './run.ts'
import { BLOCKING_BYTES, GENERIC, PERMIT, written } from './streams.ts'
import { HTTP_TYPES, methodTag, searched } from './types.ts'

type Form = CoreForm<HttpRun>
type Forms = Readonly<Record<string, Form>>

/** The tag of a method that has none of its own. */
const OTHER = methodTag('')

/** Pointer and length of a text at an address. */
function putText(m: GuestMemory, at: number, text: string): void {
  const pointer = m.writeUtf16(text)
  const v = m.view
  v.setUint32(at, pointer, true)
  v.setUint32(at + 4, text.length, true)
}

function putBytes(m: GuestMemory, at: number, bytes: Uint8Array): void {
  const pointer = m.copyIn(bytes)
  const v = m.view
  v.setUint32(at, pointer, true)
  v.setUint32(at + 4, bytes.length, true)
}

/** `result<own>`: a handle, or the error where there is none. */
function putHandle(m: GuestMemory, place: number, handle: number | undefined): void {
  const at = m.check(place, 8, 4)
  const v = m.view
  v.setUint8(at, handle === undefined ? 1 : 0)
  if (handle !== undefined) v.setUint32(at + 4, handle, true)
}

/** `result<list<u8>, stream-error>`: bytes, or `closed` where there are none. */
function putRead(m: GuestMemory, place: number, part: Uint8Array | undefined): void {
  const at = m.check(place, 12, 4)
  m.view.setUint8(at, part === undefined ? 1 : 0)
  if (part === undefined) m.view.setUint8(at + 4, 1)
  else putBytes(m, at + 4, part)
}

const read: Form = (enter) => (self, length, place) => {
  const { memory: m, state } = enter()
  m.begin()
  m.check(place as number, 12, 4)
  const stream = state.handles.get<InputStream>((self as number) >>> 0, 'input-stream')
  putRead(m, place as number, stream.read(Number(BigInt.asUintN(64, length as bigint))))
  return undefined
}

/** `write` and its blocking form, which takes `most` bytes. */
const write =
  (most: number): Form =>
  (enter) =>
  (self, pointer, length, place) => {
    const { memory: m, state } = enter()
    m.begin()
    m.check(place as number, 12, 4)
    const contents = m.copyOut((pointer as number) >>> 0, (length as number) >>> 0)
    const open = written(state.handles.get<Sink>((self as number) >>> 0, 'output-stream'), contents, most)
    const at = m.check(place as number, 12, 4)
    m.view.setUint8(at, open ? 0 : 1)
    if (!open) m.view.setUint8(at + 4, 1)
    return undefined
  }

/** A name and a value in memory: two pointers, two lengths. */
const FIELD_BYTES = 16

function liftFields(m: GuestMemory, pointer: number, count: number): readonly Header[] {
  let at = m.check(pointer, count * FIELD_BYTES, 4)
  m.chargeIn(count * FIELD_BYTES, count + 1)
  const v = m.view
  const all: Header[] = []
  for (let i = 0; i < count; i++, at += FIELD_BYTES)
    all.push([
      m.readUtf16(v.getUint32(at, true), v.getUint32(at + 4, true)),
      m.copyOut(v.getUint32(at + 8, true), v.getUint32(at + 12, true)),
    ])
  return all
}

const SET = '[static]response-outparam.set'
const set = HTTP_TYPES[SET] as HostFunction<HttpRun>
const setGlue = importGlue(set.type, 'utf16')

const TYPES: Forms = {
  '[constructor]fields': (enter) => () => {
    const { memory: m, state } = enter()
    m.begin()
    return state.handles.add('fields', new Fields())
  },
  '[static]fields.from-list': (enter) => (pointer, count, place) => {
    const { memory: m, state } = enter()
    m.begin()
    m.check(place as number, 8, 4)
    // All are lifted before the first is looked at
    const all = liftFields(m, (pointer as number) >>> 0, (count as number) >>> 0)
    const fields = new Fields()
    let refused: number | undefined
    for (let i = 0; i < all.length && refused === undefined; i++) {
      const [name, value] = all[i] as Header
      refused = fields.tryAppend(name, value)
    }
    const at = m.check(place as number, 8, 4)
    const v = m.view
    v.setUint8(at, refused === undefined ? 0 : 1)
    if (refused === undefined) v.setUint32(at + 4, state.handles.add('fields', fields), true)
    else v.setUint8(at + 4, refused)
    return undefined
  },
  '[method]fields.get': (enter) => (self, name, length, place) => {
    const { memory: m, state } = enter()
    m.begin()
    m.check(place as number, 8, 4)
    const text = m.readUtf16((name as number) >>> 0, (length as number) >>> 0)
    const values = searched(state, (self as number) >>> 0).get(text)
    const at = m.check(place as number, 8, 4)
    const start = m.allocateList(values.length, 8, 4)
    for (let i = 0; i < values.length; i++) putBytes(m, start + i * 8, values[i] as Uint8Array)
    const v = m.view
    v.setUint32(at, start, true)
    v.setUint32(at + 4, values.length, true)
    return undefined
  },
  '[method]fields.append': (enter) => (self, name, length, value, bytes, place) => {
    const { memory: m, state } = enter()
    m.begin()
    m.check(place as number, 2, 1)
    const text = m.readUtf16((name as number) >>> 0, (length as number) >>> 0)
    const copy = m.copyOut((value as number) >>> 0, (bytes as number) >>> 0)
    const refused = state.handles.get<Fields>((self as number) >>> 0, 'fields').tryAppend(text, copy)
    const at = m.check(place as number, 2, 1)
    const v = m.view
    v.setUint8(at, refused === undefined ? 0 : 1)
    if (refused !== undefined) v.setUint8(at + 1, refused)
    return undefined
  },
  '[method]incoming-request.method': (enter) => (self, place) => {
    const { memory: m, state } = enter()
    m.begin()
    m.check(place as number, 12, 4)
    const { method } = state.handles.get<IncomingRequest>((self as number) >>> 0, 'incoming-request').request
    const tag = methodTag(method)
    const at = m.check(place as number, 12, 4)
    m.view.setUint8(at, tag)
    if (tag === OTHER) putText(m, at + 4, method)
    return undefined
  },
  '[method]incoming-request.path-with-query': (enter) => (self, place) => {
    const { memory: m, state } = enter()
    m.begin()
    m.check(place as number, 12, 4)
    const { path } = state.handles.get<IncomingRequest>((self as number) >>> 0, 'incoming-request').request
    const at = m.check(place as number, 12, 4)
    m.view.setUint8(at, 1)
    putText(m, at + 4, path)
    return undefined
  },
  '[method]incoming-request.headers': (enter) => (self) => {
    const { memory: m, state } = enter()
    m.begin()
    return state.handles.add('fields', state.handles.get<IncomingRequest>((self as number) >>> 0, 'incoming-request').headers)
  },
  '[method]incoming-request.consume': (enter) => (self, place) => {
    const { memory: m, state } = enter()
    m.begin()
    m.check(place as number, 8, 4)
    const body = state.handles.get<IncomingRequest>((self as number) >>> 0, 'incoming-request').consume()
    putHandle(m, place as number, body && state.handles.add('incoming-body', body))
    return undefined
  },
  '[method]incoming-body.stream': (enter) => (self, place) => {
    const { memory: m, state } = enter()
    m.begin()
    m.check(place as number, 8, 4)
    const stream = state.handles.get<IncomingBody>((self as number) >>> 0, 'incoming-body').stream()
    putHandle(m, place as number, stream && state.handles.add('input-stream', stream))
    return undefined
  },
  '[constructor]outgoing-response': (enter) => (fields) => {
    const { memory: m, state } = enter()
    m.begin()
    const response = new OutgoingResponse(state.handles.take<Fields>((fields as number) >>> 0, 'fields'))
    return state.handles.add('outgoing-response', response)
  },
  '[method]outgoing-response.set-status-code': (enter) => (self, given) => {
    const { memory: m, state } = enter()
    m.begin()
    const response = state.handles.get<OutgoingResponse>((self as number) >>> 0, 'outgoing-response')
    const status = (given as number) & 0xffff
    if (!finalStatus(status)) return 1
    response.status = status
    return 0
  },
  '[method]outgoing-response.body': (enter) => (self, place) => {
    const { memory: m, state } = enter()
    m.begin()
    m.check(place as number, 8, 4)
    const body = state.openBody(state.handles.get<OutgoingResponse>((self as number) >>> 0, 'outgoing-response'))
    putHandle(m, place as number, body && state.handles.add('outgoing-body', body))
    return undefined
  },
  '[method]outgoing-body.write': (enter) => (self, place) => {
    const { memory: m, state } = enter()
    m.begin()
    m.check(place as number, 8, 4)
    const sink = state.handles.get<OutgoingBody>((self as number) >>> 0, 'outgoing-body').write()
    putHandle(m, place as number, sink && state.handles.add('output-stream', sink))
    return undefined
  },
  '[static]outgoing-body.finish': (enter) => (self, some, trailers, place) => {
    const { memory: m, state } = enter()
    m.begin()
    m.check(place as number, 40, 8)
    if (some !== 0 && some !== 1) throw new GuestTrap(`the discriminant ${(some as number) >>> 0} is out of range`)
    state.handles.take<OutgoingBody>((self as number) >>> 0, 'outgoing-body').sink.closed = true
    if (some === 1) state.handles.take((trailers as number) >>> 0, 'fields')
    m.view.setUint8(m.check(place as number, 40, 8), 0)
    return undefined
  },
  // Eight of nine arguments are those of an error, which the glue lifts
  [SET]: (enter) => (param, tag, response, c, d, e, f, g, h) => {
    const { memory: m, state } = enter()
    if (tag !== 0) {
      set.run(state, setGlue.lift(m, [param, tag, response, c, d, e, f, g, h] as Core[]))
      return undefined
    }
    m.begin()
    state.handles.take((param as number) >>> 0, 'response-outparam')
    state.answer = { response: state.handles.take<OutgoingResponse>((response as number) >>> 0, 'outgoing-response') }
    return undefined
  },
}

const STREAMS: Forms = {
  '[method]input-stream.read': read,
  '[method]input-stream.blocking-read': read,
  '[method]output-stream.check-write': (enter) => (self, place) => {
    const { memory: m, state } = enter()
    m.begin()
    m.check(place as number, 16, 8)
    const { closed } = state.handles.get<Sink>((self as number) >>> 0, 'output-stream')
    const at = m.check(place as number, 16, 8)
    const v = m.view
    v.setUint8(at, closed ? 1 : 0)
    if (closed) v.setUint8(at + 8, 1)
    else {
      v.setUint32(at + 8, PERMIT, true)
      v.setUint32(at + 12, 0, true)
    }
    return undefined
  },
  '[method]output-stream.write': write(PERMIT),
  '[method]output-stream.blocking-write-and-flush': write(BLOCKING_BYTES),
}

function withForms(base: string, forms: Forms): Readonly<Record<string, HostFunction<HttpRun>>> {
  const functions: Record<string, HostFunction<HttpRun>> = { ...GENERIC[base] }
  for (const [name, core] of Object.entries(forms)) functions[name] = { ...(functions[name] as HostFunction<HttpRun>), core }
  return functions
}

/** What a function may import of WASI 0.2. */
export const WASI: HostInterfaces<HttpRun> = {
  ...GENERIC,
  'wasi:http/types': withForms('wasi:http/types', TYPES),
  'wasi:io/streams': withForms('wasi:io/streams', STREAMS),
}
