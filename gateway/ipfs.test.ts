import { expect, test } from 'vitest'
import { createApp } from './app.ts'
import { byteRange } from './routes/byte-range.ts'
import { simulatedComponent, simulatedNode } from './testing/simulated-node.ts'

async function open() {
  const node = simulatedNode()
  const app = createApp(node)
  const bytes = simulatedComponent('function')
  const { module: cid } = await node.deploy({ name: 'edge', component: bytes })
  const get = async (rest = '', headers: Record<string, string> = {}): Promise<Response> => app.request(`/ipfs/${cid}${rest}`, { headers })
  return { app, bytes, cid, get }
}

test('a block, a CAR or a file, by Accept or by format, format first', async () => {
  const { bytes, cid, get } = await open()
  for (const [rest, accept, type, etag] of [
    ['', '*/*', 'application/octet-stream', `"${cid}"`],
    ['', 'text/html,application/xhtml+xml,*/*;q=0.8', 'application/octet-stream', `"${cid}"`],
    ['', 'application/vnd.ipld.raw', 'application/vnd.ipld.raw', `"${cid}.raw"`],
    ['', 'application/vnd.ipld.car; version=1; order=dfs; dups=y', 'application/vnd.ipld.car; version=1', `W/"${cid}.car"`],
    ['', 'application/vnd.ipld.car, application/vnd.ipld.raw;q=0.5', 'application/vnd.ipld.car; version=1', `W/"${cid}.car"`],
    ['?format=raw', 'application/vnd.ipld.car', 'application/vnd.ipld.raw', `"${cid}.raw"`],
    ['?format=car', '*/*', 'application/vnd.ipld.car; version=1', `W/"${cid}.car"`],
  ] as const) {
    const response = await get(rest, { accept })
    expect([response.status, response.headers.get('content-type'), response.headers.get('etag')], `${rest} ${accept}`).toEqual([
      200,
      type,
      etag,
    ])
    expect(await response.bytes()).toEqual(bytes)
    expect(response.headers.get('content-security-policy')).toBe('sandbox')
    expect(response.headers.get('x-content-type-options')).toBe('nosniff')
    expect(response.headers.get('cache-control')).toContain('immutable')
    expect(response.headers.get('content-disposition')?.startsWith('attachment') ?? false).toBe(type !== 'application/octet-stream')
  }
})

test('what is not served is refused with its code', async () => {
  const { app, get } = await open()
  for (const [response, status, code] of [
    [await get('?format=tar'), 406, 'not_acceptable'],
    [await get('?format=toString'), 406, 'not_acceptable'],
    [await get('', { accept: 'application/vnd.ipld.car; version=2' }), 406, 'not_acceptable'],
    [await get('?format=car&dag-scope=some'), 400, 'request_invalid'],
    [await get('?format=car&entity-bytes=1'), 400, 'request_invalid'],
    [await get('?format=car&entity-bytes=*:1'), 400, 'request_invalid'],
    [await get('?format=car&entity-bytes=0:1e3'), 400, 'request_invalid'],
    [await get('?format=car&car-version=2'), 406, 'not_acceptable'],
    [await get('/no/such/path'), 404, 'block_not_found'],
    [await get('/%ff'), 400, 'request_invalid'],
    [await get('?format=raw', { range: 'bytes=9999-' }), 416, 'request_range'],
    [await app.request('/ipfs/nothing'), 404, 'block_not_found'],
  ] as const) {
    expect([response.status, ((await response.json()) as { code: string }).code]).toEqual([status, code])
  }
})

test('what no byte of is asked for tells its size (RFC 9110, 14.4)', async () => {
  const { bytes, get } = await open()
  const past = await get('', { range: `bytes=${bytes.length}-` })
  expect([past.status, past.headers.get('content-range')]).toEqual([416, `bytes */${bytes.length}`])
  const last = await get('', { range: `bytes=${bytes.length - 1}-` })
  expect([last.status, last.headers.get('content-range')]).toEqual([206, `bytes ${bytes.length - 1}-${bytes.length - 1}/${bytes.length}`])
})

test('a CID in capitals is the same content under its one name; half in capitals is none', async () => {
  const { app, bytes, cid } = await open()
  const capital = await app.request(`/ipfs/${cid.toUpperCase()}`)
  expect([capital.status, capital.headers.get('etag')]).toEqual([200, `"${cid}"`])
  expect(await capital.bytes()).toEqual(bytes)
  for (const odd of [`B${cid.slice(1)}`, `b${cid.slice(1).toUpperCase()}`])
    expect((await app.request(`/ipfs/${odd}`)).status, odd).toBe(404)
})

test('a client that has it is told so; a part is a part', async () => {
  const { bytes, cid, get } = await open()
  const same = await get('', { 'if-none-match': `"other", W/"${cid}"` })
  expect([same.status, same.body]).toEqual([304, null])
  expect(same.headers.get('content-security-policy')).toBe('sandbox')
  const part = await get('', { range: 'bytes=1-3' })
  expect([part.status, part.headers.get('content-range')]).toEqual([206, `bytes 1-3/${bytes.length}`])
  expect(await part.bytes()).toEqual(bytes.slice(1, 4))
  // A part of other content would be joined to what the client has (RFC 9110, 13.1.5).
  for (const [condition, status] of [
    [`"${cid}"`, 206],
    ['"other"', 200],
    [`W/"${cid}"`, 200],
    ['Wed, 21 Oct 2015 07:28:00 GMT', 200],
  ] as const)
    expect((await get('', { range: 'bytes=1-3', 'if-range': condition })).status, condition).toBe(status)
})

test('a client that wants one content is refused another (RFC 9110, 13.1.1)', async () => {
  const { cid, get } = await open()
  for (const [rest, condition, status] of [
    ['', `"${cid}"`, 200],
    ['', '*', 200],
    ['', `"other", "${cid}"`, 200],
    ['', '"other"', 412],
    ['', `W/"${cid}"`, 412],
    ['?format=raw', `"${cid}"`, 412],
    ['?format=car', `W/"${cid}.car"`, 412],
    ['?format=car', '*', 200],
  ] as const)
    expect((await get(rest, { 'if-match': condition })).status, `${rest} ${condition}`).toBe(status)
  const both = await get('', { 'if-match': '"other"', 'if-none-match': `"${cid}"`, range: 'bytes=1-3' })
  expect([both.status, ((await both.json()) as { code: string }).code]).toEqual([412, 'request_precondition'])
})

test('a part of a DAG has a tag of its own', async () => {
  const { cid, get } = await open()
  for (const [query, tag] of [
    ['dag-scope=all', '.car'],
    ['dag-scope=block', '.car.block'],
    ['dag-scope=entity', '.car.entity'],
    ['entity-bytes=0:*', '.car.entity.0:*'],
    ['dag-scope=block&entity-bytes=-5:-1', '.car.entity.-5:-1'],
  ]) {
    const response = await get(`?format=car&${query}`)
    expect([response.status, response.headers.get('etag')], query).toEqual([200, `W/"${cid}${tag}"`])
  }
  // They are of CARs only.
  expect((await get('?dag-scope=some')).headers.get('etag')).toBe(`"${cid}"`)
})

test.each([
  [null, undefined],
  ['bytes=0-0', { start: 0, end: 1 }],
  ['bytes=5-', { start: 5, end: 10 }],
  ['bytes=5-99', { start: 5, end: 10 }],
  ['bytes=-3', { start: 7, end: 10 }],
  ['bytes=-99', { start: 0, end: 10 }],
  ['bytes=10-', null],
  ['bytes=-0', null],
  ['bytes=3-1', undefined],
  ['bytes=-', undefined],
  ['bytes=0-1,3-4', undefined],
  ['items=0-1', undefined],
])('the range %s of ten bytes', (field, range) => {
  expect(byteRange(field, 10)).toEqual(range)
})
