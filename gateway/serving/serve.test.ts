import { request as httpRequest } from 'node:http'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, expect, test, vi } from 'vitest'
import { LIMITS } from '../../runtime/core/index.ts'
import { createApp } from '../app.ts'
import { serve, type GatewayServer } from './serve.ts'
import { simulatedComponent, simulatedNode, type SimulatedNode } from '../testing/simulated-node.ts'
import { raw } from '../testing/raw-http.ts'

const servers: GatewayServer[] = []
afterEach(async () => {
  await Promise.all(servers.splice(0).map((s) => s.close(0)))
})

async function open(direct = false) {
  const node = simulatedNode()
  await node.deploy({ name: 'edge', component: simulatedComponent('function') })
  const server = await serve(createApp(node), direct ? { functions: { node }, transactions: { node } } : {})
  servers.push(server)
  return { node, server }
}

/** A stream of `total` zero bytes that allocates one chunk, and counts what was taken of it. */
function zeros(total: number): { readonly stream: ReadableStream<Uint8Array>; readonly taken: () => number } {
  const chunk = new Uint8Array(1 << 20)
  let taken = 0
  const stream = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        const size = Math.min(chunk.length, total - taken)
        if (size === 0) return controller.close()
        taken += size
        controller.enqueue(chunk.subarray(0, size))
      },
    },
    { highWaterMark: 0 },
  )
  return { stream, taken: () => taken }
}

const streamed = (stream: ReadableStream<Uint8Array>, headers: Record<string, string> = {}): RequestInit & { duplex: 'half' } => ({
  method: 'POST',
  headers,
  body: stream,
  duplex: 'half',
})

test('a body of exactly the limit passes; one byte more is refused, announced or not', async () => {
  const { node, server } = await open()
  const url = `${server.url}/fn/edge/`
  const exact = zeros(LIMITS.bodyBytes)
  const passed = await fetch(url, streamed(exact.stream))
  expect(await passed.text()).toBe(`POST / ${LIMITS.bodyBytes}`)
  expect(node.invoked.at(-1)?.bytes).toBe(LIMITS.bodyBytes)

  const over = await createApp(node).request('http://localhost/fn/edge/', streamed(zeros(LIMITS.bodyBytes + 1).stream))
  expect([over.status, await over.json()]).toEqual([
    413,
    expect.objectContaining({ code: 'request_too_large', limit: 'bodyBytes', used: LIMITS.bodyBytes + 1, allowed: LIMITS.bodyBytes }),
  ])

  // Far over it, the reader stops at the limit: the rest is never taken.
  const far = zeros(LIMITS.bodyBytes * 4)
  const stopped = await createApp(node).request(
    'http://localhost/v1/guests/c/calls',
    streamed(far.stream, { 'content-type': 'application/json' }),
  )
  expect(stopped.status).toBe(413)
  expect(far.taken()).toBeLessThanOrEqual(LIMITS.bodyBytes + (1 << 20))
  expect(node.invoked).toHaveLength(1)
})

test('a Content-Length over the limit is refused before a byte of the body is sent', async () => {
  const { server } = await open()
  for (const path of ['/fn/edge/', '/v1/guests/c/calls']) {
    const status = await new Promise<[number | undefined, string]>((resolve, reject) => {
      const request = httpRequest(
        `${server.url}${path}`,
        {
          method: 'POST',
          headers: { 'content-length': LIMITS.bodyBytes + 1, 'content-type': 'application/json' },
        },
        (response) => {
          let body = ''
          response.setEncoding('utf8')
          response.on('data', (chunk: string) => (body += chunk))
          response.on('end', () => resolve([response.statusCode, body]))
        },
      )
      request.on('error', reject)
      request.flushHeaders()
    })
    expect(status[0]).toBe(413)
    expect(JSON.parse(status[1])).toMatchObject({ code: 'request_too_large', limit: 'bodyBytes', used: LIMITS.bodyBytes + 1 })
  }
})

test.each([false, true])('what never becomes a request is answered with a problem (functions straight: %s)', async (direct) => {
  const { server } = await open(direct)
  for (const [text, status, code] of [
    ['nonsense\r\n\r\n', '400', 'request_invalid'],
    [`GET / HTTP/1.1\r\nHost: h\r\nX: ${'a'.repeat(LIMITS.headerBytes)}\r\n\r\n`, '431', 'request_too_large'],
    ['GET /a HTTP/1.1\r\nHost: a b\r\nConnection: close\r\n\r\n', '400', 'request_invalid'],
    ['POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n', '400', 'request_invalid'],
    ['POST / HTTP/1.1\r\nHost: h\r\nContent-Length: x\r\n\r\n', '400', 'request_invalid'],
    ['GET /healthz HTTP/1.1\r\n\r\n', '400', 'request_invalid'],
    ['GET /fn/edge/ HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n', '400', 'request_invalid'],
    ['GET /fn/edge/ HTTP/1.1\r\nHost: h\r\nExpect: more\r\n\r\n', '417', 'request_invalid'],
    ['CONNECT h:80 HTTP/1.1\r\nHost: h\r\n\r\n', '405', 'method_not_allowed'],
    ...['2.0', '3.0', '0.9', '1.2'].flatMap((version) =>
      ['/healthz', '/fn/edge/'].map((path) => [`GET ${path} HTTP/${version}\r\nHost: h\r\n\r\n`, '505', 'request_invalid'] as const),
    ),
    ['PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', '505', 'request_invalid'],
    ['GET /healthz HTTP/1.1\nHost: h\n\n', '400', 'request_invalid'],
    ['POST /fn/edge/ HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n', '501', 'request_invalid'],
    ['POST /v1/guests HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip\r\n\r\nabc', '501', 'request_invalid'],
    ['GET * HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n', '400', 'request_invalid'],
    ['BREW /fn/edge/ HTTP/1.1\r\nHost: h\r\n\r\n', '501', 'request_invalid'],
    ['get /healthz HTTP/1.1\r\nHost: h\r\n\r\n', '501', 'request_invalid'],
    ['BREW /healthz\r\nHost: h\r\n\r\n', '400', 'request_invalid'],
    ['GET /\0 HTTP/1.1\r\nHost: h\r\n\r\n', '400', 'request_invalid'],
  ] as const) {
    const answer = await raw(server.port, text)
    expect(answer, text.slice(0, 40)).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `))
    expect(answer.toLowerCase()).toContain('content-type: application/problem+json')
    expect(answer.toLowerCase()).toContain('x-content-type-options: nosniff')
    expect(JSON.parse(answer.slice(answer.indexOf('\r\n\r\n') + 4))).toMatchObject({ code, status: Number(status) })
  }
})

test.each([false, true])('OPTIONS * is answered, and asks for no route (functions straight: %s)', async (direct) => {
  const { server } = await open(direct)
  const answer = await raw(server.port, 'OPTIONS * HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n')
  expect(answer).toMatch(/^HTTP\/1\.1 204 [^]*\r\nallow: DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT\r\n/)
  expect(await raw(server.port, 'OPTIONS * HTTP/1.1\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 /)
  const asked = await raw(server.port, 'OPTIONS /fn/edge/a HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n')
  expect(asked.slice(asked.indexOf('\r\n\r\n') + 4)).toBe('OPTIONS /a 0')
})

test.each([false, true])(
  'a request to go on in another protocol is answered as it stands, and closes: what came behind it is asked again (functions straight: %s)',
  async (direct) => {
    const { node, server } = await open(direct)
    const fields = 'Host: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n'
    const behind = 'GET /fn/edge/behind HTTP/1.1\r\nHost: h\r\n\r\n'
    for (const [text, body] of [
      [`GET /fn/edge/a HTTP/1.1\r\n${fields}\r\n`, 'GET /a 0'],
      [`POST /fn/edge/a HTTP/1.1\r\n${fields}Content-Length: 3\r\n\r\nabc`, 'POST /a 3'],
      [`GET /healthz HTTP/1.1\r\n${fields}\r\n`, '{"status":"ok"}'],
    ] as const) {
      const answer = await raw(server.port, text + behind)
      expect(answer).toMatch(/^HTTP\/1\.1 200 /)
      expect(answer.toLowerCase()).toContain('\r\nconnection: close\r\n')
      expect(answer.slice(answer.indexOf('\r\n\r\n') + 4)).toBe(body)
    }
    expect(node.invoked.map(({ path }) => path)).toEqual(['/a', '/a'])
  },
)

test.each([false, true])("HEAD of the node's own routes says the length of what GET gives (functions straight: %s)", async (direct) => {
  const { server } = await open(direct)
  const ask = async (method: string, path: string): Promise<readonly [string, string]> => {
    const answer = await raw(server.port, `${method} ${path} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n`)
    const end = answer.indexOf('\r\n\r\n')
    const fields = answer.slice(0, end).toLowerCase().split('\r\n')
    return [
      fields
        .filter((line) => !/^(date|connection):/.test(line))
        .toSorted()
        .join('\n'),
      answer.slice(end + 4),
    ]
  }
  for (const path of [
    '/',
    '/console.css',
    '/healthz',
    '/v2',
    '/v1/chain',
    '/v1/guests/edge',
    '/openapi.json',
    '/v1/guests/none',
    '/none',
  ]) {
    const [head, none] = await ask('HEAD', path)
    const [get, body] = await ask('GET', path)
    expect([path, head, none]).toEqual([path, get, ''])
    expect(get).toContain(`content-length: ${Buffer.byteLength(body, 'latin1')}`)
  }
})

test.each([false, true])(
  'a client that shuts down its writing side has its answers all the same (functions straight: %s)',
  async (direct) => {
    const { node, server } = await open(direct)
    const original = node.invoke.bind(node)
    node.invoke = async (name, request) => {
      await new Promise((resolve) => setTimeout(resolve, 20))
      return original(name, request)
    }
    const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: h\r\n\r\n`
    expect(await raw(server.port, get('/fn/edge/one') + get('/v1/node') + get('/fn/edge/two'), true)).toMatch(
      /GET \/one 0[^]*"chainId"[^]*GET \/two 0/,
    )
    const post = 'POST /fn/edge/three HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc'
    expect(await raw(server.port, post, true)).toContain('POST /three 3')
    // What comes behind is refused behind.
    expect(await raw(server.port, `${get('/fn/edge/four')}nonsense\r\n\r\n`)).toMatch(/^HTTP\/1\.1 200 [^]*GET \/four 0HTTP\/1\.1 400 /)
    expect(await raw(server.port, post.slice(0, -1), true)).toMatch(/^HTTP\/1\.1 400 /)
    expect(await raw(server.port, 'GET / HTTP/1.1\r\n', true)).toMatch(/^HTTP\/1\.1 400 /)
  },
)

test.each([false, true])('no answer of a pipeline is lost to what comes behind it (functions straight: %s)', async (direct) => {
  const { node, server } = await open(direct)
  const original = node.invoke.bind(node)
  node.invoke = async (name, request) => {
    await new Promise((resolve) => setTimeout(resolve, 20))
    return original(name, request)
  }
  const get = (path: string, fields = ''): string => `GET ${path} HTTP/1.1\r\nHost: h\r\n${fields}\r\n`
  const answers = async (text: string): Promise<readonly string[]> => {
    const all = await raw(server.port, text)
    return [...all.matchAll(/HTTP\/1\.1 ([0-9]+)|GET \/[a-z]+ 0|"status":"ok"/g)].map(([whole, status]) => status ?? whole)
  }
  const both = ['200', 'GET /one 0', '200', 'GET /two 0']
  expect(await answers(`${get('/fn/edge/one') + get('/fn/edge/two')}nonsense\r\n\r\n`)).toEqual([...both, '400'])
  const broken = 'POST /fn/edge/three HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nz\r\n'
  expect(await answers(get('/fn/edge/one') + get('/fn/edge/two') + broken)).toEqual([...both, '400'])
  // Behind a request that closes the connection nothing is asked, and nothing answered.
  for (const behind of [get('/fn/edge/three'), 'nonsense'])
    expect(await answers(get('/fn/edge/one') + get('/fn/edge/two', 'Connection: close\r\n') + behind)).toEqual(both)
  expect(await answers(get('/healthz', 'Connection: close\r\n') + get('/healthz'))).toEqual(['200', '"status":"ok"'])
  expect(node.invoked.map(({ path }) => path)).not.toContain('/three')
})

test.each([false, true])(
  'what is no request is refused behind a pipeline that has its answers (functions straight: %s)',
  async (direct) => {
    const { server } = await open(direct)
    const get = 'GET /fn/edge/a HTTP/1.1\r\nHost: h\r\n\r\n'
    const socket = connect(server.port, '127.0.0.1', () => socket.write(get + get)).setEncoding('latin1')
    let all = ''
    socket.on('data', (text: string) => {
      all += text
      if (all.split('GET /a 0').length === 3 && !all.includes(' 400 ')) socket.write('nonsense\r\n\r\n')
    })
    await once(socket, 'end')
    socket.destroy()
    expect(all).toMatch(/GET \/a 0HTTP\/1\.1 400 /)
  },
)

test.each(['nonsense\r\n\r\n', 'GET / HTTP/1.1\r\nno field\r\n\r\n'])('a client that is refused %j and stays is not kept', async (text) => {
  const gone = new Promise<void>((resolve) => {
    const observer = { opened() {}, waits() {}, writes() {}, rests() {}, closed: () => resolve() }
    void serve(createApp(simulatedNode()), { observer }).then((server) => {
      servers.push(server)
      const socket = connect({ port: server.port, host: '127.0.0.1', allowHalfOpen: true }, () => socket.write(text)).resume()
      void gone.then(() => socket.destroy())
    })
  })
  await expect(gone).resolves.toBeUndefined()
})

test('a client that is refused a tunnel and stays is not kept', async () => {
  const { server } = await open()
  const socket = connect({ port: server.port, host: '127.0.0.1', allowHalfOpen: true }, () =>
    socket.write('CONNECT h:80 HTTP/1.1\r\nHost: h\r\n\r\n'),
  )
  await new Promise((resolve) => socket.resume().once('end', resolve))
  // Ends when every connection is gone: this one does not close its side.
  await expect(server.close(1e8)).resolves.toBeUndefined()
  socket.destroy()
})

test('HTTP/1.0 need not name a host', async () => {
  const { server } = await open()
  expect(await raw(server.port, 'GET /healthz HTTP/1.0\r\n\r\n')).toMatch(/^HTTP\/1\.1 200 /)
})

test('an answer of a guest that names no media type gets none, whatever way it goes', async () => {
  const node = simulatedNode()
  await node.deploy({ name: 'edge', component: simulatedComponent('function') })
  const original = node.invoke.bind(node)
  node.invoke = async (name, request) => ({ ...(await original(name, request)), headers: [['x-own', '1']] })
  const server = await serve(createApp(node), { functions: { node } })
  servers.push(server)
  for (const target of ['/fn/edge/plain', '/fn/edge/?a[]=1']) {
    const answer = await raw(server.port, `GET ${target} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n`)
    expect(answer, target).toContain('x-own: 1')
    expect(answer.toLowerCase(), target).not.toContain('content-type:')
  }
})

test('headers reach the guest in their order, hop-by-hop ones do not', async () => {
  const { node, server } = await open()
  await raw(
    server.port,
    'GET /fn/edge/p?q HTTP/1.1\r\nHost: h\r\nX-B: 2\r\nX-A: \xe9\r\nX-B: 3\r\nTE: trailers\r\nConnection: close\r\n\r\n',
  )
  expect(node.invoked[0]).toMatchObject({
    path: '/p?q',
    headers: [
      ['host', 'h'],
      ['x-b', '2'],
      ['x-a', '\xe9'],
      ['x-b', '3'],
    ],
  })
})

test('a reader of events that goes away is noticed', async () => {
  const { node, server } = await open()
  const stop = new AbortController()
  const events = await fetch(`${server.url}/v1/events`, { signal: stop.signal })
  expect(events.status).toBe(200)
  await expect.poll(() => node.listeners).toBe(1)
  stop.abort()
  await expect.poll(() => node.listeners).toBe(0)
})

/** Holds each run up until `finish`; `started` resolves with the first. */
function held(node: SimulatedNode): { readonly started: Promise<void>; readonly finish: () => void } {
  const original = node.invoke.bind(node)
  const begun = Promise.withResolvers<void>()
  const gate = Promise.withResolvers<void>()
  node.invoke = async (name, request) => {
    begun.resolve()
    await gate.promise
    return original(name, request)
  }
  return { started: begun.promise, finish: gate.resolve }
}

test('close takes nothing new, finishes what is in work and ends event streams', async () => {
  const { node, server } = await open()
  const events = await fetch(`${server.url}/v1/events`)
  const { started, finish } = held(node)
  const slow = fetch(`${server.url}/fn/edge/slow`)
  await started
  const closed = server.close()
  expect(await events.text()).toBe(': utnet\n\n')
  await expect(fetch(`${server.url}/healthz`)).rejects.toThrow('fetch failed')
  finish()
  expect(await (await slow).text()).toBe('GET /slow 0')
  await closed
  await server.close()
  expect(node.listeners).toBe(0)
})

test.each([false, true])('close lets an answer leave whole that its client reads slowly (direct: %s)', async (direct) => {
  const { node, server } = await open(direct)
  const body = new Uint8Array(32 << 20)
  const original = node.invoke.bind(node)
  node.invoke = async (name, request) => ({ ...(await original(name, request)), body })
  const socket = connect(server.port, '127.0.0.1', () => socket.write('GET /fn/edge/ HTTP/1.1\r\nHost: h\r\n\r\n'))
  // The server has said all, and its client has taken a first part of it.
  await once(socket, 'readable')
  const closed = server.close(1e8)
  let bytes = 0
  socket.on('data', (chunk: Buffer) => (bytes += chunk.length))
  await once(socket, 'close')
  expect(bytes).toBeGreaterThan(body.length)
  await closed
})

test('close waits no longer than its time for a client that reads nothing, whatever became of its connection', async () => {
  const { node, server } = await open()
  const original = node.invoke.bind(node)
  node.invoke = async (name, request) => ({ ...(await original(name, request)), body: new Uint8Array(32 << 20) })
  const get = 'GET /fn/edge/ HTTP/1.1\r\nHost: h\r\n\r\n'
  const sockets = await Promise.all(
    ['', get, 'CONNECT h:1 HTTP/1.1\r\nHost: h\r\n\r\n', 'no HTTP\r\n\r\n'].map(async (behind) => {
      const socket = connect(server.port, '127.0.0.1', () => socket.write(get))
      socket.on('error', () => {})
      await once(socket, 'readable')
      socket.write(behind)
      return socket
    }),
  )
  await expect(server.close(1_500)).resolves.toBeUndefined()
  for (const socket of sockets) socket.destroy()
})

test('a request on a connection that stands while the node stops is told so', async () => {
  const { node, server } = await open()
  const { started, finish } = held(node)
  const out = await new Promise<string>((resolve) => {
    let text = ''
    const socket = connect(server.port, '127.0.0.1', () => {
      // The first request holds the connection; the second comes when the server has begun to stop.
      socket.write('GET /fn/edge/one HTTP/1.1\r\nHost: h\r\n\r\n')
      void started.then(() => {
        void server.close()
        socket.write('GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n')
        setTimeout(() => finish(), 100)
      })
    })
    socket.setEncoding('latin1')
    socket.on('data', (chunk: string) => (text += chunk))
    socket.on('close', () => resolve(text))
  })
  expect(out).toContain('GET /one 0')
  expect(out).toContain('"code":"node_stopping"')
})

test.each([
  ['half a head', 'GET /healthz HTTP/1.1\r\nHost: h\r\n'],
  ['half a body', 'POST /fn/edge/ HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nab'],
  [
    'half a body of a call',
    'POST /v1/guests/edge/calls HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 5\r\n\r\n{',
  ],
])('a stopping server does not wait its grace for the rest of %s', async (_, text) => {
  for (const direct of [false, true]) {
    const { server } = await open(direct)
    const answer = raw(server.port, text)
    await expect.poll(async () => (await fetch(`${server.url}/healthz`)).status).toBe(200)
    // A grace that no test outlives: without the end of what still arrives, this waits for it.
    await server.close(1e8)
    expect(await answer).toMatch(/^HTTP\/1\.1 503 [^]*"code":"node_stopping"/)
  }
})

test('after the grace what still runs is cut', async () => {
  const { node, server } = await open()
  node.invoke = () => new Promise(() => undefined)
  const cut = fetch(`${server.url}/fn/edge/`)
  await expect.poll(async () => (await fetch(`${server.url}/healthz`)).status).toBe(200)
  const outcome = cut.catch((error: unknown) => String(error))
  await server.close(50)
  expect(await outcome).toContain('fetch failed')
})

test('a port that is taken is an error, not a crash', async () => {
  const { server, node } = await open()
  await expect(serve(createApp(node), { port: server.port })).rejects.toMatchObject({ code: 'EADDRINUSE' })
})

test('a connection is kept for 65 seconds and the second that node adds, by the sweeps of the server and no timer of its own', async () => {
  const sockets: Socket[] = []
  const quiet = (): void => undefined
  const observer = { opened: (socket: Socket) => void sockets.push(socket), closed: quiet, waits: quiet, writes: quiet, rests: quiet }
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  try {
    const server = await serve(createApp(simulatedNode()), { observer })
    servers.push(server)
    const client = connect(server.port, '127.0.0.1')
    client.write('GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n')
    for (let text = ''; !text.includes('ok');) text += String((await once(client, 'data'))[0])
    const [socket] = sockets
    expect([sockets.length, socket?.timeout ?? 0]).toEqual([1, 0])
    vi.advanceTimersByTime(66_000)
    expect(socket?.destroyed).toBe(false)
    vi.advanceTimersByTime(1_000)
    expect(socket?.destroyed).toBe(true)
    client.destroy()
    await server.close(0)
    expect(vi.getTimerCount()).toBe(0)
  } finally {
    vi.useRealTimers()
  }
})

test('a request may come in any pieces, the first on its connection or behind another', async () => {
  const { server } = await open()
  const line = (method: string): string => `${method} /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`
  const statuses = async (before: string, method: string, at: number): Promise<string[]> => {
    const socket = connect(server.port, '127.0.0.1').setNoDelay(true)
    let text = ''
    socket.on('data', (data) => (text += String(data)))
    const found = (): string[] => text.match(/HTTP\/1\.1 \d+/g) ?? []
    socket.write(before + line(method).slice(0, at))
    // the first piece has come when the request before it is answered, or some time later
    if (before !== '') while (found().length === 0) await once(socket, 'data')
    else await sleep(5)
    socket.write(line(method).slice(at))
    while (found().length < (before === '' ? 1 : 2)) await once(socket, 'data')
    socket.destroy()
    return found()
  }
  for (const [method, status] of [
    ['GET', 200],
    ['DELETE', 405],
  ] as const)
    for (let at = 1; at <= method.length + 3; at++) {
      expect([at, await statuses('', method, at)]).toEqual([at, [`HTTP/1.1 ${status}`]])
      expect([at, await statuses(line('GET'), method, at)]).toEqual([at, ['HTTP/1.1 200', `HTTP/1.1 ${status}`]])
    }
})
