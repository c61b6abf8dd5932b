import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { division, identity, twoOutputs } from '../../../test/compliance/onnx-models.ts'
import type { NamedTensor, NodeApi } from '../../core/index.ts'
import type { NodeOptions } from '../node-options.ts'
import { openNode, type OpenNode } from '../open-node.ts'
import { startTestNode, type TestNode } from '../testing.ts'

const f32 = (name: string, ...values: number[]): NamedTensor => ({
  name,
  dtype: 'f32',
  shape: [values.length],
  data: new Uint8Array(Float32Array.from(values).buffer),
})
const INPUTS = [f32('a', 6, -1), f32('b', 3, 2)]

let server: TestNode
const folder = mkdtempSync(join(tmpdir(), 'utnet-devices-'))
const open: OpenNode[] = []
beforeAll(async () => {
  server = await startTestNode()
  await server.api.putModel('there', division())
  await server.api.putModel('other', twoOutputs())
})
afterAll(async () => {
  await Promise.all([server.close(), ...open.map((node) => node.close())])
  rmSync(folder, { recursive: true, force: true })
})

async function start(name: string, options: Omit<NodeOptions, 'data'>): Promise<NodeApi> {
  const node = await openNode({ data: join(folder, name), ...options })
  open.push(node)
  return node.api
}

const valueOf = (metrics: string, line: string): number => {
  const found = metrics.split('\n').find((text) => text.startsWith(`${line} `))
  return found === undefined ? Number.NaN : Number(found.slice(line.length + 1).split(' ')[0])
}

test('a node runs models on another, by name, for who asks for any arithmetic; its state and times are in the metrics', async () => {
  const api = await start('far', { devices: ['remote'], remote: { url: server.url, models: ['there', 'other'] } })
  // one of the names: what the server has under it is another model
  await expect(api.putModel('other', division())).rejects.toMatchObject({
    code: 'model_invalid',
    message: expect.stringContaining('other'),
  })
  // none of them: by CID, which it lacks
  await expect(api.putModel('elsewhere', identity(1, [1]))).rejects.toMatchObject({ code: 'model_invalid' })
  expect((await api.putModel('there', division())).devices).toEqual(['remote'])
  const got = await api.infer({ model: 'there', inputs: INPUTS })
  expect([...new Float32Array(new Uint8Array((got.outputs[0] as NamedTensor).data).buffer)]).toEqual([2, -0.5])
  const arithmetic = `unchecked:open-inference-v2:${new URL(server.url).host}`
  expect(got.arithmetic).toBe(arithmetic)
  await expect(api.infer({ model: 'there', inputs: INPUTS, arithmetic: 'bounded' })).rejects.toMatchObject({ code: 'device_missing' })
  await api.infer({ model: 'there', inputs: INPUTS })
  const metrics = await api.metrics()
  expect(valueOf(metrics, `utnet_device_state{device="remote",arithmetic="${arithmetic}",state="ready"}`)).toBe(1)
  expect(valueOf(metrics, 'utnet_device_load_seconds_count{device="remote"}')).toBe(1)
  expect(valueOf(metrics, 'utnet_device_first_run_seconds_count{device="remote"}')).toBe(1)
  expect(valueOf(metrics, 'utnet_device_run_seconds_count{device="remote"}')).toBe(1)
  expect(valueOf(metrics, 'utnet_device_sessions{device="remote"}')).toBe(1)
  expect(valueOf(metrics, 'utnet_device_runs_in_flight{device="remote"}')).toBe(0)
  expect(valueOf(metrics, 'utnet_batches_total')).toBe(0)
})

test('confirmed by an exact device, another node serves bounded arithmetic, never exact', async () => {
  const api = await start('sure', { devices: ['remote', 'onnx-cpu'], remote: { url: server.url, models: ['there'], recheck: true } })
  expect((await api.putModel('there', division())).devices).toEqual(['remote', 'onnx-cpu'])
  const got = await api.infer({ model: 'there', inputs: INPUTS, arithmetic: 'bounded' })
  expect(got.arithmetic).toMatch(/^bounded:unchecked:open-inference-v2:.*:rechecked:exact:/)
  await expect(api.infer({ model: 'there', inputs: INPUTS, arithmetic: 'exact' })).rejects.toMatchObject({ code: 'device_missing' })
  expect(valueOf(await api.metrics(), 'utnet_device_session_bytes{device="remote"}')).toBeGreaterThan(0)
})

test('a device that is not there, and options that are none, are told by name', async () => {
  const refused = (options: Omit<NodeOptions, 'data'>) => openNode({ data: join(folder, 'bad'), ...options })
  const bad = { code: 'core_bad_argument' }
  await expect(refused({ devices: ['onnx-npu'] })).rejects.toMatchObject(bad)
  await expect(refused({ gpu: 'voodoo' })).rejects.toMatchObject(bad)
  await expect(refused({ remote: { url: 'ftp://x' } })).rejects.toMatchObject(bad)
  await expect(refused({ prices: { 'onnx-cpu': 0 } })).rejects.toMatchObject(bad)
  const api = await start('none', { devices: ['onnx-gpu'], gpu: process.platform === 'darwin' ? 'cuda' : 'coreml' })
  await expect(api.putModel('m', division())).rejects.toMatchObject({ code: 'device_missing', hint: expect.stringContaining('--gpu') })
  expect(await api.metrics()).toMatch(/^utnet_device_state\{device="onnx-gpu",.*state="device_missing"\} 1$/m)
})
