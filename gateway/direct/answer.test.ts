import { createServer, request, Agent, type IncomingMessage, type RequestListener } from 'node:http'
import { connect, type AddressInfo } from 'node:net'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { DirectResponse, KEEP_ALIVE_MS } from './index.ts'

/** One server answers in one write where it can, the other by node:http alone; both by what the request's path asks for. */
interface Side {
  readonly port: number
  readonly whole: number[]
  readonly stop: () => void
}

interface Wanted {
  readonly status: number
  readonly headers: readonly string[]
  readonly size: number
}

const bytes = (size: number): Uint8Array => Uint8Array.from({ length: size }, (_, i) => (i * 31) & 0xff)

const wantedOf = (url: string): Wanted => JSON.parse(decodeURIComponent(url.slice(1))) as Wanted

async function side(direct: boolean): Promise<Side> {
  const whole: number[] = []
  const listener: RequestListener<typeof IncomingMessage, typeof DirectResponse> = (incoming, outgoing) => {
    const { status, headers, size } = wantedOf(incoming.url as string)
    const body = bytes(size)
    const all = [...headers, 'content-length', String(size)]
    // Behind the poll phase, as the outbox does.
    setImmediate(() => {
      if (direct && outgoing.whole(status, all, body)) {
        whole.push(size)
        return
      }
      outgoing.writeHead(status, all)
      outgoing.end(Buffer.from(body).toString('latin1'), 'latin1')
    })
  }
  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS, optimizeEmptyRequests: true, ServerResponse: DirectResponse }, listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    whole,
    stop: () => {
      server.close()
      server.closeAllConnections()
    },
  }
}

let one: Side
let other: Side
beforeAll(async () => {
  ;[one, other] = await Promise.all([side(true), side(false)])
})
afterAll(() => [one, other].forEach(({ stop }) => stop()))

/** All that comes back on one connection, which the last request closes. */
function raw(port: number, parts: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    let out = ''
    const socket = connect(port, '127.0.0.1', async () => {
      for (const part of parts) {
        socket.write(part, 'latin1')
        await new Promise((next) => setTimeout(next, 1))
      }
    })
    socket.setEncoding('latin1')
    socket.on('data', (chunk: string) => (out += chunk))
    socket.on('end', () => resolve(out))
    socket.on('error', reject)
  })
}

const wanted = fc.record({
  status: fc.constantFrom(200, 200, 200, 201, 204, 205, 299, 304, 404, 503),
  headers: fc
    .array(
      fc.constantFrom(
        ['content-type', 'text/plain; charset=utf-8'],
        ['x-a', '1'],
        ['x-a', '\xe9\t\xff'],
        ['set-cookie', 'a=b'],
        ['date', 'Tue, 15 Nov 1994 08:12:31 GMT'],
        ['expect', 'x'],
        ['content-disposition', 'attachment; filename="\xe4"'],
      ),
      { maxLength: 4 },
    )
    .map((list) => list.flat()),
  size: fc.constantFrom(0, 1, 64, 1_000, 16 * 1024, 16 * 1024 + 1),
})
const asked = fc.record({
  wanted,
  method: fc.constantFrom('GET', 'GET', 'POST', 'HEAD', 'DELETE'),
  body: fc.option(fc.stringMatching(/^[a-z]{1,20}$/)),
  version: fc.constantFrom('1.1', '1.1', '1.1', '1.0'),
})

test(
  'on a kept connection, one after the other or behind each other: byte for byte what node:http sends',
  { timeout: 120_000 },
  async () => {
    const same = (answers: string): string => answers.replaceAll(/\r\nDate: [^\r]*/g, '\r\nDate: now')
    await fc.assert(
      fc.asyncProperty(fc.array(asked, { minLength: 1, maxLength: 6 }), fc.boolean(), async (list, together) => {
        const texts = list.map(({ wanted, method, body, version }, i) => {
          const sent = method === 'POST' && body !== null ? body : undefined
          const fields = [
            'Host: h',
            ...(version === '1.0' && i < list.length - 1 ? ['Connection: keep-alive'] : []),
            ...(i === list.length - 1 ? ['Connection: close'] : []),
            ...(sent === undefined ? [] : [`Content-Length: ${sent.length}`]),
          ]
          return `${method} /${encodeURIComponent(JSON.stringify(wanted))} HTTP/${version}\r\n${fields.join('\r\n')}\r\n\r\n${sent ?? ''}`
        })
        const parts = together ? [texts.join('')] : texts
        const [mine, theirs] = await Promise.all([raw(one.port, parts), raw(other.port, parts)])
        expect(same(mine), texts.join('')).toBe(same(theirs))
        expect(mine.length).toBeGreaterThan(0)
      }),
      { numRuns: 150 },
    )
    expect(one.whole.length).toBeGreaterThan(50)
    expect(other.whole.length).toBe(0)
  },
)

test('an agent sends many requests over one connection, with bodies and without', async () => {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const ports = new Set<number | undefined>()
  for (let i = 0; i < 50; i++) {
    const path = `/${encodeURIComponent(JSON.stringify({ status: 200, headers: ['x-n', String(i)], size: i * 10 }))}`
    const answer = await new Promise<{ readonly headers: IncomingMessage['headers']; readonly body: Buffer }>((resolve, reject) => {
      const sent = request({ port: one.port, host: '127.0.0.1', path, agent, method: i % 3 === 0 ? 'POST' : 'GET' }, (incoming) => {
        const chunks: Buffer[] = []
        ports.add(incoming.socket.localPort)
        incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
        incoming.on('end', () => resolve({ headers: incoming.headers, body: Buffer.concat(chunks) }))
      })
      sent.on('error', reject)
      sent.end(i % 3 === 0 ? 'x'.repeat(i) : undefined)
    })
    expect(answer.headers['x-n']).toBe(String(i))
    expect(answer.headers.connection).toBe('keep-alive')
    expect(Math.abs(Date.parse(answer.headers.date as string) - Date.now())).toBeLessThan(3_000)
    expect(new Uint8Array(answer.body)).toEqual(bytes(i * 10))
  }
  expect(ports.size).toBe(1)
  agent.destroy()
})

test('a client that does not read is served no more than it takes, and all of it in order when it does', { timeout: 60_000 }, async () => {
  const count = 4_000
  const path = (i: number): string => encodeURIComponent(JSON.stringify({ status: 200, headers: ['x-n', String(i)], size: 16_000 }))
  const socket = connect(one.port, '127.0.0.1')
  socket.setEncoding('latin1')
  socket.pause()
  let out = ''
  socket.on('data', (chunk: string) => (out += chunk))
  const ended = new Promise((resolve) => socket.on('end', resolve))
  const before = one.whole.length
  for (let i = 0; i < count; i++)
    socket.write(`GET /${path(i)} HTTP/1.1\r\nHost: h\r\n${i === count - 1 ? 'Connection: close\r\n' : ''}\r\n`)
  await new Promise((resolve) => setTimeout(resolve, 300))
  // The sockets' buffers are full before all of 64 MB is written.
  expect(one.whole.length - before).toBeLessThan((count * 3) / 4)
  socket.resume()
  await ended
  expect([...out.matchAll(/x-n: (\d+)\r\n/g)].map((m) => Number(m[1]))).toEqual(Array.from({ length: count }, (_, i) => i))
})
