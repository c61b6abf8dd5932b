import { connect } from 'node:net'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { LIMITS, UtnetError } from '../../runtime/core/index.ts'
import { createApp } from '../app.ts'
import { serve, type GatewayServer } from '../serving/index.ts'
import { Admission } from '../routes/index.ts'
import { simulatedComponent, simulatedNode, type SimulatedNode } from '../testing/simulated-node.ts'
import { raw } from '../testing/raw-http.ts'

interface Side {
  readonly node: SimulatedNode
  readonly server: GatewayServer
}

let direct: Side
let app: Side
let direct2: Side

async function side(functions: boolean, admission = new Admission()): Promise<Side> {
  const node = simulatedNode()
  await node.deploy({ name: 'edge', component: simulatedComponent('function') })
  const server = await serve(createApp(node, { admission }), functions ? { functions: { node, admission } } : {})
  return { node, server }
}

beforeAll(async () => {
  direct = await side(true)
  app = await side(false)
  direct2 = await side(true, new Admission({ requests: 3, perGuest: 2 }))
})
afterAll(() => Promise.all([direct, app, direct2].map(({ server }) => server.close(0))))

/** Lines of one field name put together, which says the same (RFC 9110 5.3); cookies stay apart. */
function folded(lines: readonly string[]): string[] {
  const values = new Map<string, string>()
  const cookies: string[] = []
  for (const line of lines) {
    const [name, value] = [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]
    if (name === 'set-cookie') cookies.push(line)
    else values.set(name, values.has(name) ? `${values.get(name)}, ${value}` : value)
  }
  return [...cookies, ...[...values].map(([name, value]) => `${name}: ${value}`)]
}

/** An answer without what differs by nature: the time, the order of fields, and the number of the run that its receipt names. */
function comparable(answer: string): unknown {
  const end = answer.indexOf('\r\n\r\n')
  const [status = '', ...fields] = answer.slice(0, end).split('\r\n')
  const lines = fields
    .map((line) => `${line.slice(0, line.indexOf(':')).toLowerCase()}${line.slice(line.indexOf(':'))}`)
    .filter((line) => !/^(date|keep-alive):/.test(line))
    // Of a problem that HEAD asks for, only one of both tells the length.
    .filter((line) => !(answer.endsWith('\r\n\r\n') && line.startsWith('content-length:') && /application\/problem/.test(answer)))
    .map((line) => line.replace(/^utnet-receipt: [^;]*/, 'utnet-receipt: id'))
  return { status, fields: folded(lines).sort(), body: answer.slice(end + 4) }
}

const token = fc.stringMatching(/^[a-z][a-z0-9-]{0,8}$/)
const value = fc.stringMatching(/^[\x21-\x7e\xa0-\xff]([\x20-\x7e\xa0-\xff]{0,12}[\x21-\x7e\xa0-\xff])?$/)
const target = fc.oneof(
  fc.stringMatching(/^\/fn\/edge(\/[a-zA-Z0-9._~%/=&+-]{0,20})?(\?[a-zA-Z0-9=&%._'-]{0,12})?$/),
  fc.constantFrom(
    '/fn/ed%67e/a',
    '/%66n/edge/a',
    '/fn/edge/../v1/chain',
    '/fn/edge/%2e%2e/x',
    '/fn/edge/.',
    '/fn/edge/a/./b',
    '/fn/edge/"<>`{}|^',
    "/fn/edge/?it's",
    '/fn/edge/[x]',
    '/fn/edge\\x',
    '/fn/edge/a#b',
    '/fn/edge/\xe9',
    '/fn//',
    '/fn/',
    '/fn',
    '/fn/Edge/',
    '/fn/nobody/x?y',
    'http://h/fn/edge/absolute',
    '/fn/%65dge/',
  ),
)
const field = fc.oneof(
  fc.tuple(
    token.filter((name) => !/^(content-length|transfer-encoding|host|connection|expect|upgrade|status|content-type|trailer)$/.test(name)),
    value,
  ),
  fc.tuple(fc.constantFrom('status'), fc.constantFrom('200', '201', '204', '205', '304', '404', '500', '99', '600', 'x')),
  fc.tuple(fc.constantFrom('prefer'), fc.constantFrom('receipt=later', 'retention=none', 'retention=forever', 'x')),
  fc.tuple(fc.constantFrom('want-content-digest'), fc.constantFrom('sha-256=1', 'sha-256=0', 'md5=1')),
  fc.tuple(fc.constantFrom('x-request-id'), fc.constantFrom('r-1', 'bad id', 'x'.repeat(129))),
  fc.tuple(fc.constantFrom('connection'), fc.constantFrom('x-hop', 'x-a, x-b')),
  fc.tuple(
    fc.constantFrom(
      'answer-content-length',
      'answer-connection',
      'answer-set-cookie',
      'answer-x-request-id',
      'answer-alt-svc',
      'x-hop',
      'x-a',
    ),
    value,
  ),
)
const request = fc.record({
  method: fc.constantFrom('GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND', 'TRACE'),
  target,
  host: fc.constantFrom('h', 'localhost:80', '127.0.0.1', '[::1]:8', 'a b', 'h/x'),
  fields: fc.array(field, { maxLength: 5 }),
  body: fc.option(fc.stringMatching(/^[\x20-\x7e]{0,40}$/)),
  chunked: fc.boolean(),
})

test(
  'straight on node:http and through the app: the same answers, and the guests see the same requests',
  { timeout: 120_000 },
  async () => {
    let straight = 0
    await fc.assert(
      fc.asyncProperty(request, async ({ method, target: path, host, fields, body, chunked }) => {
        const lines = [...fields.map(([name, text]) => `${name}: ${text}`), 'Connection: close']
        const sent = body === null ? '' : chunked ? `${body.length > 0 ? `${body.length.toString(16)}\r\n${body}\r\n` : ''}0\r\n\r\n` : body
        if (body !== null) lines.push(chunked ? 'Transfer-Encoding: chunked' : `Content-Length: ${body.length}`)
        const text = `${method} ${path} HTTP/1.1\r\nHost: ${host}\r\n${lines.join('\r\n')}\r\n\r\n${sent}`
        const before = [direct.node.invoked.length, app.node.invoked.length] as const
        const [ours, theirs] = await Promise.all([raw(direct.server.port, text), raw(app.server.port, text)])
        expect(comparable(ours), text).toEqual(comparable(theirs))
        expect(direct.node.invoked.slice(before[0]), text).toEqual(app.node.invoked.slice(before[1]))
        straight += direct.node.invoked.length - before[0]
      }),
      { numRuns: 400 },
    )
    expect(straight).toBeGreaterThan(50)
  },
)

test('bytes of a body come through as they are, in one write or in many', async () => {
  const invoke = direct.node.invoke.bind(direct.node)
  try {
    for (const size of [0, 1, 255, 16 * 1024, 16 * 1024 + 1, 300_000]) {
      const bytes = Uint8Array.from({ length: size }, (_, i) => (i * 7) & 0xff)
      direct.node.invoke = async (name, given) => ({ ...(await invoke(name, given)), body: given.body })
      const answer = await fetch(`${direct.server.url}/fn/edge/`, { method: 'POST', body: bytes })
      expect(new Uint8Array(await answer.arrayBuffer())).toEqual(bytes)
      expect(answer.headers.get('content-length')).toBe(String(size))
    }
  } finally {
    direct.node.invoke = invoke
  }
})

test('a body of exactly the limit passes, one byte more does not, announced or not', { timeout: 60_000 }, async () => {
  const stream = (size: number): RequestInit & { duplex: 'half' } => {
    const chunk = new Uint8Array(1 << 20)
    let left = size
    const body = new ReadableStream<Uint8Array>(
      {
        pull(controller) {
          const take = Math.min(left, chunk.length)
          if (take === 0) return controller.close()
          left -= take
          controller.enqueue(chunk.subarray(0, take))
        },
      },
      { highWaterMark: 0 },
    )
    return { method: 'POST', body, duplex: 'half' }
  }
  const passed = await fetch(`${direct.server.url}/fn/edge/`, stream(LIMITS.bodyBytes))
  expect(await passed.text()).toBe(`POST / ${LIMITS.bodyBytes}`)
  const chunks = `${(1 << 20).toString(16)}\r\n${'x'.repeat(1 << 20)}\r\n`.repeat(64)
  const over = `POST /fn/edge/ HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n${chunks}1\r\nx\r\n0\r\n\r\n`
  const answer = await raw(direct.server.port, over)
  expect(answer).toMatch(/^HTTP\/1.1 413 /)
  expect(answer).toContain(`"used":${LIMITS.bodyBytes + 1}`)
  const told = await raw(direct.server.port, `POST /fn/edge/ HTTP/1.1\r\nHost: h\r\nContent-Length: ${LIMITS.bodyBytes + 1}\r\n\r\n`)
  expect(told).toMatch(/^HTTP\/1.1 413 /)
})

test('beyond the requests that may be in flight, one more is refused at once and told when to come again', async () => {
  const { node, server } = direct2
  const invoke = node.invoke.bind(node)
  let open = (): void => {}
  const gate = new Promise<void>((resolve) => (open = resolve))
  node.invoke = async (name, given) => {
    await gate
    return invoke(name, given)
  }
  await node.deploy({ name: 'other', component: simulatedComponent('function') })
  const send = (name: string): Promise<Response> => fetch(`${server.url}/fn/${name}/`)
  const waiting = [send('edge'), send('edge')]
  const refused = async (name: string, limit: string): Promise<void> => {
    const answer = await send(name)
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '1'])
    expect(await answer.json()).toMatchObject({ code: 'host_busy', limit })
  }
  await new Promise((resolve) => setTimeout(resolve, 100))
  await refused('edge', 'edgeRequestsPerGuest')
  waiting.push(send('other'))
  await new Promise((resolve) => setTimeout(resolve, 100))
  await refused('other', 'edgeRequests')
  open()
  for (const answer of waiting) expect((await answer).status).toBe(200)
  // Places come back, whatever the end.
  node.invoke = () => Promise.reject(new UtnetError('guest_trap', 'it trapped'))
  for (let i = 0; i < 10; i++) expect((await send('edge')).status).toBe(500)
  node.invoke = invoke
  expect((await send('edge')).status).toBe(200)
})

test('the limits of requests in flight: as many pass, one more does not', () => {
  const admission = new Admission()
  for (let i = 0; i < LIMITS.edgeRequestsPerGuest; i++) admission.enter('a')
  expect(() => admission.enter('a')).toThrow('edgeRequestsPerGuest')
  for (let i = LIMITS.edgeRequestsPerGuest; i < LIMITS.edgeRequests; i++) admission.enter('b')
  expect(() => admission.enter('c')).toThrow('edgeRequests')
  admission.leave('b')
  admission.enter('c')
})

const txField = fc.oneof(
  fc.tuple(
    fc.constantFrom('content-type'),
    fc.constantFrom(
      'application/vnd.ipld.dag-cbor',
      'application/cbor',
      'application/octet-stream',
      'APPLICATION/CBOR',
      'application/cbor; a=b',
      'text/plain',
      '',
    ),
  ),
  fc.tuple(fc.constantFrom('origin'), fc.constantFrom('http://127.0.0.1', 'http://evil.example', 'null')),
  fc.tuple(fc.constantFrom('want-content-digest'), fc.constantFrom('sha-256=1', 'sha-256=0')),
  fc.tuple(fc.constantFrom('x-request-id'), fc.constantFrom('r-1', 'bad id')),
  fc.tuple(fc.constantFrom('accept', 'user-agent', 'accept-encoding', 'accept-language', 'x-other'), fc.constantFrom('*/*', 'text/html')),
)
const txRequest = fc.record({
  method: fc.constantFrom('POST', 'POST', 'POST', 'POST', 'POST', 'PUT'),
  target: fc.constantFrom(
    ...Array.from({ length: 9 }, () => '/v1/transactions'),
    '/v1/transactions/',
    '/v1/transactions?x=1',
    '/v1/%74ransactions',
  ),
  host: fc.constantFrom('localhost:80', '127.0.0.1', '[::1]:8', '127.0.0.1:1', 'evil.example'),
  fields: fc.array(txField, { maxLength: 2, size: 'xsmall' }),
  body: fc.option(fc.tuple(fc.constantFrom('\x82', '\x82', '\x81'), fc.stringMatching(/^[\x20-\x7e\xa0-\xff]{0,60}$/)), { freq: 6 }),
  length: fc.constantFrom('true', 'true', 'true', 'chunked', 'wrong'),
})

test('signed transactions straight on node:http and through the app: the same answers, and the node is sent the same', async () => {
  const node = simulatedNode()
  const sent: string[] = []
  let quick = 0
  const submit = node.submit.bind(node)
  node.submit = (tx) => {
    sent.push(Buffer.from(tx).toString('latin1'))
    return submit(tx)
  }
  const counted = { submit: (tx: Uint8Array) => (quick++, node.submit(tx)) }
  const ours = await serve(createApp(node), { transactions: { node: counted } })
  const theirs = await serve(createApp(node))
  try {
    await fc.assert(
      fc.asyncProperty(txRequest, async ({ method, target: path, host, fields, body, length }) => {
        const bytes = (body ?? []).join('')
        const lines = [...fields.map(([name, text]) => `${name}: ${text}`), 'Connection: close']
        if (body !== null && length === 'chunked') lines.push('Transfer-Encoding: chunked')
        else if (body !== null) lines.push(`Content-Length: ${length === 'wrong' ? 'x' : bytes.length}`)
        const chunks = `${bytes.length.toString(16)}\r\n${bytes}\r\n0\r\n\r\n`
        const text = `${method} ${path} HTTP/1.1\r\nHost: ${host}\r\n${lines.join('\r\n')}\r\n\r\n${body !== null && length === 'chunked' ? chunks : bytes}`
        sent.length = 0
        const answer = await raw(ours.port, text)
        const first = sent.splice(0)
        expect(comparable(answer), text).toEqual(comparable(await raw(theirs.port, text)))
        expect(first, text).toEqual(sent)
      }),
      { numRuns: 200 },
    )
    expect(quick).toBeGreaterThan(10)
    for (const size of [LIMITS.txBytes, LIMITS.txBytes + 1]) {
      const before = quick
      const post = (server: GatewayServer): Promise<Response> =>
        fetch(`${server.url}/v1/transactions`, { method: 'POST', body: new Uint8Array(size).fill(0x82) })
      expect((await post(ours)).status).toBe(size > LIMITS.txBytes ? 413 : 202)
      expect((await post(theirs)).status).toBe(size > LIMITS.txBytes ? 413 : 202)
      // beyond the limit it is the app that refuses
      expect(quick - before).toBe(size > LIMITS.txBytes ? 0 : 1)
    }
  } finally {
    await Promise.all([ours.close(0), theirs.close(0)])
  }
})

test('a client that goes on sending after it is refused has its answer all the same', async () => {
  const part = Buffer.alloc(1 << 20)
  const answer = await new Promise<string>((resolve, reject) => {
    let text = ''
    let behind = 0
    const socket = connect(direct.server.port, '127.0.0.1')
    const send = (): void => {
      if (text.includes('}') && ++behind > 24) socket.end()
      else socket.write(part, () => setImmediate(send))
    }
    socket.setEncoding('latin1')
    socket.on('data', (chunk: string) => (text += chunk))
    socket.on('error', reject)
    socket.on('close', () => resolve(text))
    socket.write(`POST /fn/edge/ HTTP/1.1\r\nHost: h\r\nContent-Length: ${LIMITS.bodyBytes + 1}\r\n\r\n`)
    send()
  })
  expect(answer).toMatch(/^HTTP\/1.1 413 /)
  expect(answer).toContain('"code":"request_too_large"')
})

test('an answer is the same by a promise or told, at once or later; each gives its place back', async () => {
  const admission = new Admission({ requests: 1, perGuest: 1 })
  const node = simulatedNode()
  await node.deploy({ name: 'edge', component: simulatedComponent('function') })
  let way = ''
  const server = await serve(createApp(node, { admission }), {
    functions: {
      admission,
      node: {
        invoke(name, request, asker) {
          const answering =
            request.path === '/bad'
              ? Promise.reject(new UtnetError('guest_trap', 'it trapped'))
              : Promise.resolve(request.path === '/odd' ? odd : known)
          if (way === 'promise') return answering
          // What is told at once is told before this call has come back.
          if (way === 'at once' && request.path === '/bad') asker.failed(new UtnetError('guest_trap', 'it trapped'))
          else if (way === 'at once') asker.answered(request.path === '/odd' ? odd : known)
          else
            answering.then(
              (answer) => asker.answered(answer),
              (error) => asker.failed(error),
            )
          answering.catch(() => undefined)
          return undefined
        },
      },
    },
  })
  const known = await node.invoke('edge', { method: 'GET', path: '/good', headers: [['host', 'h']], body: new Uint8Array(0) })
  // HTTP has no place for it
  const odd = { ...known, status: 99 }
  try {
    for (const [path, status] of [
      ['good', 'HTTP/1.1 200 OK'],
      ['bad', 'HTTP/1.1 500 Internal Server Error'],
      ['odd', 'HTTP/1.1 500 Internal Server Error'],
    ] as const) {
      const answers: unknown[] = []
      for (way of ['promise', 'later', 'at once']) {
        const text = `GET /fn/edge/${path} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n`
        answers.push(comparable(await raw(server.port, text)))
        expect(admission.count).toBe(0)
      }
      expect(answers).toEqual([answers[0], answers[0], answers[0]])
      expect(answers[0]).toMatchObject({ status })
    }
  } finally {
    await server.close(0)
  }
})

test('a refusal behind a body that has come keeps its connection; the operator is told of faults of the node alone', async () => {
  const told: unknown[] = []
  const faults: Record<string, UtnetError> = {
    '/trap': new UtnetError('guest_trap', 'it trapped'),
    '/disk': new UtnetError('disk_failed', 'no room'),
  }
  const server = await serve(createApp(simulatedNode()), {
    functions: {
      onError: (error) => told.push(error),
      node: { invoke: (_, { path }) => Promise.reject(faults[path]) },
    },
  })
  try {
    const ask = (path: string, more = ''): string => `POST /fn/edge/${path} HTTP/1.1\r\nHost: h\r\n${more}Content-Length: 3\r\n\r\nabc`
    const answers = await raw(server.port, ask('trap') + ask('disk') + ask('trap', 'Connection: close\r\n'))
    expect(answers.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 500', 'HTTP/1.1 503', 'HTTP/1.1 500'])
    expect(told).toEqual([faults['/disk']])
  } finally {
    await server.close(0)
  }
})
