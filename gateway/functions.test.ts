import { expect, test } from 'vitest'
import { sha256, toBase64 } from '../runtime/core/index.ts'
import { createApp } from './app.ts'
import { requestHead } from './routes/request-head.ts'
import { functionTarget } from './routes/functions.ts'
import { simulatedComponent, simulatedNode } from './testing/simulated-node.ts'
import { parseReceipt } from './wire/index.ts'

async function open() {
  const node = simulatedNode()
  const app = createApp(node)
  await node.deploy({ name: 'edge', component: simulatedComponent('function') })
  return { node, send: (path: string, init: RequestInit = {}): Promise<Response> => Promise.resolve(app.request(path, init)) }
}

test('the guest decides status, headers and body; the answer carries its receipt', async () => {
  const { node, send } = await open()
  const response = await send('/fn/edge/a%2Fb/c?x=%20y', {
    method: 'POST',
    headers: { status: '418', 'answer-x-made-by': 'guest' },
    body: 'hello',
  })
  expect(response.status).toBe(418)
  expect(await response.text()).toBe('POST /a%2Fb/c?x=%20y 5')
  expect(response.headers.get('x-made-by')).toBe('guest')
  expect(response.headers.get('content-length')).toBe('22')
  const ticket = parseReceipt(response.headers.get('utnet-receipt') ?? '')
  expect(ticket).toMatchObject({ gas: '1234' })
  expect(ticket.attestation.length).toBeGreaterThan(0)
  expect(node.invoked[0]).toMatchObject({ name: 'edge', path: '/a%2Fb/c?x=%20y', bytes: 5, later: false })
})

test.each([
  ['http://h/fn/edge', 'edge', '/'],
  ['http://h/fn/edge/', 'edge', '/'],
  ['http://h/fn/edge?a=/b', 'edge', '/?a=/b'],
  ['http://h:1/fn/edge/a//b?c?d#e', 'edge', '/a//b?c?d'],
  // escapes of unreserved characters are those characters, but what the guest sees stays as it came
  ['http://h/fn/p%2Dna%6de/%2Da?%2D', 'p-name', '/%2Da?%2D'],
  ['http://h/%66n/edge/a', 'edge', '/a'],
])('%s is function %s at %s', (url, name, path) => {
  expect(functionTarget(url)).toEqual({ name, path })
})

test('unknown and malformed names are problems, not answers', async () => {
  const { send } = await open()
  for (const [path, status, code] of [
    ['/fn/nobody/', 404, 'guest_not_found'],
    ['/fn/Edge/', 400, 'name_invalid'],
    ['/fn/%45dge/', 400, 'name_invalid'],
    ['/fn/edge%2f', 400, 'name_invalid'],
    ['/fn?edge/', 404, 'route_not_found'],
    ['/fn/', 404, 'route_not_found'],
  ] as const) {
    const response = await send(path)
    expect(response.status, path).toBe(status)
    expect(response.headers.get('utnet-receipt')).toBeNull()
    expect(await response.json()).toMatchObject({ code })
  }
})

test('a guest cannot speak for the node or act on the whole origin', async () => {
  const { send } = await open()
  const forged = {
    'answer-content-security-policy': 'default-src *',
    'answer-x-content-type-options': 'none',
    'answer-utnet-receipt': 'forged',
    'answer-content-digest': 'sha-256=:AAAA:',
    'answer-content-length': '3',
    'answer-transfer-encoding': 'chunked',
    'answer-connection': 'x-hop, close',
    'answer-x-hop': '1',
    'answer-keep-alive': 'timeout=1',
    'answer-strict-transport-security': 'max-age=1',
    'answer-clear-site-data': '"*"',
    'answer-service-worker-allowed': '/',
    'answer-alt-svc': 'h3=":1"',
  }
  const response = await send('/fn/edge/', { headers: forged })
  expect(response.headers.get('content-security-policy')).toBe('sandbox')
  expect(response.headers.get('x-content-type-options')).toBe('nosniff')
  expect(response.headers.get('utnet-receipt')).not.toContain('forged')
  expect(response.headers.get('content-length')).toBe(String((await response.text()).length))
  for (const gone of [
    'content-digest',
    'transfer-encoding',
    'connection',
    'x-hop',
    'keep-alive',
    'strict-transport-security',
    'clear-site-data',
    'service-worker-allowed',
    'alt-svc',
  ]) {
    expect(response.headers.get(gone), gone).toBeNull()
  }
})

test('an answer that HTTP has no place for is the guest’s fault', async () => {
  const { node, send } = await open()
  const original = node.invoke.bind(node)
  for (const change of [
    { status: 99 },
    { status: 101 },
    { status: 600 },
    { status: 200.5 },
    { headers: [['a b', 'x']] },
    { headers: [['x', 'a\r\nb: c']] },
    { headers: [['x', '\u0100']] },
  ] as const) {
    node.invoke = async (name, request) => ({ ...(await original(name, request)), ...change })
    const response = await send('/fn/edge/')
    expect(response.status, JSON.stringify(change)).toBe(500)
    expect(await response.json()).toMatchObject({ code: 'guest_bad_answer' })
  }
})

test('repeated headers stay apart, bodyless statuses have no body and no length', async () => {
  const { node, send } = await open()
  const original = node.invoke.bind(node)
  node.invoke = async (name, request) => ({
    ...(await original(name, request)),
    headers: [
      ['set-cookie', 'a=1'],
      ['Set-Cookie', 'b=2'],
      ['__proto__', 'x'],
    ],
  })
  const cookies = await send('/fn/edge/')
  expect(cookies.headers.getSetCookie()).toEqual(['a=1', 'b=2'])
  expect(cookies.status).toBe(200)
  expect(cookies.headers.get('content-security-policy')).toBe('sandbox')
  for (const status of ['204', '304']) {
    const response = await send('/fn/edge/', { headers: { status } })
    expect([response.status, response.body, response.headers.get('content-length')]).toEqual([Number(status), null, null])
  }
})

test('the answer to HEAD tells the length that the guest names', async () => {
  const { node, send } = await open()
  const original = node.invoke.bind(node)
  node.invoke = async (name, request) => ({
    ...(await original(name, request)),
    headers: [['content-length', '4711']],
    body: new Uint8Array(0),
  })
  expect((await send('/fn/edge/', { method: 'HEAD' })).headers.get('content-length')).toBe('4711')
  expect((await send('/fn/edge/')).headers.get('content-length')).toBe('0')
})

test('hop-by-hop headers of the request end at the gateway', () => {
  const rawHeaders = [
    'Host',
    'h',
    'Connection',
    'keep-alive, X-Hop',
    'X-Hop',
    '1',
    'TE',
    'trailers',
    'Transfer-Encoding',
    'chunked',
    'Cookie',
    'a=1',
    'X-A',
    '1',
    'x-a',
    '2',
  ]
  const head = requestHead(new Request('http://h/'), { incoming: { rawHeaders } })
  expect(head.headers).toEqual([
    ['host', 'h'],
    ['cookie', 'a=1'],
    ['x-a', '1'],
    ['x-a', '2'],
  ])
  expect(head.hasBody).toBe(true)
})

test('Prefer: receipt=later leaves without waiting; its field has no attestation', async () => {
  const { node, send } = await open()
  const response = await send('/fn/edge/', { headers: { prefer: 'handling=lenient, receipt=later' } })
  expect(response.headers.get('utnet-receipt')).not.toContain('att=')
  expect(node.invoked[0]?.later).toBe(true)
  const bad = await send('/fn/edge/', { headers: { prefer: 'retention=forever' } })
  expect([bad.status, ((await bad.json()) as { code: string }).code]).toEqual([400, 'request_invalid'])
})

test('Content-Digest and X-Request-Id come where they are asked for', async () => {
  const { send } = await open()
  const response = await send('/fn/edge/', { headers: { 'want-content-digest': 'sha-256=1', 'x-request-id': 'r-1' } })
  expect(response.headers.get('content-digest')).toBe(`sha-256=:${toBase64(sha256(await response.clone().bytes()))}:`)
  expect(response.headers.get('x-request-id')).toBe('r-1')
  const plain = await send('/fn/edge/')
  expect([plain.headers.get('content-digest'), plain.headers.get('x-request-id')]).toEqual([null, null])
})

test('any method and any origin reaches a function; nothing grants the page the answer', async () => {
  const { send } = await open()
  for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND']) {
    const response = await send('/fn/edge/', { method, headers: { origin: 'https://elsewhere.example', host: 'elsewhere.example' } })
    expect(await response.text()).toBe(`${method} / 0`)
    expect(response.headers.get('access-control-allow-origin')).toBeNull()
  }
})
