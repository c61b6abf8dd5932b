import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import fc from 'fast-check'
import { afterEach, expect, test, vi } from 'vitest'
import { LIMITS } from '../../runtime/core/index.ts'
import { createApp } from '../app.ts'
import { Admission } from '../routes/index.ts'
import { simulatedComponent, simulatedNode } from '../testing/simulated-node.ts'
import { Arrivals } from './arrivals.ts'
import { serve, type GatewayServer, type ServeOptions } from './serve.ts'

const ends: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end()
})

async function open(options: ServeOptions, direct: boolean, admission = new Admission(), node = simulatedNode()): Promise<GatewayServer> {
  await node.deploy({ name: 'edge', component: simulatedComponent('function') })
  const server = await serve(createApp(node, { admission }), { ...options, ...(direct ? { functions: { node, admission } } : {}) })
  ends.push(() => server.close(0))
  return server
}

/** A connection, what was sent on it, and what it heard. */
async function client(
  server: GatewayServer,
  text: string,
): Promise<{ readonly socket: Socket; readonly heard: () => string; readonly closed: Promise<unknown> }> {
  const socket = connect(server.port, '127.0.0.1')
  let heard = ''
  socket.setEncoding('latin1').on('data', (chunk: string) => (heard += chunk))
  socket.on('error', () => {})
  const closed = new Promise((resolve) => socket.once('close', resolve))
  ends.push(() => socket.destroy())
  await once(socket, 'connect')
  socket.write(text, 'latin1')
  return { socket, heard: () => heard, closed }
}

const upload = (length: number, body = ''): string => `POST /fn/edge/ HTTP/1.1\r\nHost: h\r\nContent-Length: ${length}\r\n\r\n${body}`
/** Until the server has read all that was sent before: it answers on another connection behind that. */
const settled = async (server: GatewayServer): Promise<void> => {
  for (let i = 0; i < 5; i++) expect((await fetch(`${server.url}/healthz`, { headers: { connection: 'close' } })).status).toBe(200)
}

test('the limit of requests on their way: as many bytes pass, with one more the one that stands still the longest goes', () => {
  const dropped: unknown[] = []
  const arrivals = new Arrivals((socket, used) => dropped.push(socket, used))
  const [a, b, c] = [{}, {}, {}] as Socket[] as [Socket, Socket, Socket]
  arrivals.came(a, 1)
  arrivals.came(b, 1)
  arrivals.came(a, LIMITS.arrivingBytes - 2)
  expect(dropped).toEqual([])
  arrivals.came(c, 1)
  expect(dropped).toEqual([b, LIMITS.arrivingBytes + 1])
  // What is whole, and what was dropped, counts no more.
  arrivals.whole(a)
  arrivals.whole(b)
  arrivals.came(b, LIMITS.arrivingBytes - 1)
  expect(dropped).toHaveLength(2)
  arrivals.came(b, 1)
  expect(dropped.slice(2)).toEqual([c, LIMITS.arrivingBytes + 1])
  arrivals.whole(b)
  // What node:http reads of a connection that is gone would stay for ever.
  arrivals.came({ destroyed: true } as Socket, 1)
  expect(arrivals.all).toBe(0)
})

test.each([true, false])('uploads that stall give way to those that go on (direct: %s)', async (direct) => {
  const server = await open({ arrivingBytes: 100_000 }, direct)
  const stalled = await client(server, upload(60_000, 'x'.repeat(59_999)))
  await settled(server)
  const begun = await client(server, upload(60_000, 'x'.repeat(30_000)))
  await settled(server)
  const whole = await fetch(`${server.url}/fn/edge/`, { method: 'POST', body: 'y'.repeat(20_000) })
  expect(await whole.text()).toBe('POST / 20000')
  await stalled.closed
  expect(stalled.heard()).toMatch(/^HTTP\/1.1 503 [^]*"code":"host_busy"[^]*"limit":"arrivingBytes"/)
  expect(stalled.heard()).toContain('"allowed":100000')
  begun.socket.end('x'.repeat(30_000))
  await begun.closed
  expect(begun.heard()).toMatch(/^HTTP\/1.1 200 [^]*POST \/ 60000$/)
})

const request = fc
  .record({
    method: fc.constantFrom('POST', 'POST', 'POST', 'PUT', 'GET', 'HEAD', 'OPTIONS', 'BREW', 'CONNECT'),
    path: fc.constantFrom('/fn/edge/', '/fn/nope/', '/v1/files', '/v1/guests/c/calls', '/v1/transactions', '/nothing', '*'),
    version: fc.constantFrom('1.1', '1.1', '1.1', '1.0'),
    host: fc.constantFrom('Host: h\r\n', 'Host: h\r\n', ''),
    field: fc.constantFrom(
      '',
      '',
      'Expect: 100-continue\r\n',
      'Expect: never\r\n',
      'Connection: close\r\n',
      'Upgrade: h2c\r\nConnection: upgrade\r\n',
    ),
    framing: fc.constantFrom('length', 'length', 'chunked', 'far', 'both', 'none'),
    length: fc.constantFrom(0, 1, 100, 5_000, 70_000),
    share: fc.constantFrom(0, 0.5, 1, 1),
    end: fc.constantFrom('0\r\n\r\n', '', 'zz\r\n'),
  })
  .map(({ method, path, version, host, field, framing, length, share, end }) => {
    const body = 'x'.repeat(length * share)
    const chunks = body.replace(/x{1,900}/g, (chunk) => `${chunk.length.toString(16)}\r\n${chunk}\r\n`) + end
    const [frame, sent] = {
      length: [`Content-Length: ${length}\r\n`, body],
      far: [`Content-Length: ${LIMITS.bodyBytes + 1}\r\n`, body],
      chunked: ['Transfer-Encoding: chunked\r\n', chunks],
      both: [`Content-Length: ${length}\r\nTransfer-Encoding: chunked\r\n`, body],
      none: ['', body],
    }[framing] as [string, string]
    return `${method} ${path} HTTP/${version}\r\n${host}${field}${frame}\r\n${sent}`
  })
const connection = fc.record({
  text: fc.array(request, { minLength: 1, maxLength: 3 }).map((all) => all.join('')),
  cut: fc.double({ min: 0, max: 1, noNaN: true }),
  reads: fc.boolean(),
  end: fc.constantFrom('destroy', 'resetAndDestroy', 'end'),
})

test.each([true, false])(
  'whatever 1,000 connections send, and however they leave: their bytes are given back (direct: %s)',
  async (direct) => {
    const came = vi.spyOn(Arrivals.prototype, 'came')
    ends.push(() => came.mockRestore())
    const server = await open({}, direct)
    const left: Socket[] = []
    const one = async ({ text, cut, reads, end }: typeof connection extends fc.Arbitrary<infer T> ? T : never): Promise<void> => {
      const socket = connect(server.port, '127.0.0.1')
      left.push(socket)
      socket.on('error', () => {})
      if (reads) socket.resume()
      await once(socket, 'connect')
      const at = Math.floor(text.length * cut)
      socket.write(text.slice(0, at), 'latin1')
      await new Promise(setImmediate)
      socket.write(text.slice(at), 'latin1')
      for (let i = 0; i < 5; i++) await new Promise(setImmediate)
      socket[end]()
    }
    await fc.assert(
      fc.asyncProperty(fc.array(connection, { minLength: 50, maxLength: 50 }), async (all) => {
        await Promise.all(all.map(one))
      }),
      { numRuns: 20 },
    )
    expect(came.mock.calls.length).toBeGreaterThan(50)
    for (const socket of left) socket.destroy()
    await server.close(0)
    await vi.waitFor(() => expect((came.mock.contexts[0] as Arrivals).all).toBe(0))
  },
)

test('who opens a tunnel, or is refused otherwise, and resets the connection ends no node', async () => {
  const server = await open({ arrivingBytes: 100 }, true)
  for (const text of ['CONNECT h:1 HTTP/1.1\r\nHost: h\r\n\r\n', upload(200, 'x'.repeat(150))]) {
    for (let i = 0; i < 40; i++) {
      const { socket, closed } = await client(server, text)
      socket.resetAndDestroy()
      await closed
    }
  }
  expect((await fetch(`${server.url}/healthz`, { headers: { connection: 'close' } })).status).toBe(200)
})

test.each([true, false])('what came whole counts no more, though its connection stays (direct: %s)', async (direct) => {
  const server = await open({ arrivingBytes: 100_000 }, direct)
  const text = upload(60_000, 'x'.repeat(60_000))
  const kept = await Promise.all([1, 2, 3].map(() => client(server, text)))
  for (const { socket, heard } of kept) {
    await vi.waitFor(() => expect(heard()).toMatch(/^HTTP\/1.1 200 /))
    expect(socket.closed).toBe(false)
  }
  await settled(server)
  expect(kept.map(({ socket }) => socket.closed)).toEqual([false, false, false])
})

test('who was refused and sends on has one answer, and no place for what comes', async () => {
  const server = await open({ arrivingBytes: 100_000 }, true)
  const { socket, heard, closed } = await client(server, upload(LIMITS.bodyBytes + 1))
  await vi.waitFor(() => expect(heard()).toMatch(/^HTTP\/1.1 413 /))
  socket.write('x'.repeat(200_000))
  await closed
  expect(heard().match(/HTTP\/1.1 /g)).toHaveLength(1)
})

test.each([true, false])('a request that is on its way takes no place of those that are here (direct: %s)', async (direct) => {
  const server = await open({}, direct, new Admission({ requests: 3, perGuest: 2 }))
  const slow = await Promise.all([1, 2, 3, 4].map(() => client(server, upload(10, 'x'))))
  await settled(server)
  expect((await fetch(`${server.url}/fn/edge/`)).status).toBe(200)
  for (const { socket, closed, heard } of slow) {
    socket.end('x'.repeat(9))
    await closed
    expect(heard()).toMatch(/^HTTP\/1.1 200 /)
  }
})

test('connections on which nothing is worked on give way to new ones, those that never had an answer first', async () => {
  const server = await open({ connections: 3 }, true)
  const kept = await client(server, 'GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n')
  await vi.waitFor(() => expect(kept.heard()).toContain('{'))
  const events = await client(server, 'GET /v1/events HTTP/1.1\r\nHost: h\r\n\r\n')
  await vi.waitFor(() => expect(events.heard()).toContain('200 OK'))
  const slow = await client(server, upload(10, 'x'))
  // a sweep later it is one that waited
  await sleep(1_100)
  expect((await fetch(`${server.url}/healthz`, { headers: { connection: 'close' } })).status).toBe(200)
  await slow.closed
  expect([kept.socket.closed, events.socket.closed]).toEqual([false, false])
  for (let i = 0; i < 10; i++) await client(server, '')
  await sleep(1_100)
  expect((await fetch(`${server.url}/healthz`, { headers: { connection: 'close' } })).status).toBe(200)
  expect(events.socket.closed).toBe(false)
})

test('many that come at once each have the place of another, also where all had an answer before', async () => {
  const server = await open({ connections: 8 }, true)
  for (const text of ['', 'GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n']) {
    const held = await Promise.all(Array.from({ length: 8 }, () => client(server, text)))
    if (text !== '') await vi.waitFor(() => held.forEach(({ heard }) => expect(heard()).toContain('200 OK')))
    const burst = await Promise.all(Array.from({ length: 6 }, () => client(server, 'GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n')))
    await vi.waitFor(() => burst.forEach(({ heard }) => expect(heard()).toContain('200 OK')))
    for (const { socket } of [...held, ...burst]) socket.destroy()
    await settled(server)
  }
})

test('a connection whose request is worked on gives way to none: where all are, the newest goes', async () => {
  const node = simulatedNode()
  const invoke = node.invoke.bind(node)
  const go = Promise.withResolvers<void>()
  let running = 0
  node.invoke = async (...call) => {
    running++
    await go.promise
    return invoke(...call)
  }
  const server = await open({ connections: 2 }, false, new Admission(), node)
  const get = 'GET /fn/edge/ HTTP/1.1\r\nHost: h\r\n\r\n'
  const working = await Promise.all([client(server, get), client(server, get)])
  await vi.waitFor(() => expect(running).toBe(2))
  await (
    await client(server, get)
  ).closed
  expect(running).toBe(2)
  go.resolve()
  for (const { heard } of working) await vi.waitFor(() => expect(heard()).toContain('200 OK'))
})

test('the most connections of a thread: with one more, one that waits goes', async () => {
  const server = await open({}, true)
  const all: Socket[] = []
  let gone = 0
  for (let i = 0; i < LIMITS.connections; i++) {
    expect(gone).toBe(0)
    const socket = connect(server.port, '127.0.0.1')
    socket.once('close', () => gone++)
    socket.on('error', () => {})
    ends.push(() => socket.destroy())
    all.push(socket)
    await once(socket, 'connect')
  }
  await settled(server)
  expect(gone).toBeGreaterThan(0)
  expect(gone).toBeLessThan(20)
}, 60_000)
