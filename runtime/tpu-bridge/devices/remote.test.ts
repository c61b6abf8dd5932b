import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { deviceCompliance } from '../../../test/compliance/device.ts'
import { division, identity, twoOutputs } from '../../../test/compliance/onnx-models.ts'
import { fileCid, type NamedTensor, type UtnetError } from '../../core/index.ts'
import { startTestNode, type TestNode } from '../../node/testing.ts'
import type { Device } from '../device.ts'
import { onnxWeb } from './onnx-web.ts'
import { rechecked } from './rechecked.ts'
import { remote } from './remote.ts'

const f32 = (name: string, shape: readonly number[], ...values: number[]): NamedTensor => ({
  name,
  dtype: 'f32',
  shape,
  data: new Uint8Array(Float32Array.from(values).buffer),
})
const floats = (t: NamedTensor | undefined): number[] => [...new Float32Array(new Uint8Array((t as NamedTensor).data).buffer)]
const A = f32('a', [3], 6, -1, 0)
const B = f32('b', [3], 3, 2, 0)
const DIVISION = division()

// our own gateway is one server of the protocol

let node: TestNode
beforeAll(async () => {
  node = await startTestNode()
  await node.api.putModel('division', DIVISION)
  await node.api.putModel('two', twoOutputs())
})
afterAll(() => node.close())

/** A device whose server has each model before it is asked; what the server refuses to have is left to the device to find out. */
function hosted(device: Device): Device {
  return {
    ...device,
    async load(bytes, model) {
      await node.api.putModel(model.toString(), new Uint8Array(bytes)).catch(() => {})
      return device.load(bytes, model)
    },
  }
}

deviceCompliance('remote, against our own gateway', () => hosted(remote({ url: node.url })), { id: 'remote', class: 'unchecked' })
deviceCompliance('remote, rechecked', () => hosted(rechecked(remote({ url: node.url }), onnxWeb())), { id: 'remote', class: 'bounded' })

test('a remote device runs models of any server of the protocol, by name, with canonical NaNs', async () => {
  const device = remote({ url: node.url, nameOf: () => 'division' })
  expect([device.id, device.class, device.arithmetic]).toEqual([
    'remote',
    'unchecked',
    `unchecked:open-inference-v2:${new URL(node.url).host}`,
  ])
  expect(await device.available()).toBe(true)
  const loaded = await device.load(DIVISION, fileCid(DIVISION))
  expect(loaded.inputs).toEqual([
    { name: 'a', dtype: 'f32', shape: [-1] },
    { name: 'b', dtype: 'f32', shape: [-1] },
  ])
  const [y] = await loaded.run([B, A])
  expect([...new Uint32Array(new Uint8Array((y as NamedTensor).data).buffer)]).toEqual([0x40000000, 0xbf000000, 0x7fc00000])
  await expect(loaded.run([A])).rejects.toMatchObject({ code: 'tensor_input' })
  expect(await loaded.verified([A, B])).toMatchObject({ arithmetic: device.arithmetic, entries: 0, checkpoints: [] })
  await loaded.close()
})

test('a model that the server lacks, or has as another one, is refused', async () => {
  const code = (nameOf: () => string) =>
    remote({ url: node.url, nameOf })
      .load(DIVISION, fileCid(DIVISION))
      .then(
        () => 'loaded',
        (error: unknown) => (error as UtnetError).code,
      )
  expect(await code(() => 'nowhere')).toBe('model_invalid')
  expect(await code(() => 'two')).toBe('model_invalid')
  expect(await code(() => '../../fn/x')).toBe('model_invalid')
  expect(() => remote({ url: 'ftp://x' })).toThrow(expect.objectContaining({ code: 'core_bad_argument' }))
})

test('rechecked by an exact device its class is bounded, and a wrong answer is the device’s failure', async () => {
  const device = rechecked(remote({ url: node.url, nameOf: () => 'division' }), onnxWeb())
  expect([device.class, device.arithmetic.split(':')[0]]).toEqual(['bounded', 'bounded'])
  const loaded = await device.load(DIVISION, fileCid(DIVISION))
  expect(floats((await loaded.run([A, B]))[0])).toEqual([2, -0.5, Number.NaN])
  await loaded.close()
  const liar = await openFaulty()
  liar.answer = (value) => value.map((v, i) => (i === 1 ? v * 1.01 : v))
  const lying = rechecked(remote({ url: liar.url, nameOf: () => 'division' }), onnxWeb())
  const model = await lying.load(DIVISION, fileCid(DIVISION))
  await expect(model.run([f32('a', [2], 1, 1), f32('b', [2], 1, 1)])).rejects.toMatchObject({ code: 'device_failed' })
  liar.answer = (value) => value.map((v) => v * (1 + 2 ** -12))
  expect(floats((await model.run([f32('a', [2], 1, 1), f32('b', [2], 1, 1)]))[0])).toEqual([1 + 2 ** -12, 1 + 2 ** -12])
  await liar.close()
})

// a server that is at fault in every way

interface Faulty {
  readonly url: string
  /** Changes what it answers. */
  answer: (values: readonly number[]) => readonly number[]
  /** Takes the whole response over. */
  fault: ((response: ServerResponse) => void) | undefined
  close(): Promise<void>
}

async function openFaulty(): Promise<Faulty> {
  const spec = (name: string) => ({ name, datatype: 'FP32', shape: [-1] })
  const say = (response: ServerResponse, document: unknown): void =>
    void response.setHeader('content-type', 'application/json').end(JSON.stringify(document))
  const read = async (request: IncomingMessage): Promise<{ inputs: { name: string; data: number[] }[] }> => {
    const parts: Buffer[] = []
    for await (const part of request as AsyncIterable<Buffer>) parts.push(part)
    return JSON.parse(Buffer.concat(parts).toString()) as never
  }
  const server: Server = createServer((request, response) => {
    void (async () => {
      if (request.url === '/v2') return say(response, { name: 'faulty', version: '1', extensions: [] })
      if (request.url === '/v2/health/ready') return response.end()
      if (request.method === 'GET') return say(response, { name: 'division', inputs: [spec('a'), spec('b')], outputs: [spec('y')] })
      const { inputs } = await read(request)
      if (self.fault !== undefined) return self.fault(response)
      const [a, b] = ['a', 'b'].map((name) => inputs.find((t) => t.name === name)?.data ?? [])
      const data = self.answer((a as number[]).map((v, i) => v / (b as number[])[i]!))
      return say(response, {
        outputs: [{ name: 'y', datatype: 'FP32', shape: [data.length], data: data.map((v) => (Number.isNaN(v) ? 'NaN' : v)) }],
      })
    })().catch((error: unknown) => response.destroy(error as Error))
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const self: Faulty = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    answer: (values) => values,
    fault: undefined,
    close: async () => {
      server.closeAllConnections()
      await new Promise((done) => server.close(done))
    },
  }
  return self
}

test('U5.1-VRT-1: every fault of a server is a coded refusal within the deadline, and the next run is served', async () => {
  const server = await openFaulty()
  const device = remote({ url: server.url, nameOf: () => 'division', deadlineMs: 300 })
  const loaded = await device.load(DIVISION, fileCid(DIVISION))
  const outputs =
    (...list: unknown[]) =>
    (response: ServerResponse) =>
      void response.end(JSON.stringify({ outputs: list }))
  const y = { name: 'y', datatype: 'FP32', shape: [3], data: [1, 2, 3] }
  const faults: readonly (readonly [string, string, (response: ServerResponse) => void])[] = [
    ['no answer', 'device_failed', () => {}],
    ['half an answer, then nothing', 'device_failed', (r) => void r.write('{"outputs":[')],
    ['broken off', 'device_failed', (r) => (r.write('{"outputs":['), setTimeout(() => r.destroy(), 20), undefined)],
    ['500', 'device_failed', (r) => void r.writeHead(500).end('{"error":"out of memory"}')],
    ['503 without a word', 'device_failed', (r) => void r.writeHead(503).end()],
    ['400', 'tensor_input', (r) => void r.writeHead(400).end('{"error":"shape"}')],
    ['a redirect', 'device_failed', (r) => void r.writeHead(302, { location: 'http://127.0.0.1:1/' }).end()],
    ['no JSON', 'device_failed', (r) => void r.end('<html>')],
    ['JSON that is no answer', 'device_failed', (r) => void r.end('[1]')],
    ['no outputs', 'device_failed', outputs()],
    ['another output', 'device_failed', outputs({ ...y, name: 'z' })],
    ['twice the output', 'device_failed', outputs(y, y)],
    ['another dtype', 'device_failed', outputs({ ...y, datatype: 'FP64' })],
    ['another rank', 'device_failed', outputs({ ...y, shape: [3, 1] })],
    ['too few elements', 'device_failed', outputs({ ...y, data: [1, 2] })],
    ['a shape past the limit', 'device_failed', outputs({ ...y, shape: [1 << 25], data: [] })],
    ['text for a number', 'device_failed', outputs({ ...y, data: [1, 2, '3'] })],
    [
      'binary data that is not there',
      'device_failed',
      outputs({ name: 'y', datatype: 'FP32', shape: [3], parameters: { binary_data_size: 12 } }),
    ],
    ['a length that lies', 'device_failed', (r) => void r.setHeader('inference-header-content-length', '99').end('{}')],
  ]
  for (const [what, code, fault] of faults) {
    server.fault = fault
    const error = await loaded.run([A, B]).then(
      () => undefined,
      (thrown: unknown) => thrown as UtnetError,
    )
    expect({ what, code: error?.code }).toEqual({ what, code })
  }
  server.fault = undefined
  expect(floats((await loaded.run([A, B]))[0])).toEqual([2, -0.5, Number.NaN])
  await server.close()
  await expect(loaded.run([A, B])).rejects.toMatchObject({ code: 'device_failed' })
  expect(await device.available()).toMatchObject({ code: 'device_failed' })
  expect(
    await remote({ url: 'http://127.0.0.1:9' })
      .load(identity(1, [1]), fileCid(identity(1, [1])))
      .catch((e: UtnetError) => e.code),
  ).toBe('device_failed')
})
