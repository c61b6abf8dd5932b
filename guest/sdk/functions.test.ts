import fc from 'fast-check'
import { beforeAll, expect, test } from 'vitest'
import { fromUtf8, utf8, type CID } from '../../runtime/core/index.ts'
import { buildText } from '../../runtime/host/build/testing/guests.ts'
import type { Host, InvokeOutcome } from '../../runtime/host/index.ts'
import { CONTEXT, testHost } from '../../runtime/host/testing/host.ts'

const SERVICE = `
import { Headers, Query, Request, Response, Url, percentDecode, percentEncode } from '@utnet/sdk/http'
import { JsonValue, JsonWriter } from '@utnet/sdk/json'
import { fromBase64, fromBase64Url, toBase64, toBase64Url } from '@utnet/sdk/base64'
import { fromHex, toHex } from '@utnet/sdk/bytes'

function pairs(query: Query): Response {
  const out = new JsonWriter().beginArray()
  for (let i = 0; i < query.length; i++) out.beginArray().string(query.names[i]).string(query.values[i]).endArray()
  return new Response().json(out.endArray().toString())
}
function maybe(bytes: Uint8Array | null): Response { return bytes === null ? new Response(422) : new Response().bytes(bytes) }

export function handle(request: Request): Response {
  const url = request.url
  const segments = url.segments
  const verb = segments.length == 0 ? '' : segments[0]
  if (verb == 'query') return pairs(url.query)
  if (verb == 'form') return pairs(new Query(request.text()))
  if (verb == 'segments') { const out = new JsonWriter().beginArray(); for (let i = 1; i < segments.length; i++) out.string(segments[i]); return new Response().json(out.endArray().toString()) }
  if (verb == 'one') { const v = url.query.get('a'); return new Response().json(new JsonWriter().beginObject().field<string | null>('a', v).field('all', url.query.getAll('a').length).field('b', url.query.has('b')).field('c', url.query.getOr('c', '-')).endObject().toString()) }
  if (verb == 'echo') return new Response().text(request.text())
  if (verb == 'encode') return new Response().text(percentEncode(request.text()))
  if (verb == 'decode') return new Response().text(percentDecode(request.text()))
  if (verb == 'to64') return new Response().text(toBase64(request.body()))
  if (verb == 'to64url') return new Response().text(toBase64Url(request.body()))
  if (verb == 'from64') return maybe(fromBase64(request.text()))
  if (verb == 'from64url') return maybe(fromBase64Url(request.text()))
  if (verb == 'hex') { const back = fromHex(request.text()); return back === null ? new Response(422) : new Response().text(toHex(back)) }
  if (verb == 'headers') {
    const h = request.headers
    const seen = h.get('X-ONE'); const all = h.getAll('x-many').join('+')
    const own = new Headers().append('A', '1').append('a', '2').append('b', '3').set('A', '4').remove('B')
    return new Response().html('<p>').header('x-seen', seen === null ? '-' : seen).header('x-all', all).header('x-own', own.length.toString() + own.all[0].value)
  }
  if (verb == 'moved') return Response.redirect('/there', 308)
  if (verb == 'gone') return Response.empty()
  if (verb == 'problem') return Response.problem(422, 'it says "no"')
  if (verb == 'json') {
    const v = JsonValue.parse(request.text())
    if (v === null) return Response.problem(400, 'no JSON')
    return new Response().json(new JsonWriter().beginObject().field('name', v.textAt('user.tags.1.name', 'none')).field('n', v.integerAt('user.n', -1)).field('f', 0.5).field<u64>('big', u64.MAX_VALUE).field('yes', true).endObject().toString())
  }
  return new Response(404)
}`

let host: Host
let module: CID
beforeAll(async () => {
  host = testHost()
  module = (await host.admit((await buildText('function', { 'index.ts': SERVICE })).component)).module
})

async function ask(
  path: string,
  body: string | Uint8Array = '',
  headers: readonly (readonly [string, string])[] = [],
): Promise<InvokeOutcome['response']> {
  const request = {
    method: 'POST',
    path,
    headers: headers.map(([k, v]) => [k, utf8(v)] as const),
    body: typeof body === 'string' ? utf8(body) : body,
  }
  const outcome = await host.invoke({ module, request, context: CONTEXT, gasLimit: 1_000_000_000n })
  expect(outcome.status, outcome.message ?? '').toBe('ok')
  return outcome.response
}
const text = async (path: string, body?: string | Uint8Array): Promise<string> => fromUtf8((await ask(path, body)).body)
const json = async (path: string, body?: string): Promise<unknown> => JSON.parse(await text(path, body)) as unknown
const header = (r: InvokeOutcome['response'], name: string): string | undefined => {
  const found = r.headers.find(([k]) => k === name)
  return found && fromUtf8(found[1])
}

test('queries and forms are read as URLSearchParams reads them', async () => {
  const piece = fc.string({
    unit: fc.constantFrom('a', '%', '2', '0', '+', '=', '&', 'é', '%C3', '%A9', '%20', ' ', '%zz', '?', '😀'),
    maxLength: 12,
  })
  await fc.assert(
    fc.asyncProperty(piece, async (query) => {
      // through a URL: alone, Node's URLSearchParams misreads text that is no ASCII beside a bare %
      const url = new URL(`http://x/?${query.replaceAll(' ', '%20')}`)
      expect(await json('/form', query)).toEqual([...url.searchParams])
    }),
    { numRuns: 300 },
  )
  expect(await json('/query?a=1&b=%26&a=2#c')).toEqual([['a', '1'], ['b', '&'], ['a', '2']]) // oxfmt-ignore
  expect(await json('/query')).toEqual([])
  expect(await json('/one?a=x&a=y')).toEqual({ a: 'x', all: 2, b: false, c: '-' })
  expect(await json('/one?b&c=')).toEqual({ a: null, all: 0, b: true, c: '' })
  expect(await json('/segments//a%2Fb/%2e%2e/c?d')).toEqual(['a/b', '..', 'c'])
})

test('percent-escapes are those of encodeURIComponent, and read back', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.string({ unit: 'binary' }).filter((s) => s.isWellFormed()),
      async (s) => {
        const escaped = await text('/encode', s)
        expect(escaped).toBe(encodeURIComponent(s).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`))
        expect(await text('/decode', escaped)).toBe(s)
      },
    ),
    { numRuns: 100 },
  )
  expect(await text('/decode', '100%')).toBe('100%')
})

test('bytes that are no UTF-8 are read as TextDecoder reads them', async () => {
  const part = fc.oneof(
    fc.uint8Array({ maxLength: 4 }),
    fc.constantFrom(
      [0xe0, 0x80],
      [0xed, 0xa0, 0x80],
      [0xf0, 0x9f, 0x98],
      [0xf4, 0x90],
      [0xc0, 0xaf],
      [0xef, 0xbb, 0xbf],
      [0xe2, 0x82, 0xac],
      [0xf0, 0x9f, 0x98, 0x80],
    ),
  )
  await fc.assert(
    fc.asyncProperty(fc.array(part, { maxLength: 8 }), async (parts) => {
      const bytes = Uint8Array.from(parts.flatMap((p) => [...p]))
      expect(await text('/echo', bytes)).toBe(new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes))
    }),
    { numRuns: 400 },
  )
})

test('base64 and base64url are written as Node writes them, and read only where Node would write the same', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uint8Array({ maxLength: 40 }),
      fc.string({ unit: fc.constantFrom('A', 'b', '/', '+', '-', '_', '=', 'Q', ' '), maxLength: 10 }),
      async (bytes, wild) => {
        for (const [kind, encoding] of [
          ['64', 'base64'],
          ['64url', 'base64url'],
        ] as const) {
          // oxfmt-ignore
          const expected = Buffer.from(bytes).toString(encoding)
          expect(await text(`/to${kind}`, bytes)).toBe(expected)
          expect((await ask(`/from${kind}`, expected)).body).toEqual(bytes)
          const read = Buffer.from(wild, encoding)
          const answer = await ask(`/from${kind}`, wild)
          expect(answer.status === 200 ? Buffer.from(answer.body).toString(encoding) : 'refused', wild).toBe(
            read.toString(encoding) === wild ? wild : 'refused',
          )
        }
        const hex = Buffer.from(bytes).toString('hex')
        expect(await text('/hex', hex.toUpperCase())).toBe(hex)
      },
    ),
    { numRuns: 150 },
  )
  for (const bad of ['a', 'zz', '0g', ' 0']) expect((await ask('/hex', bad)).status).toBe(422)
})

test('headers are found without regard to case; answers have their types', async () => {
  const answer = await ask('/headers', '', [['x-one', '1'], ['x-many', 'a'], ['x-many', 'b']]) // oxfmt-ignore
  expect([header(answer, 'x-seen'), header(answer, 'x-all'), header(answer, 'x-own')]).toEqual(['1', 'a+b', '14'])
  expect(header(answer, 'content-type')).toBe('text/html; charset=utf-8')
  const moved = await ask('/moved')
  expect([moved.status, header(moved, 'location')]).toEqual([308, '/there'])
  expect(await ask('/gone')).toMatchObject({ status: 204, body: new Uint8Array(0) })
  const problem = await ask('/problem')
  expect([problem.status, header(problem, 'content-type')]).toEqual([422, 'application/problem+json'])
  expect(JSON.parse(fromUtf8(problem.body))).toEqual({ title: 'it says "no"', status: 422 })
})

test('JSON is read by path, whatever stands there', async () => {
  expect(await text('/json', '{"user":{"n":7,"tags":[0,{"name":"é"}]}}')).toBe(
    '{"name":"é","n":7,"f":0.5,"big":18446744073709551615,"yes":true}',
  )
  for (const other of ['{}', '[]', '1', '{"user":5}', '{"user":{"tags":{"1":{"name":1}},"n":"7"}}'])
    expect(await json('/json', other)).toMatchObject({ name: 'none', n: -1 })
  expect((await ask('/json', '{')).status).toBe(400)
})
