import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { beforeAll, expect, test } from 'vitest'
import { buildGuest } from '../../../runtime/host/build/index.ts'
import { coreModule } from '../../../runtime/host/build/testing/core.ts'
import { Component } from './testing/component.ts'
import { canWait } from './testing/models.ts'

const images = new URL('../../../examples/images/', import.meta.url)
const dir = fileURLToPath(new URL('./', import.meta.url))

let component: Uint8Array
let module: WebAssembly.Module
beforeAll(async () => {
  component = (await buildGuest({ dir })).component
  module = await WebAssembly.compile(coreModule(component))
}, 120_000)

test('asks the node for nothing but HTTP and inference', () => {
  expect([...new Set(WebAssembly.Module.imports(module).map((i) => i.module))].toSorted()).toEqual([
    'utnet:host/tensor@0.1.0',
    'wasi:http/types@0.2.3',
    'wasi:io/streams@0.2.3',
  ])
  expect(component.length).toBeLessThan(128 * 1024)
})

test.skipIf(!canWait)('POST of an image answers its text', async () => {
  const guest = new Component(module)
  const expected = JSON.parse(await readFile(new URL('expected.json', images), 'utf8')) as Record<string, string>
  for (const [name, text] of Object.entries(expected)) {
    const { status, headers, body } = await guest.request('POST', await readFile(new URL(name, images)))
    expect([status, headers['content-type']]).toEqual([200, 'application/json'])
    expect(JSON.parse(body)).toMatchObject({ text, rotated: name === 'rotated.png' })
  }
})

test.skipIf(!canWait)('what is not a PNG is the fault of the caller', async () => {
  const guest = new Component(module)
  const file = await readFile(new URL('clean.png', images))
  const flipped = Uint8Array.from(file, (byte, i) => (i === 300 ? byte ^ 1 : byte))
  for (const body of [new Uint8Array(0), new TextEncoder().encode('hello'), file.subarray(0, -20), flipped]) {
    const answer = await guest.request('POST', body)
    expect([answer.status, answer.headers['content-type']]).toEqual([400, 'application/json'])
    expect(JSON.parse(answer.body)).toEqual({ error: expect.stringMatching(/./), code: 'png_invalid' })
  }
  expect(guest.inferences).toEqual([])
})

test.skipIf(!canWait)('GET tells how to use it, other methods are refused', async () => {
  const guest = new Component(module)
  const usage = await guest.request('GET')
  expect([usage.status, usage.headers['content-type'], usage.body]).toEqual([
    200,
    'text/plain; charset=utf-8',
    expect.stringMatching(/^POST a PNG image.*\n$/),
  ])
  for (const method of ['PUT', 'DELETE', 'PATCH', 'OPTIONS']) {
    const answer = await guest.request(method, Uint8Array.of(1))
    expect([answer.status, answer.headers['allow']]).toEqual([405, 'GET, HEAD, POST'])
    expect(JSON.parse(answer.body)).toMatchObject({ code: 'method_not_allowed' })
  }
})

test.skipIf(!canWait)('a failed inference is a bad gateway', async () => {
  const guest = new Component(module)
  guest.refusal = 'model "ppocr-cls" is not deployed'
  const answer = await guest.request('POST', await readFile(new URL('clean.png', images)))
  expect(answer.status).toBe(502)
  expect(JSON.parse(answer.body)).toEqual({ error: guest.refusal, code: 'inference_failed' })
})

test.skipIf(!canWait)('an instance that is kept does not grow', async () => {
  const guest = new Component(module)
  const page = await readFile(new URL('page.png', images))
  for (let i = 0; i < 4; i++) await guest.request('POST', page)
  const after = guest.memory.length
  const small = await readFile(new URL('clean.png', images))
  for (let i = 0; i < 40; i++) await guest.request('POST', i % 10 === 0 ? page : small)
  expect(guest.memory.length).toBeLessThanOrEqual(2 * after)
})
