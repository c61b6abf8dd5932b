import { afterAll, expect, test } from 'vitest'
import { division, graph, identity, model, node, ONNX_TYPE, value } from '../../../test/compliance/onnx-models.ts'
import type { NamedTensor } from '../../core/index.ts'
import { fileCid } from '../../core/index.ts'
import type { Device } from '../device.ts'
import { localDevices } from './index.ts'
import { isDeviceFault, reason } from './ort-runtime.ts'
import { threaded } from './threaded.ts'

const devices: Device[] = []
const use = (device: Device): Device => (devices.push(device), device)
afterAll(() => Promise.all(devices.map((d) => d.close())))

const failed = expect.objectContaining({ code: 'device_failed' })
const s64 = (name: string, values: readonly bigint[]): NamedTensor => ({
  name,
  dtype: 's64',
  shape: [values.length],
  data: new Uint8Array(BigInt64Array.from(values).buffer),
})
const one: NamedTensor = { name: 'x', dtype: 'f32', shape: [1], data: new Uint8Array(4) }
/** `y = max(ones(shape) x ones(shape))`: as heavy as the caller likes. */
const heavy = model(
  graph(
    [node('ConstantOfShape', ['shape'], ['a']), node('MatMul', ['a', 'a'], ['b']), node('ReduceMax', ['b'], ['y'])],
    [value('shape', 7, ['r'])],
    [value('y', 1, ['p', 'q'])],
  ),
)

test('a run over the deadline is device_failed; its neighbours too; the next load has a new thread', async () => {
  const device = use(threaded('onnx-web', { deadlineMs: 5000 }))
  const slow = await device.load(heavy, fileCid(heavy))
  const small = identity(ONNX_TYPE.f32, [1])
  const neighbour = await device.load(small, fileCid(small))
  const results = await Promise.allSettled([slow.run([s64('shape', [8192n, 8192n])]), neighbour.run([one])])
  expect(results).toEqual([
    { status: 'rejected', reason: failed },
    { status: 'rejected', reason: failed },
  ])
  await expect(neighbour.run([one])).rejects.toEqual(failed)
  await neighbour.close()
  const again = await device.load(small, fileCid(small))
  expect(await again.run([one])).toEqual([{ ...one, name: 'y' }])
})

test('a shape that no memory can hold is refused, and the device goes on', async () => {
  const device = use(threaded('onnx-web'))
  const greedy = await device.load(heavy, fileCid(heavy))
  await expect(greedy.run([s64('shape', [1n << 20n, 1n << 20n])])).rejects.toMatchObject({
    code: 'tensor_shape',
    message: expect.stringContaining('too large'),
  })
  const good = await device.load(division(), fileCid(division()))
  const [y] = await good.run([
    { ...one, name: 'a' },
    { ...one, name: 'b' },
  ])
  expect(y?.data).toEqual(Uint8Array.of(0, 0, 0xc0, 0x7f))
})

test('memory that ran out and a runtime that came down are faults of the device; what a runtime says of a model is not', () => {
  const faults = [
    new WebAssembly.RuntimeError('unreachable'),
    new RangeError('Array buffer allocation failed'),
    new TypeError('null'),
    new Error('std::bad_alloc'),
    new Error('Failed to allocate memory for requested buffer of size 17179869184'),
  ]
  expect(faults.map(isDeviceFault)).toEqual(faults.map(() => true))
  expect([new Error('Tensor shape is too large'), new Error('Got invalid dimensions for input: x'), 'text'].map(isDeviceFault)).toEqual([
    false,
    false,
    false,
  ])
})

test('messages of the runtimes are cut to what a person can use', () => {
  expect(
    reason(new Error("Can't create a session. ERROR_CODE: 7, ERROR_MESSAGE: Failed to load model because protobuf parsing failed.")),
  ).toBe('Failed to load model because protobuf parsing failed.')
  expect(reason(new Error('void f(int) [ONNXRuntimeError] : 2 : INVALID_ARGUMENT : Tensor shape is too large'))).toBe(
    'Tensor shape is too large',
  )
  expect(reason(new Error('/onnxruntime_src/core/graph.cc:12 F() bad'))).toBe('F() bad')
  expect(reason('x'.repeat(5000)).length).toBe(303)
})

test('a closed device fails what runs on it, and starts anew on the next load', async () => {
  const device = use(threaded('onnx-cpu'))
  const small = identity(ONNX_TYPE.f32, [1])
  const loaded = await device.load(small, fileCid(small))
  await device.close()
  await expect(loaded.run([one])).rejects.toEqual(failed)
  const again = await device.load(small, fileCid(small))
  expect(await again.run([one])).toEqual([{ ...one, name: 'y' }])
})

test("the inputs stay the caller's: nothing is transferred away, and later changes do not reach the run", async () => {
  const device = use(threaded('onnx-cpu'))
  const small = identity(ONNX_TYPE.f32, [1])
  const loaded = await device.load(small, fileCid(small))
  const data = Uint8Array.of(0, 0, 128, 63)
  const running = loaded.run([{ ...one, data }])
  data.fill(0)
  expect((await running)[0]?.data).toEqual(Uint8Array.of(0, 0, 128, 63))
  expect(data.length).toBe(4)
})

test('local devices come in the order asked for; an unknown one is refused by name', () => {
  expect(localDevices().map((d) => d.id)).toEqual(['onnx-cpu', 'onnx-web'])
  expect(localDevices({ order: ['onnx-web'] }).map((d) => d.class)).toEqual(['exact'])
  for (const name of ['wasm', 'simulated-tpu'])
    expect(() => localDevices({ order: [name] })).toThrow(
      expect.objectContaining({ code: 'device_missing', message: expect.stringContaining(name) }),
    )
  expect(() => localDevices({ order: ['remote'] })).toThrow(expect.objectContaining({ code: 'core_bad_argument', hint: '--remote URL' }))
  const far = localDevices({ remote: { url: 'http://10.0.0.7:8000' } }).at(-1)
  expect([far?.id, far?.class, far?.place]).toEqual(['remote', 'unchecked', '10.0.0.7:8000'])
  const sure = localDevices({ order: ['remote', 'onnx-web'], remote: { url: 'http://10.0.0.7:8000', recheck: true } })
  expect(sure.map((d) => [d.id, d.class])).toEqual([
    ['remote', 'bounded'],
    ['onnx-web', 'exact'],
  ])
  expect(() => localDevices({ order: ['onnx-tpu'] })).toThrow(
    expect.objectContaining({ code: 'core_bad_argument', message: expect.stringContaining('onnx-tpu') }),
  )
})
