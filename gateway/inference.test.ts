import { expect, test } from 'vitest'
import { createApp } from './app.ts'
import { LIMITS, tensorJson, type NamedTensor } from '../runtime/core/index.ts'
import { simulatedNode } from './testing/simulated-node.ts'
import { parseReceipt } from './wire/index.ts'

const INPUT = {
  name: 'x',
  shape: [2, 2],
  datatype: 'FP32',
  data: [
    [1, -0],
    [0.1, 3],
  ],
}

async function open() {
  const node = simulatedNode()
  const app = createApp(node)
  await node.putModel('double', new TextEncoder().encode('ONNX'))
  const infer = async (body: unknown, headers: Record<string, string> = {}, model = 'double'): Promise<Response> =>
    app.request(`/v2/models/${model}/infer`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    })
  return { node, app, infer }
}

test('health and metadata as the protocol has them', async () => {
  const { node, app } = await open()
  const get = async (path: string): Promise<unknown> => (await app.request(path)).json()
  expect(await get('/v2/health/live')).toEqual({ live: true })
  expect(await get('/v2/health/ready')).toEqual({ ready: true })
  expect(await get('/v2')).toEqual({ name: 'utnet', version: '0.1.0', extensions: ['binary_tensor_data'] })
  expect(await get('/v2/models/double')).toMatchObject({
    name: 'double',
    platform: 'onnx',
    versions: [expect.any(String)],
    inputs: [{ name: 'x', datatype: 'FP32', shape: [-1] }],
    outputs: [{ name: 'y', datatype: 'FP32', shape: [-1] }],
  })
  expect(await get('/v2/models/double/ready')).toEqual({ name: 'double', ready: true })
  node.isReady = false
  expect((await app.request('/v2/health/ready')).status).toBe(503)
  expect((await app.request('/v2/models/none/ready')).status).toBe(404)
})

test('a version is named as the metadata name it, and no other', async () => {
  const { app } = await open()
  const model = '/v2/models/double'
  const { versions } = (await (await app.request(model)).json()) as { versions: string[] }
  const at = (version: string | undefined) => `${model}/versions/${version}`
  const inference = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ inputs: [INPUT] }) }
  for (const [path, init] of [
    ['', {}],
    ['/ready', {}],
    ['/infer', inference],
  ] as const) {
    expect(await (await app.request(at(versions[0]) + path, init)).json()).toEqual(
      path === '/infer' ? expect.objectContaining({ model_version: versions[0] }) : await (await app.request(model + path, init)).json(),
    )
    const other = await app.request(`${at('1')}${path}`, init)
    expect([other.status, await other.json()]).toMatchObject([404, { code: 'model_not_found' }])
  }
})

test('infer: nested in, flat out, signs kept, with a receipt', async () => {
  const { infer } = await open()
  const response = await infer(
    JSON.stringify({ id: 'q1', inputs: [INPUT], parameters: { unknown: 1, arithmetic: 'exact' } }).replace('[1,0]', '[1,-0]'),
  )
  expect(response.status).toBe(200)
  expect(parseReceipt(response.headers.get('utnet-receipt') ?? '').attestation.length).toBeGreaterThan(0)
  const text = await response.text()
  expect(text).toContain(`"data":[2,-0,${Math.fround(0.1) * 2},6]`)
  expect(JSON.parse(text)).toMatchObject({
    id: 'q1',
    model_name: 'double',
    parameters: { arithmetic: 'simulated-exact' },
    outputs: [{ name: 'y', datatype: 'FP32', shape: [2, 2] }],
  })
})

test('binary tensors behind the JSON, in and out, as the extension has them', async () => {
  const { app } = await open()
  const data = new Uint8Array(Float32Array.of(1, -0, 0.5, 3).buffer)
  const send = async (body: Record<string, unknown>, behind: Uint8Array): Promise<Response> => {
    const head = new TextEncoder().encode(JSON.stringify(body))
    return app.request('/v2/models/double/infer', {
      method: 'POST',
      headers: { 'content-type': 'application/octet-stream', 'inference-header-content-length': String(head.length) },
      body: Buffer.concat([head, behind]),
    })
  }
  const input = { name: 'x', datatype: 'FP32', shape: [2, 2], parameters: { binary_data_size: 16 } }
  const response = await send({ inputs: [input], outputs: [{ name: 'y', parameters: { binary_data: true } }] }, data)
  expect(response.status).toBe(200)
  const length = Number(response.headers.get('inference-header-content-length'))
  const body = new Uint8Array(await response.arrayBuffer())
  expect(response.headers.get('content-length')).toBe(String(body.length))
  expect(JSON.parse(new TextDecoder().decode(body.subarray(0, length)))).toMatchObject({
    outputs: [{ name: 'y', datatype: 'FP32', shape: [2, 2], parameters: { binary_data_size: 16 } }],
  })
  expect([...new Float32Array(body.slice(length).buffer)]).toEqual([2, -0, 1, 6])
  // as tritonclient sends it: no type
  const untyped = await app.request('/v2/models/double/infer', {
    method: 'POST',
    headers: { 'inference-header-content-length': String(JSON.stringify({ inputs: [input] }).length) },
    body: Buffer.concat([Buffer.from(JSON.stringify({ inputs: [input] })), data]),
  })
  expect(await untyped.json()).toMatchObject({ outputs: [{ data: [2, -0, 1, 6] }] })
  const plain = (await (await send({ inputs: [input] }, data)).json()) as { outputs: unknown[] }
  expect(plain.outputs).toMatchObject([{ data: [2, -0, 1, 6] }])
  expect((await send({ inputs: [input], parameters: { binary_data_output: 1 } }, data)).status).toBe(400)
  expect((await send({ inputs: [input] }, data.subarray(1))).status).toBe(400)
})

test('only the outputs asked for come back', async () => {
  const { infer } = await open()
  const two = [INPUT, { ...INPUT, name: 'z' }]
  const one = (await (await infer({ inputs: two, outputs: [{ name: 'y1' }] })).json()) as { outputs: { name: string }[] }
  expect(one.outputs.map((o) => o.name)).toEqual(['y1'])
  expect(await (await infer({ inputs: two, outputs: [{ name: 'none' }] })).json()).toMatchObject({ code: 'tensor_input' })
})

test('errors are problems that also carry the member of the protocol', async () => {
  const { app, infer } = await open()
  for (const [response, status, code] of [
    [await infer({ inputs: [INPUT] }, {}, 'none'), 404, 'model_not_found'],
    [await infer({ inputs: [{ ...INPUT, datatype: 'FP16' }] }), 400, 'tensor_dtype'],
    [await infer({ inputs: [{ ...INPUT, shape: [3] }] }), 400, 'tensor_shape'],
    [await infer({ inputs: [INPUT, INPUT] }), 400, 'tensor_input'],
    [await infer({}), 400, 'tensor_input'],
    [await infer([]), 400, 'request_invalid'],
    [await infer({ id: 5, inputs: [INPUT] }), 400, 'request_invalid'],
    [await infer({ inputs: [INPUT], parameters: { arithmetic: 'best' } }), 400, 'request_invalid'],
    [await infer({ inputs: [INPUT], outputs: ['y'] }), 400, 'request_invalid'],
    [await infer({ inputs: [INPUT] }, { 'content-type': 'text/plain' }), 415, 'request_media_type'],
    [await infer({ inputs: [INPUT] }, { 'content-type': 'application/json', 'content-encoding': 'gzip' }), 415, 'request_media_type'],
    [await app.request('/v2/nothing'), 404, 'route_not_found'],
  ] as const) {
    const body = (await response.json()) as Record<string, unknown>
    expect([response.status, body['code']]).toEqual([status, code])
    expect(body['error']).toBe(body['detail'])
    expect(response.headers.get('content-type')).toBe('application/problem+json')
  }
})

test('Prefer: receipt=later', async () => {
  const { infer } = await open()
  expect((await infer({ inputs: [INPUT] }, { prefer: 'receipt=later' })).headers.get('utnet-receipt')).not.toContain('att=')
})

test('outputs are asked for once each, and no more than there may be', async () => {
  const { infer } = await open()
  const asked = async (outputs: readonly unknown[]) => (await infer({ inputs: [INPUT], outputs })).json()
  expect(await asked([{ name: 'y' }, { name: 'y' }])).toMatchObject({ code: 'tensor_input', detail: 'output "y" is asked for twice' })
  expect(await asked(Array.from({ length: LIMITS.tensorsPerCall + 1 }, (_, i) => ({ name: `y${i}` })))).toMatchObject({
    code: 'tensor_input',
    limit: 'tensorsPerCall',
  })
})

test('a large answer in JSON leaves in pieces, the same text; in front of binary data it may not be large', async () => {
  const node = simulatedNode()
  await node.putModel('double', new TextEncoder().encode('ONNX'))
  const tensor = (name: string, n: number): NamedTensor => ({
    name,
    dtype: 'f32',
    shape: [n],
    data: new Uint8Array(Float32Array.from({ length: n }, (_, i) => (i % 3 === 0 ? -0 : i / 7)).buffer),
  })
  let outputs: readonly NamedTensor[] = []
  const result = await node.infer({ model: 'double', inputs: [{ ...tensor('x', 1) }] })
  const app = createApp(Object.assign(Object.create(node) as typeof node, { infer: async () => ({ ...result, outputs }) }))
  const infer = (more: object): Promise<Response> | Response =>
    app.request('/v2/models/double/infer', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ inputs: [INPUT], ...more }),
    })
  outputs = [tensor('a', 200_000), tensor('b', 3)]
  const large = await infer({})
  const reader = new TextDecoder()
  let pieces = 0
  let text = ''
  for await (const piece of large.body as ReadableStream<Uint8Array>) {
    pieces++
    text += reader.decode(piece, { stream: true })
  }
  expect(pieces).toBeGreaterThan(10)
  expect(text).toContain(`"outputs":[${outputs.map(tensorJson).join(',')}]}`)
  const mixed = { outputs: [{ name: 'a' }, { name: 'b', parameters: { binary_data: true } }] }
  outputs = [tensor('a', 1 << 20), tensor('b', 3)]
  expect((await infer(mixed)).status).toBe(200)
  outputs = [tensor('a', (1 << 20) + 1), tensor('b', 3)]
  const refused = await infer(mixed)
  expect([refused.status, await refused.json()]).toMatchObject([400, { code: 'tensor_input', hint: expect.stringContaining('binary') }])
})
