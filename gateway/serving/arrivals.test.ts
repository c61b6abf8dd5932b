import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { connect, type Socket } from 'node:net'
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

async function open(options: ServeOptions, direct: boolean, admission = new Admission()): Promise<GatewayServer> {
  const node = simulatedNode()
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
  const arrivals = new Arrivals((incoming, used) => dropped.push(incoming, used))
  const [a, b, c] = [{}, {}, {}] as IncomingMessage[] as [IncomingMessage, IncomingMessage, IncomingMessage]
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
  begun.socket.end('x'.repeat(30_000))
  await begun.closed
  expect(begun.heard()).toMatch(/^HTTP\/1.1 200 [^]*POST \/ 60000$/)
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
  const server = await open({ connections: 4 }, true)
  const kept = await client(server, 'GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n')
  await vi.waitFor(() => expect(kept.heard()).toContain('{'))
  const events = await client(server, 'GET /v1/events HTTP/1.1\r\nHost: h\r\n\r\n')
  await vi.waitFor(() => expect(events.heard()).toContain('200 OK'))
  const slow = await client(server, upload(10, 'x'))
  expect((await fetch(`${server.url}/healthz`, { headers: { connection: 'close' } })).status).toBe(200)
  await slow.closed
  expect([kept.socket.closed, events.socket.closed]).toEqual([false, false])
  for (let i = 0; i < 10; i++) await client(server, '')
  expect((await fetch(`${server.url}/healthz`, { headers: { connection: 'close' } })).status).toBe(200)
  expect(events.socket.closed).toBe(false)
})

test('the most connections of a thread: with the last one, one that waits goes', async () => {
  const server = await open({}, true)
  const all: Socket[] = []
  let gone = 0
  for (let i = 0; i < LIMITS.connections; i++) {
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
