import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { LIMITS, utf8 } from '../../core/index.ts'
import { createHost } from '../linked/index.ts'
import { memoryFiles } from '../testing/host.ts'
import { printComponentWit } from './index.ts'
import type { BuiltGuest } from './index.ts'
import { buildText } from './testing/guests.ts'

const SOURCE = `
import { Request, Response } from '@utnet/sdk/http'
import { JsonWriter } from '@utnet/sdk/json'

export function handle(request: Request): Response {
  if (request.method == 'POST') {
    const type = request.header('content-type')
    return new Response(201).header('content-type', type === null ? 'none' : type).header('x-path', request.path).bytes(request.body())
  }
  const json = new JsonWriter().beginObject().key('method').string(request.method).key('path').string(request.path).key('hello').string('wörld 😀')
  const headers = request.headers
  json.key('names').beginArray()
  for (let i = 0; i < headers.length; i++) if (headers[i].name.startsWith('x-')) json.string(headers[i].value)
  return new Response().json(json.endArray().endObject().toString())
}
`

/** Other hosts of wasi:http: what starts one on a port in the folder of the component, or why there is none. */
interface Server {
  readonly name: string
  readonly command: (port: number) => readonly [string, ...string[]]
  /** What it says when it answers. */
  readonly ready: string
  readonly missing?: string
}

const jco = fileURLToPath(new URL('../../../node_modules/@bytecodealliance/jco/src/jco.js', import.meta.url))

/** The command line of wasmtime: named by WASMTIME, or on the PATH. */
function wasmtime(): string | undefined {
  const candidates = [process.env['WASMTIME'], ...(process.env['PATH'] ?? '').split(delimiter).map((folder) => join(folder, 'wasmtime'))]
  return candidates.find((path) => path !== undefined && path !== '' && existsSync(path))
}

const found = wasmtime()

const SERVERS: readonly Server[] = [
  {
    name: 'jco serve',
    command: (port) => [process.execPath, jco, 'serve', '--host', '127.0.0.1', '--port', String(port), 'echo.wasm'],
    ready: 'Server listening',
  },
  {
    name: 'wasmtime serve',
    command: (port) => [found ?? 'wasmtime', 'serve', '--addr', `127.0.0.1:${port}`, 'echo.wasm'],
    ready: 'Serving HTTP',
    ...(found === undefined ? { missing: 'no wasmtime on the PATH or in WASMTIME' } : {}),
  },
]

let dir = ''
let built: BuiltGuest

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer()
    probe.on('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as AddressInfo
      probe.close(() => resolve(port))
    })
  })
}

/** Empty when it answers, else why it does not. */
async function started(child: ChildProcess, { name, ready }: Server): Promise<string> {
  let output = ''
  let gone = false
  child.on('error', (error) => {
    output += String(error)
    gone = true
  })
  child.stdout?.on('data', (chunk: Buffer) => (output += chunk.toString()))
  child.stderr?.on('data', (chunk: Buffer) => (output += chunk.toString()))
  child.on('exit', () => (gone = true))
  for (let i = 0; i < 300; i++) {
    if (output.includes(ready)) return ''
    if (gone) break
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  return `${name} did not start: ${output}`
}

beforeAll(async () => {
  built = await buildText('function', { 'index.ts': SOURCE }, 'echo')
  dir = await mkdtemp(join(tmpdir(), 'utnet-serve-'))
  await writeFile(join(dir, 'echo.wasm'), built.component)
}, 60_000)

afterAll(async () => {
  if (dir !== '') await rm(dir, { recursive: true, force: true })
})

test('the world of a function is wasi:http, and it imports only what it uses', async () => {
  expect(await printComponentWit(built.component)).toContain(`world root {
  import wasi:io/error@0.2.3;
  import wasi:io/streams@0.2.3;
  import wasi:http/types@0.2.3;

  export wasi:http/incoming-handler@0.2.3;
}`)
})

interface Answer {
  readonly status: number
  readonly type: string | null
  readonly path: string | null
  readonly body: Buffer
}

/** The same request to our own host. */
async function own(method: string, path: string, headers: Readonly<Record<string, string>>, body: Uint8Array): Promise<Answer> {
  const host = createHost({ files: memoryFiles() })
  const { module } = await host.admit(built.component)
  const fields = Object.entries(headers).map(([name, value]) => [name, utf8(value)] as const)
  const { response } = await host.invoke({
    module,
    request: { method, path, headers: fields, body },
    context: { time: 0, height: 0, seed: new Uint8Array(32) },
    gasLimit: BigInt(LIMITS.invokeGas),
  })
  const field = (wanted: string): string | null => {
    const value = response.headers.find(([name]) => name === wanted)?.[1]
    return value === undefined ? null : Buffer.from(value).toString('latin1')
  }
  return { status: response.status, type: field('content-type'), path: field('x-path'), body: Buffer.from(response.body) }
}

describe.each(SERVERS)('under $name', (kind) => {
  let server: ChildProcess | undefined
  let url = ''
  let whyNot = kind.missing ?? ''

  beforeAll(async () => {
    if (whyNot !== '') return
    const port = await freePort()
    const [command, ...args] = kind.command(port)
    server = spawn(command, args, { cwd: dir, stdio: ['ignore', 'pipe', 'pipe'] })
    url = `http://127.0.0.1:${port}`
    whyNot = await started(server, kind)
  }, 60_000)

  afterAll(() => {
    server?.kill('SIGKILL')
  })

  test('a GET', async (context) => {
    if (whyNot !== '') context.skip(whyNot)
    const answer = await fetch(`${url}/a/b?c=d`, { headers: { 'x-one': 'eins' } })
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'application/json'])
    expect(await answer.json()).toEqual({ method: 'GET', path: '/a/b?c=d', hello: 'wörld 😀', names: ['eins'] })
  })

  test('POSTs of 0 to 300,000 bytes come back the same', async (context) => {
    if (whyNot !== '') context.skip(whyNot)
    for (const size of [0, 3, 5000, 300_000]) {
      const body = randomBytes(size)
      const answer = await fetch(`${url}/echo`, { method: 'POST', body, headers: { 'content-type': 'application/x-thing' } })
      expect([answer.status, answer.headers.get('content-type'), answer.headers.get('x-path')]).toEqual([
        201,
        'application/x-thing',
        '/echo',
      ])
      expect(Buffer.from(await answer.arrayBuffer()).equals(body)).toBe(true)
    }
  })

  test('its answers are those of our own host, byte for byte', async (context) => {
    if (whyNot !== '') context.skip(whyNot)
    const asked = [
      ['GET', '/', {}, ''],
      ['GET', '/%C3%BC?q=%20', { 'x-one': 'a, b', 'x-two': '' }, ''],
      ['DELETE', '/gone', { 'x-three': '~' }, ''],
      ['POST', '/posted', { 'content-type': 'text/plain; charset=utf-8' }, 'häßlich'],
    ] as const
    for (const [method, path, headers, text] of asked) {
      const body = utf8(text)
      const answer = await fetch(`${url}${path}`, {
        method,
        headers,
        ...(body.length === 0 ? {} : { body: body as Uint8Array<ArrayBuffer> }),
      })
      const theirs: Answer = {
        status: answer.status,
        type: answer.headers.get('content-type'),
        path: answer.headers.get('x-path'),
        body: Buffer.from(await answer.arrayBuffer()),
      }
      expect(theirs, `${method} ${path}`).toEqual(await own(method, path, headers, body))
    }
  })

  test('it serves on past garbage collections', async (context) => {
    if (whyNot !== '') context.skip(whyNot)
    for (let i = 0; i < 70; i++) {
      const answer = await fetch(url, { method: 'POST', body: `body ${i}` })
      expect(await answer.text()).toBe(`body ${i}`)
    }
  })
})
