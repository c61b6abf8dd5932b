/** A device process that a model has taken over: whatever it sends, the node ends it, and goes on. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeEach, expect, test, vi } from 'vitest'
import { identity, ONNX_TYPE } from '../../../test/compliance/onnx-models.ts'
import { fileCid } from '../../core/index.ts'
import { threaded } from './threaded.ts'

const folder = mkdtempSync(join(tmpdir(), 'utnet-hostile-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const program = join(folder, 'hostile.mjs')

/** A program that answers requests by the lines, whose `send` writes a message and `raw` bytes. */
function hostile(answer: string): void {
  writeFileSync(
    program,
    `import { closeSync, readSync, writeSync } from 'node:fs'
    import { FrameReader, framed } from ${JSON.stringify(new URL('./frames.ts', import.meta.url).href)}
    const frames = new FrameReader()
    function next() {
      for (;;) {
        const bytes = readSync(3, frames.room())
        if (bytes === 0) process.exit()
        const found = frames.filled(bytes)
        if (found) return found.message
      }
    }
    const raw = (...bytes) => writeSync(3, Buffer.from(bytes))
    const send = (message) => framed(message).forEach((piece) => writeSync(3, piece))
    const withHead = (text) => { raw(text.length & 255, text.length >> 8, 0, 0); raw(...Buffer.from(text)) }
    const spec = { name: 'x', dtype: 'f32', shape: [1] }
    const loaded = (id) => send({ id, ok: { handle: 1, inputs: [spec], outputs: [spec], bytes: 1 } })
    next()
    for (;;) {
      const { id, request } = next()
      ${answer}
    }`,
  )
}
vi.mock(import('./location.ts'), async (original) => ({ ...(await original()), deviceProcessUrl: () => pathToFileURL(program) }))

const device = threaded('onnx-cpu')
afterAll(() => device.close())
beforeEach(() => device.close())
const model = identity(ONNX_TYPE.f32, [1])
const load = () => device.load(model, fileCid(model))
const input = { name: 'x', dtype: 'f32', shape: [1], data: new Uint8Array(4) } as const
const failed = (message: string) => expect.objectContaining({ code: 'device_failed', message: expect.stringContaining(message) })

test.each([
  ['a head of 4 GiB', 'raw(255, 255, 255, 255)', 'deviceHeadBytes'],
  ['no head', 'raw(0, 0, 0, 0)', 'no head'],
  ['text', "withHead('hello')", 'not JSON'],
  ['a part of less than nothing', 'withHead(\'{"parts":[-1],"message":0}\')', 'length'],
  ['a part of 1 TiB', 'withHead(\'{"parts":[1099511627776],"message":0}\')', 'tensorElements'],
  ['another number', 'loaded(99)', 'number 99'],
  ['no reply', 'send(null)', 'reply'],
  ['no model', 'send({ id, ok: true })', 'model'],
  ['an error that there is none of', "send({ id, error: { code: 'toString', message: '', extra: {} } })", 'code'],
  ['half a frame, and ends', 'withHead(\'{"parts":[9],"message":0}\'); raw(1, 2); process.exit(7)', 'ended'],
  ['nothing, and closes the pipe', 'closeSync(3); setInterval(() => {}, 1000); await new Promise(() => {})', 'ended'],
])('a process that answers a request with %s is ended', async (_, answer, message) => {
  hostile(answer)
  await expect(load()).rejects.toEqual(failed(message))
})

test.each([
  ['of fewer bytes than its shape has', "[{ name: 'y', dtype: 'f32', shape: [2], data: new Uint8Array(4) }]", 'needs 8 bytes'],
  ['of more elements than there may be', "[{ name: 'y', dtype: 'f32', shape: [1 << 25], data: new Uint8Array(4) }]", 'tensorElements'],
  ['of no dtype', "[{ name: 'y', dtype: 'f16', shape: [2], data: new Uint8Array(4) }]", 'dtype'],
  ['without data', "[{ name: 'y', dtype: 'f32', shape: [1], data: 'abcd' }]", 'data'],
  ['that are no list', '{ length: 1 }', 'tensors'],
])('a process that answers a run with outputs %s is ended', async (_, outputs, message) => {
  hostile(`if (request.op === 'load') loaded(id); else send({ id, ok: ${outputs} })`)
  const loaded = await load()
  expect(loaded.gone?.()).toBe(false)
  await expect(loaded.run([input])).rejects.toEqual(failed(message))
  expect(loaded.gone?.()).toBe(true)
})

test('a process that speaks unasked is ended at its first byte: it cannot fill memory of the node', async () => {
  hostile('loaded(id); await new Promise((resolve) => setTimeout(resolve, 200)); raw(1); next()')
  const loaded = await load()
  while (loaded.gone?.() !== true) await new Promise((resolve) => setTimeout(resolve, 5))
  await expect(loaded.run([input])).rejects.toEqual(failed('was restarted'))
})
