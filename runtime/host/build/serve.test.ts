import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
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

let dir = ''
let server: ChildProcess | undefined
let url = ''
let built: BuiltGuest
let whyNot = ''

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

async function started(child: ChildProcess): Promise<string> {
  let output = ''
  let gone = false
  child.stdout?.on('data', (chunk: Buffer) => (output += chunk.toString()))
  child.stderr?.on('data', (chunk: Buffer) => (output += chunk.toString()))
  child.on('exit', () => (gone = true))
  for (let i = 0; i < 300; i++) {
    if (output.includes('Server listening')) return ''
    if (gone) break
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  return `jco serve did not start: ${output}`
}

beforeAll(async () => {
  built = await buildText('function', { 'index.ts': SOURCE }, 'echo')
  dir = await mkdtemp(join(tmpdir(), 'utnet-serve-'))
  await writeFile(join(dir, 'echo.wasm'), built.component)
  const port = await freePort()
  const jco = fileURLToPath(new URL('../../../node_modules/@bytecodealliance/jco/src/jco.js', import.meta.url))
  server = spawn(process.execPath, [jco, 'serve', '--host', '127.0.0.1', '--port', String(port), 'echo.wasm'], {
    cwd: dir,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  url = `http://127.0.0.1:${port}`
  whyNot = await started(server)
}, 60_000)

afterAll(async () => {
  server?.kill('SIGKILL')
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

test('a GET under jco serve', async (context) => {
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
    expect([answer.status, answer.headers.get('content-type'), answer.headers.get('x-path')]).toEqual([201, 'application/x-thing', '/echo'])
    expect(Buffer.from(await answer.arrayBuffer()).equals(body)).toBe(true)
  }
})

test('one instance serves on past its garbage collections', async (context) => {
  if (whyNot !== '') context.skip(whyNot)
  for (let i = 0; i < 70; i++) {
    const answer = await fetch(url, { method: 'POST', body: `body ${i}` })
    expect(await answer.text()).toBe(`body ${i}`)
  }
})
