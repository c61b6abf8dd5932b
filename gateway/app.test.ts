import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { encode, formatAddress, LIMITS, receiptId, sha256, toBase64, UtnetError } from '../runtime/core/index.ts'
import { createApp } from './app.ts'
import { SIMULATED_UNKNOWN, simulatedComponent, simulatedNode, type SimulatedOptions } from './testing/simulated-node.ts'
import { parseReceipt } from './wire/index.ts'
import * as schemas from './v1/schemas.ts'

const ADDRESS = formatAddress(new Uint8Array(20).fill(7))
const WASM = { 'content-type': 'application/wasm' }
const JSON_BODY = { 'content-type': 'application/json' }

function open(options?: SimulatedOptions) {
  const node = simulatedNode(options)
  const app = createApp(node)
  const send = (path: string, init: RequestInit = {}): Promise<Response> => Promise.resolve(app.request(path, init))
  const post = (path: string, body: unknown, headers: Record<string, string> = JSON_BODY): Promise<Response> =>
    send(path, { method: 'POST', headers, body: body instanceof Uint8Array ? (body as BodyInit) : JSON.stringify(body) })
  const deploy = (name: string, world: 'contract' | 'function'): Promise<Response> =>
    post(`/v1/guests?name=${name}`, simulatedComponent(world), WASM)
  return { node, app, send, post, deploy }
}

async function problemOf(response: Response): Promise<Record<string, unknown>> {
  expect(response.headers.get('content-type')).toBe('application/problem+json')
  const document = (await response.json()) as Record<string, unknown>
  expect(document['status']).toBe(response.status)
  for (const member of ['type', 'title', 'detail', 'code', 'hint']) expect(document[member], member).toEqual(expect.any(String))
  return document
}

test('deploy answers 201 with name, module, world and exports', async () => {
  const { post, deploy, send } = open()
  const response = await deploy('counter', 'contract')
  expect(response.status).toBe(201)
  expect(response.headers.get('location')).toBe('/v1/guests/counter')
  const body = schemas.deployed.parse(await response.json())
  expect(body).toMatchObject({ name: 'counter', world: 'contract' })
  expect(
    schemas.guest
      .array()
      .parse(await (await send('/v1/guests')).json())
      .map((g) => g.name),
  ).toEqual(['counter'])
  expect(schemas.guestDetail.parse(await (await send('/v1/guests/counter')).json()).exports[0]).toMatchObject({
    name: 'add',
    type: 'func(n: u32) -> u64',
  })
  const bad = await problemOf(await post('/v1/guests?name=x', Uint8Array.of(1, 2, 3, 4), WASM))
  expect(bad).toMatchObject({ status: 400, code: 'guest_invalid', offset: 0, rule: 'magic' })
  expect(await problemOf(await post('/v1/guests?name=Bad', simulatedComponent('contract'), WASM))).toMatchObject({ code: 'name_invalid' })
  expect(await problemOf(await post('/v1/guests', simulatedComponent('contract'), WASM))).toMatchObject({ code: 'request_invalid' })
  expect(await problemOf(await send('/v1/guests/nobody'))).toMatchObject({ status: 404, code: 'guest_not_found' })
})

test('guests come in pages by name: a full one names the next in the field Link, and the client asks as it is asked', async () => {
  const { deploy, send } = open()
  for (const name of ['b', 'a', 'c']) await deploy(name, 'function')
  const page = async (path: string) => {
    const response = await send(path)
    const names = schemas.guest.array().parse(await response.json())
    return [names.map((g) => g.name).join(), response.headers.get('link')]
  }
  expect(await page('/v1/guests')).toEqual(['a,b,c', null])
  expect(await page('/v1/guests?limit=2')).toEqual(['a,b', '</v1/guests?after=b&limit=2>; rel="next"'])
  expect(await page('/v1/guests?after=b&limit=2')).toEqual(['c', null])
  expect(await page('/v1/guests?after=c&limit=1')).toEqual(['', null])
  for (const query of ['limit=0', `limit=${LIMITS.listedGuests + 1}`, 'limit=x'])
    expect(await problemOf(await send(`/v1/guests?${query}`))).toMatchObject({ status: 400, code: 'request_invalid' })
  expect(await problemOf(await send('/v1/guests?after=No%20Name'))).toMatchObject({ status: 400, code: 'name_invalid' })
})

test('a call answers result, gas, receipt and height, and the receipt field', async () => {
  const { post, deploy, send } = open()
  await deploy('counter', 'contract')
  const response = await post('/v1/guests/counter/calls', { export: 'add', args: [5], gasLimit: '1000000' })
  expect(response.status).toBe(200)
  const result = schemas.callResult.parse(await response.json())
  expect(result).toMatchObject({ result: '5', gas: '1234', height: 2 })
  expect(parseReceipt(response.headers.get('utnet-receipt') ?? '')).toMatchObject({ id: result.receipt, gas: '1234' })
  const query = await post('/v1/guests/counter/queries', { export: 'add', args: [1], proof: true })
  expect(schemas.queryResult.parse(await query.json())).toMatchObject({ result: '6', proof: { height: 2 } })
  expect((await post('/v1/guests/counter/queries', { export: 'add', args: [1], at: '1' })).status).toBe(200)
  for (const [body, code, status] of [
    [{ export: 'none', args: [] }, 'guest_export_not_found', 404],
    [{ export: 'add', args: ['x'] }, 'value_mismatch', 400],
    [{ export: 'add', args: [1], gasLimit: '-1' }, 'request_invalid', 400],
    [{ export: 'add', arguments: [1] }, 'request_invalid', 400],
    [{ args: [1] }, 'request_invalid', 400],
    [[], 'request_invalid', 400],
  ] as const) {
    expect(await problemOf(await post('/v1/guests/counter/calls', body)), JSON.stringify(body)).toMatchObject({ code, status })
  }
  expect(await problemOf(await post('/v1/guests/counter/queries', { export: 'add', args: [1], at: 99 }))).toMatchObject({
    code: 'chain_height',
  })
  expect(schemas.transaction.parse(await (await send(`/v1/transactions/${result.hash}`)).json())).toMatchObject({ state: 'final' })
})

test('a body that does not validate names the member', async () => {
  const { post } = open()
  const document = await problemOf(await post('/v1/guests/counter/calls', { export: 1 }))
  expect(document['errors']).toEqual([{ pointer: '#/export', detail: expect.any(String) as string }])
  expect(document['detail']).toContain('body export')
})

test('bodies of another type are refused with 415, malformed JSON with 400', async () => {
  const { post, send } = open()
  expect(await problemOf(await post('/v1/guests/c/calls', {}, { 'content-type': 'text/plain' }))).toMatchObject({
    status: 415,
    code: 'request_media_type',
  })
  expect(await problemOf(await post('/v1/guests?name=c', simulatedComponent('contract'), JSON_BODY))).toMatchObject({
    status: 415,
    types: ['application/wasm'],
  })
  expect(await problemOf(await send('/v1/guests?name=c', { method: 'POST', body: new Uint8Array(8) }))).toMatchObject({ status: 415 })
  expect(await problemOf(await send('/v1/guests/c/calls', { method: 'POST', headers: JSON_BODY, body: '{' }))).toMatchObject({
    code: 'request_invalid',
  })
  const deep = `{"export":"add","args":${'['.repeat(70)}${']'.repeat(70)}}`
  expect(await problemOf(await send('/v1/guests/c/calls', { method: 'POST', headers: JSON_BODY, body: deep }))).toMatchObject({
    limit: 'jsonDepth',
    allowed: LIMITS.jsonDepth,
  })
  const charset = { 'content-type': 'application/json; charset=utf-8' }
  expect(await problemOf(await post('/v1/guests/c/calls', { export: 'add' }, charset))).toMatchObject({ code: 'guest_not_found' })
})

test('a body in a content coding is refused with 415 that says so, identity is none', async () => {
  const { post, deploy } = open()
  await deploy('counter', 'contract')
  const call = { export: 'add', args: [5] }
  const coded = (coding: string, body: unknown = call): Promise<Response> =>
    post('/v1/guests/counter/calls', body, { ...JSON_BODY, 'content-encoding': coding })
  for (const coding of ['gzip', 'x-made-up', 'identity, br']) {
    const response = await coded(coding, new Uint8Array(gzipSync(JSON.stringify(call))))
    expect(response.headers.get('accept-encoding')).toBe('identity')
    const detail = `the body must come plain, not in Content-Encoding ${coding}`
    expect(await problemOf(response)).toMatchObject({ status: 415, code: 'request_media_type', detail })
  }
  expect((await coded('Identity')).status).toBe(200)
})

test('accounts and transactions', async () => {
  const { post, send } = open()
  expect(schemas.account.parse(await (await send(`/v1/accounts/${ADDRESS}`)).json())).toEqual({ address: ADDRESS, balance: '0', nonce: 0 })
  expect(await (await post(`/v1/accounts/${ADDRESS}/fund`, {})).json()).toMatchObject({ balance: '1000000000000000000' })
  expect(await (await send(`/v1/accounts/${ADDRESS}?proof=true`)).json()).toHaveProperty('proof')
  expect(await problemOf(await send(`/v1/accounts/${ADDRESS}?proof=yes`))).toMatchObject({ code: 'request_invalid' })
  expect(await problemOf(await send('/v1/accounts/nobody'))).toMatchObject({ code: 'core_bad_text' })
  const signed = encode([1, 2])
  const taken = await post('/v1/transactions', signed, { 'content-type': 'application/vnd.ipld.dag-cbor' })
  expect(taken.status).toBe(202)
  const { hash } = schemas.submitted.parse(await taken.json())
  expect((await send(`/v1/transactions/${hash}?wait=100`)).status).toBe(200)
  expect(await problemOf(await send(`/v1/transactions/${hash}?wait=x`))).toMatchObject({ code: 'request_invalid' })
  expect(await problemOf(await send(`/v1/transactions/${hash}?wait=60001`))).toMatchObject({ code: 'request_invalid' })
  expect(await problemOf(await send(`/v1/transactions/${SIMULATED_UNKNOWN}`))).toMatchObject({ status: 404, code: 'tx_not_found' })
  expect(await problemOf(await post('/v1/transactions', Uint8Array.of(1), {}))).toMatchObject({ code: 'tx_invalid' })
  const large = await problemOf(await post('/v1/transactions', new Uint8Array(LIMITS.txBytes + 1), {}))
  expect(large).toMatchObject({ status: 413, code: 'request_too_large', limit: 'txBytes', allowed: LIMITS.txBytes })
})

test('files', async () => {
  const { send } = open()
  const bytes = { method: 'POST', headers: { 'content-type': 'application/octet-stream' }, body: 'a,b\n' }
  const added = await send('/v1/files', bytes)
  expect(added.status).toBe(201)
  const view = schemas.file.parse(await added.json())
  expect(view).toEqual({ cid: expect.stringMatching(/^bafkrei/), size: 4 })
  expect(await (await send(added.headers.get('location') ?? '')).text()).toBe('a,b\n')
  // no bytes are a file, too: `__init__.py` mostly is one
  expect(await (await send('/v1/files', { method: 'POST' })).json()).toMatchObject({ size: 0 })
  expect((await send('/v1/files', { ...bytes, headers: { 'content-type': 'text/csv' } })).status).toBe(415)
  expect(await problemOf(await send('/v1/files'))).toMatchObject({ status: 405, code: 'method_not_allowed' })
  const announced = { ...bytes, headers: { ...bytes.headers, 'content-length': `${LIMITS.mountBytes + 1}` } }
  expect(await problemOf(await send('/v1/files', announced))).toMatchObject({
    status: 413,
    code: 'request_too_large',
    limit: 'mountBytes',
    allowed: LIMITS.mountBytes,
  })
})

test('models', async () => {
  const { send } = open()
  const put = await send('/v1/models/double', { method: 'PUT', body: 'ONNX' })
  expect(put.status).toBe(415)
  const bytes = { method: 'PUT', headers: { 'content-type': 'application/octet-stream' }, body: 'ONNX' }
  const model = await send('/v1/models/double', bytes)
  expect(model.status).toBe(201)
  expect(schemas.model.parse(await model.json())).toMatchObject({ name: 'double' })
  expect(await (await send('/v1/models')).json()).toHaveLength(1)
  expect((await send('/v1/models/double')).status).toBe(200)
  expect(await problemOf(await send('/v1/models/none'))).toMatchObject({ status: 404, code: 'model_not_found' })
  expect(await problemOf(await send('/v1/models/bad', { ...bytes, body: 'x' }))).toMatchObject({ code: 'model_invalid' })
})

test('a receipt comes as JSON or as the bytes that its id is the CID of, by Accept', async () => {
  const { deploy, send, post } = open()
  await deploy('edge', 'function')
  const { id } = parseReceipt((await send('/fn/edge/')).headers.get('utnet-receipt') ?? '')
  const json = await send(`/v1/receipts/${id}`)
  expect(json.headers.get('vary')).toBe('Accept')
  expect(schemas.receipt.parse(await json.json())).toMatchObject({ id, anchor: null })
  const cbor = await send(`/v1/receipts/${id}`, { headers: { accept: 'application/vnd.ipld.dag-cbor' } })
  expect(cbor.headers.get('content-type')).toBe('application/vnd.ipld.dag-cbor')
  expect(receiptId(await cbor.bytes()).toString()).toBe(id)
  expect(
    (await send(`/v1/receipts/${id}`, { headers: { accept: 'application/vnd.ipld.dag-cbor;q=0.5, */*' } })).headers.get('content-type'),
  ).toBe('application/json')
  const refused = await problemOf(await send(`/v1/receipts/${id}`, { headers: { accept: 'text/html' } }))
  expect(refused).toMatchObject({ status: 406, code: 'not_acceptable' })
  expect(await problemOf(await send(`/v1/receipts/${id}`, { headers: { accept: 'application/json;q=0' } }))).toMatchObject({ status: 406 })
  expect(await problemOf(await send('/v1/receipts/nonsense'))).toMatchObject({ code: 'core_bad_text' })
  expect(await problemOf(await send(`/v1/receipts/${SIMULATED_UNKNOWN}`))).toMatchObject({ status: 404 })
  expect(await problemOf(await send(`/v1/receipts/${id}/bundle`))).toMatchObject({ status: 409, code: 'receipt_not_anchored' })
  await post(`/v1/accounts/${ADDRESS}/fund`, {})
  const bundle = await send(`/v1/receipts/${id}/bundle?models=true`)
  expect(bundle.headers.get('content-type')).toBe('application/vnd.ipld.car')
  expect(bundle.headers.get('content-disposition')).toBe(`attachment; filename="${id}.car"`)
  expect(await bundle.bytes()).toEqual(encode({ simulated: id, models: true }))
  expect(await problemOf(await send(`/v1/receipts/${id}/bundle`, { headers: { accept: 'application/json' } }))).toMatchObject({
    status: 406,
  })
  // as generated clients ask, who know of problems and of nothing else that they can read
  const generated = await send(`/v1/receipts/${id}/bundle`, { headers: { accept: 'application/problem+json' } })
  expect([generated.status, generated.headers.get('content-type')]).toEqual([200, 'application/vnd.ipld.car'])
})

test('the chain, the node, its genesis and a block', async () => {
  const { send } = open()
  expect(schemas.nodeInfo.parse(await (await send('/v1/node')).json())).toMatchObject({ dev: true })
  expect(schemas.chain.parse(await (await send('/v1/chain')).json())).toMatchObject({ height: 0 })
  expect(schemas.block.parse(await (await send('/v1/chain/blocks/0')).json())).toMatchObject({ height: 0 })
  expect(schemas.power.parse(await (await send('/v1/chain/power')).json())).toMatchObject({ epoch: 0, total: 1 })
  expect(schemas.power.parse(await (await send('/v1/chain/power?epoch=0')).json())).toMatchObject({ epoch: 0, total: 1 })
  expect(await problemOf(await send('/v1/chain/power?epoch=9'))).toMatchObject({ status: 404, code: 'chain_height' })
  expect(await problemOf(await send('/v1/chain/power?epoch=x'))).toMatchObject({ code: 'request_invalid' })
  expect(await problemOf(await send('/v1/chain/blocks/5'))).toMatchObject({ status: 404, code: 'chain_height' })
  for (const height of ['-1', '1.5', 'x', '01', '99999999999999999999']) {
    expect(await problemOf(await send(`/v1/chain/blocks/${height}`)), height).toMatchObject({ code: 'request_invalid' })
  }
  const genesis = await send('/v1/chain/genesis')
  expect(genesis.headers.get('content-type')).toBe('application/vnd.ipld.dag-cbor')
  expect(await genesis.bytes()).toEqual(encode({ simulated: 1 }))
})

test('health, readiness and metrics', async () => {
  const { send, node } = open()
  expect((await send('/healthz')).status).toBe(200)
  expect((await send('/readyz')).status).toBe(200)
  const metrics = await send('/metrics')
  expect(metrics.headers.get('content-type')).toBe('application/openmetrics-text; version=1.0.0; charset=utf-8')
  expect(await metrics.text()).toMatch(/# EOF\n$/)
  node.isReady = false
  expect(await problemOf(await send('/readyz'))).toMatchObject({ status: 503, code: 'node_not_ready' })
  expect((await send('/healthz')).status).toBe(200)
})

test('404 and 405 are problems; 405 names the methods', async () => {
  const { send } = open()
  for (const path of ['/nothing', '/v1/nothing', '/v1', '/fn/', '/v2/models', '/ipfs/']) {
    expect(await problemOf(await send(path)), path).toMatchObject({ status: 404, code: 'route_not_found' })
  }
  for (const [path, method, allow] of [
    ['/v1/guests', 'DELETE', 'GET, HEAD, POST'],
    ['/v1/chain', 'POST', 'GET, HEAD'],
    ['/v1/guests/x/calls', 'GET', 'POST'],
    ['/v2/models/m/infer', 'GET', 'POST'],
    ['/ipfs/bafy', 'PUT', 'GET, HEAD'],
    ['/openapi.json', 'POST', 'GET, HEAD'],
    ['/', 'POST', 'GET, HEAD'],
  ] as const) {
    const response = await send(path, { method })
    expect(response.headers.get('allow'), path).toBe(allow)
    expect(await problemOf(response), path).toMatchObject({ status: 405, code: 'method_not_allowed' })
  }
})

test('an unexpected error is told to the operator and not to the caller', async () => {
  const node = simulatedNode()
  const told: unknown[] = []
  const app = createApp(node, { onError: (error) => told.push(error) })
  node.broken = new TypeError('secret of /home/node')
  for (const path of ['/v1/chain', '/']) {
    const response = await app.request(path)
    const text = await response.clone().text()
    expect(await problemOf(response)).toMatchObject({ status: 500, code: 'node_internal' })
    expect(text).not.toMatch(/secret|stack|app\.ts/)
  }
  expect(told).toEqual([node.broken, node.broken])
  node.broken = new UtnetError('chain_height', 'no')
  await app.request('/v1/chain')
  expect(told).toHaveLength(2)
})

test('Content-Digest and X-Request-Id come where they are asked for, and only there', async () => {
  const { send } = open()
  const plain = await send('/v1/chain')
  expect([plain.headers.get('content-digest'), plain.headers.get('x-request-id')]).toEqual([null, null])
  const asked = await send('/v1/chain', { headers: { 'want-content-digest': 'sha-512=3, sha-256=10', 'x-request-id': 'abc-1' } })
  expect(asked.headers.get('content-digest')).toBe(`sha-256=:${toBase64(sha256(await asked.clone().bytes()))}:`)
  expect(asked.headers.get('x-request-id')).toBe('abc-1')
  const not = await send('/v1/chain', { headers: { 'want-content-digest': 'sha-256=0', 'x-request-id': 'a b' } })
  expect([not.headers.get('content-digest'), not.headers.get('x-request-id')]).toEqual([null, null])
  expect((await send('/v1/nothing', { headers: { 'x-request-id': 'abc-2' } })).headers.get('x-request-id')).toBe('abc-2')
})

test('HEAD answers like GET without the body', async () => {
  const { send, deploy } = open()
  for (const path of ['/v1/chain', '/healthz', '/']) {
    const response = await send(path, { method: 'HEAD' })
    expect([response.status, await response.text()]).toEqual([200, ''])
  }
  await deploy('edge', 'function')
  expect((await send('/fn/edge/', { method: 'HEAD' })).headers.get('utnet-receipt')).toBeTruthy()
})

test('live events: each has a type and JSON; the stream ends with its reader', async () => {
  const { node, send, post } = open()
  const response = await send('/v1/events')
  expect(response.headers.get('content-type')).toBe('text/event-stream')
  expect(response.headers.get('x-accel-buffering')).toBe('no')
  const reader = (response.body as ReadableStream<Uint8Array>)
    .pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>)
    .getReader()
  expect((await reader.read()).value).toBe(': utnet\n\n')
  await post(`/v1/accounts/${ADDRESS}/fund`, {})
  const { value } = await reader.read()
  expect(value).toMatch(/^event: block\nid: 1\.0\ndata: \{"type":"block","id":"1\.0","height":1,.*\}\n\n$/)
  expect(node.listeners).toBe(1)
  await reader.cancel()
  await expect.poll(() => node.listeners).toBe(0)
  expect(await problemOf(await send('/v1/events', { headers: { accept: 'application/json' } }))).toMatchObject({ status: 406 })
})

test('a search, and a stream of what is searched for, reach the node with every filter and mark as they were sent', async () => {
  const { node, send } = open()
  const asked: unknown[] = []
  node.chainEvents = (query) => {
    asked.push(query)
    return Promise.reject(new UtnetError('request_invalid', 'no such mark'))
  }
  const filters = 'filter=contract%3Da&filter=event%3Db'
  const refused = [
    await send(`/v1/chain/events?${filters}&from=1&to=2&after=m&limit=3&proof=true`),
    await send('/v1/chain/events'),
    await send(`/v1/events?${filters}&after=m`),
    await send('/v1/events?after=m', { headers: { 'last-event-id': 'n' } }),
  ]
  for (const response of refused) expect(await problemOf(response)).toMatchObject({ status: 400, code: 'request_invalid' })
  const filter = ['contract=a', 'event=b']
  expect(asked).toEqual([
    { filter, from: 1, to: 2, after: 'm', limit: 3, proof: true },
    { filter: [], proof: false },
    { filter, after: 'm', to: 0, limit: 1 },
    { after: 'n', to: 0, limit: 1 },
  ])
})

test('the console escapes what it shows, loads nothing from elsewhere and stays under 20 KB', async () => {
  const { node, send, deploy } = open()
  await deploy('edge', 'function')
  const models = node.models.bind(node)
  node.models = async () => [
    ...(await models()),
    { name: 'm', model: '<script>alert(1)</script>', platform: 'onnx', inputs: [], outputs: [], devices: ['"&'] },
  ]
  const page = await send('/')
  const html = await page.text()
  expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8')
  expect(page.headers.get('content-security-policy')).toContain("default-src 'self'")
  expect(html).toContain('edge')
  expect(html).toContain('&lt;script&gt;alert(1)')
  expect(html).not.toMatch(/<script>|style=|\son[a-z]+=|https?:/)
  const script = await (await send('/console.js')).text()
  const style = await (await send('/console.css')).text()
  expect(() => new Function(script)).not.toThrow()
  expect(script).not.toContain('innerHTML')
  expect(html.length + script.length + style.length).toBeLessThan(20_000)
})

test('outside dev nothing is changed for a caller who signed nothing', async () => {
  const { post, send } = open({ dev: false })
  const model = { method: 'PUT', headers: { 'content-type': 'application/octet-stream' }, body: 'ONNX' }
  for (const response of [
    await post('/v1/guests?name=c', simulatedComponent('contract'), WASM),
    await post('/v1/guests/c/calls', { export: 'add', args: [1] }),
    await post(`/v1/accounts/${ADDRESS}/fund`, {}),
    await send('/v1/models/m', model),
    await send('/v1/files', { ...model, method: 'POST' }),
  ]) {
    expect(await problemOf(response)).toMatchObject({ status: 403, code: 'auth_required' })
  }
  const signed = await post('/v1/guests?name=c', simulatedComponent('contract'), {
    ...WASM,
    'utnet-transaction': `:${toBase64(encode([1]))}:`,
  })
  expect(signed.status).toBe(201)
  expect(
    await problemOf(await post('/v1/guests?name=c', simulatedComponent('contract'), { ...WASM, 'utnet-transaction': 'AAAA' })),
  ).toMatchObject({ code: 'request_invalid' })
  expect((await post('/v1/transactions', encode([1, 2]), {})).status).toBe(202)
  expect((await post('/v1/guests/c/queries', { export: 'add', args: [1] })).status).toBe(200)
})
