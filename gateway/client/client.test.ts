import { afterAll, expect, test } from 'vitest'
import { nodeApiSuite, type NodeSamples } from '../../test/compliance/node-api.ts'
import { cborBlock, encode, isUtnetError, sha256, utf8, UtnetError, type NodeApi } from '../../runtime/core/index.ts'
import { createApp } from '../app.ts'
import { serve, type GatewayServer } from '../serving/index.ts'
import { simulatedComponent, simulatedNode } from '../testing/simulated-node.ts'
import { formatReceipt, RECEIPT_HEADER } from '../wire/index.ts'
import { eventData } from './events.ts'
import { createClient, type Fetch } from './index.ts'

const CID = cborBlock('receipt').cid.toString()
const floats = (...values: number[]): Uint8Array => new Uint8Array(new Float32Array(values).buffer)

const SAMPLES: NodeSamples = {
  contract: {
    component: simulatedComponent('contract'),
    call: { export: 'add', args: [5] },
    query: { export: 'add', args: [1], result: '6' },
    badArgs: ['five'],
  },
  function: {
    component: simulatedComponent('function'),
    request: { method: 'POST', path: '/a?b', headers: [['x-a', '1']], body: utf8('hello') },
    status: 200,
    body: utf8('POST /a?b 5'),
  },
  model: {
    onnx: utf8('ONNX'),
    inputs: [{ name: 'x', dtype: 'f32', shape: [3], data: floats(1, -0, 2.5) }],
    outputs: [{ name: 'y', dtype: 'f32', shape: [3], data: floats(2, -0, 5) }],
  },
}

/** A client whose requests reach the app without a socket. */
function inProcess(node: NodeApi): NodeApi {
  const app = createApp(node)
  const fetch: Fetch = async (url, init) => app.request(url, init)
  return createClient('http://localhost', { fetch })
}

nodeApiSuite('simulated node', async () => ({ api: simulatedNode(), close: () => undefined }), SAMPLES)
nodeApiSuite('client over the app', async () => ({ api: inProcess(simulatedNode()), close: () => undefined }), SAMPLES)
nodeApiSuite(
  'client over a server',
  async () => {
    const server = await serve(createApp(simulatedNode()))
    return { api: createClient(`${server.url}/`), close: () => server.close(0) }
  },
  SAMPLES,
)

const servers: GatewayServer[] = []
afterAll(async () => {
  await Promise.all(servers.map((s) => s.close(0)))
})

test("a field or method that HTTP does not know is told as the caller's, before anything is sent", async () => {
  const to = createClient('http://127.0.0.1:9', { fetch: () => Promise.reject(new Error('nothing may be sent')) })
  const plain = { method: 'GET', path: '/', headers: [], body: new Uint8Array(0) }
  for (const headers of [[['a b', 'c']], [['é', 'x']], [['x', 'a\nb']]] as const)
    await expect(to.invoke('hello', { ...plain, headers })).rejects.toMatchObject({ code: 'request_invalid' })
  for (const method of ['CONNECT', 'TRACE', 'A B', '', 'GET\n'])
    await expect(to.invoke('hello', { ...plain, method })).rejects.toMatchObject({ code: 'request_invalid' })
})

test('an error keeps its code and its fields on the way', async () => {
  const node = simulatedNode()
  node.broken = new UtnetError('chain_pruned', 'gone', {
    hint: 'ask later',
    limit: 'bodyBytes',
    used: 2n ** 60n,
    allowed: 1,
    details: { height: 3 },
  })
  const error = await inProcess(node)
    .chain()
    .catch((thrown: unknown) => thrown)
  expect(isUtnetError(error, 'chain_pruned')).toBe(true)
  expect(error).toMatchObject({
    status: 410,
    message: 'gone',
    hint: 'ask later',
    limit: 'bodyBytes',
    used: 2n ** 60n,
    allowed: 1,
    details: { height: 3 },
  })
  node.broken = new Error('secret')
  await expect(inProcess(node).chain()).rejects.toMatchObject({ code: 'node_internal' })
})

test('nothing that answers, and something else that answers, are node_unreachable', async () => {
  await expect(createClient('http://127.0.0.1:1').chain()).rejects.toMatchObject({
    code: 'node_unreachable',
    hint: expect.stringContaining('utnet dev') as string,
  })
  const proxy = createClient('http://proxy', { fetch: async () => new Response('<h1>Bad Gateway</h1>', { status: 502 }) })
  await expect(proxy.chain()).rejects.toMatchObject({ code: 'node_unreachable', details: { status: 502 } })
  // a server of the same protocol that is no node: it has no receipt, or does not say what ran, or under what arithmetic
  const [model_name, model_version, outputs, parameters] = ['m', 'v', [], { arithmetic: 'exact' }]
  const answers = [
    [{ model_name, model_version, outputs, parameters }, false],
    [{ model_name, outputs, parameters }, true],
    [{ model_name, model_version, outputs }, true],
    [{ model_name, model_version, outputs, parameters: { arithmetic: 1 } }, true],
    [[], true],
  ] as const
  const field = formatReceipt({ id: CID, gas: '5', salt: new Uint8Array(32), attestation: new Uint8Array(0) })
  for (const [document, known] of answers) {
    const headers = new Headers(known ? { [RECEIPT_HEADER]: field } : {})
    const server = createClient('http://server', { fetch: async () => Response.json(document, { headers }) })
    await expect(server.infer({ model: 'm', inputs: [] })).rejects.toMatchObject({ code: 'node_unreachable' })
  }
  expect(() => createClient('ftp://x')).toThrow(UtnetError)
  expect(() => createClient('nonsense')).toThrow(UtnetError)
})

test('a function’s refusals of its own are answers, the node’s are errors', async () => {
  const node = simulatedNode()
  await node.deploy({ name: 'edge', component: simulatedComponent('function') })
  const client = inProcess(node)
  const answer = await client.invoke('edge', {
    method: 'GET',
    path: '/',
    headers: [
      ['status', '404'],
      ['answer-location', '/x'],
    ],
    body: new Uint8Array(0),
  })
  expect(answer).toMatchObject({ status: 404, receipt: { gas: '1234' } })
  expect(answer.headers.toSorted()).toEqual([
    ['content-type', 'text/plain'],
    ['location', '/x'],
  ])
  await expect(client.invoke('nobody', { method: 'GET', path: '/', headers: [], body: new Uint8Array(0) })).rejects.toMatchObject({
    code: 'guest_not_found',
  })
})

test('a redirect of a function is its answer', async () => {
  const node = simulatedNode()
  await node.deploy({ name: 'edge', component: simulatedComponent('function') })
  const server = await serve(createApp(node))
  servers.push(server)
  const answer = await createClient(server.url).invoke('edge', {
    method: 'GET',
    path: '/',
    headers: [
      ['status', '302'],
      ['answer-location', '/x'],
    ],
    body: new Uint8Array(0),
  })
  expect([answer.status, answer.headers.find(([name]) => name === 'location')]).toEqual([302, ['location', '/x']])
})

test('a body that is not the one its digest names is refused', async () => {
  const node = simulatedNode()
  await node.deploy({ name: 'edge', component: simulatedComponent('function') })
  const original = node.invoke.bind(node)
  node.invoke = async (name, request) => ({ ...(await original(name, request)), bodySha256: sha256(utf8('other')) })
  await expect(inProcess(node).invoke('edge', { method: 'GET', path: '/', headers: [], body: new Uint8Array(0) })).rejects.toMatchObject({
    code: 'verify_failed',
  })
})

test('a path cannot lead a call out of its function, nor a name', async () => {
  const client = inProcess(simulatedNode())
  for (const path of ['/../../v1/guests', '/%2e%2e/%2e%2e/v1/chain', 'x', '']) {
    await expect(client.invoke('edge', { method: 'GET', path, headers: [], body: new Uint8Array(0) }), path).rejects.toMatchObject({
      code: 'request_invalid',
    })
  }
  await expect(client.invoke('../v1', { method: 'GET', path: '/', headers: [], body: new Uint8Array(0) })).rejects.toMatchObject({
    code: 'name_invalid',
  })
  await expect(client.guest('../chain')).rejects.toMatchObject({ code: 'name_invalid' })
})

test('a path below content is asked for part by part, and what is no answer of a node is told', async () => {
  const asked: string[] = []
  let tag: string | undefined = `"${CID}"`
  const fetch: Fetch = async (url) => {
    asked.push(String(url))
    return new Response('x', { headers: tag === undefined ? {} : { etag: tag } })
  }
  const to = createClient('http://node', { fetch })
  expect(await to.ipfs(CID, 'a b/c?d', 'file')).toMatchObject({ cid: CID, body: utf8('x') })
  await to.ipfs(CID, '', 'car')
  expect(asked).toEqual([`http://node/ipfs/${CID}/a%20b/c%3Fd`, `http://node/ipfs/${CID}?format=car`])
  tag = undefined
  await expect(to.ipfs(CID, '', 'raw')).rejects.toMatchObject({ code: 'node_unreachable' })
})

test('a signed publish transaction goes beside the component', async () => {
  const node = simulatedNode({ dev: false })
  const client = inProcess(node)
  await expect(client.deploy({ name: 'edge', component: simulatedComponent('function') })).rejects.toMatchObject({ code: 'auth_required' })
  expect(await client.deploy({ name: 'edge', component: simulatedComponent('function'), transaction: encode([1]) })).toMatchObject({
    name: 'edge',
  })
})

test('readiness is a value, not an error', async () => {
  const node = simulatedNode()
  node.isReady = false
  expect(await inProcess(node).ready()).toBe(false)
})

test('server-sent events are read however they are cut', async () => {
  const text = ': hello\n\nevent: block\ndata: {"a":\r\ndata: 1}\r\n\r\nid: 5\ndata:x\n\n\n:\ndata: y\r\rdata: cut off'
  for (let size = 1; size < 12; size++) {
    const bytes = utf8(text)
    let at = 0
    const stream = new ReadableStream<Uint8Array>({
      pull(controller) {
        if (at >= bytes.length) return controller.close()
        controller.enqueue(bytes.slice(at, (at += size)))
      },
    })
    const seen: string[] = []
    for await (const data of eventData(stream)) seen.push(data)
    expect(seen, `chunks of ${size}`).toEqual(['{"a":\n1}', 'x', 'y'])
  }
})
