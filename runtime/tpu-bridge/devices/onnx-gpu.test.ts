import { expect, test } from 'vitest'
import { deviceCompliance } from '../../../test/compliance/device.ts'
import { gpuProviderOf, onnxGpu } from './onnx-gpu.ts'
import { isDeviceFault } from './ort-runtime.ts'
import { localDevices, threaded } from './index.ts'

/** The real package with its provider for the processor in the place of one for graphics processors. */
async function simulatedProvider(): Promise<unknown> {
  const module = (await import('onnxruntime-node')) as { readonly default?: Record<string, unknown> } & Record<string, unknown>
  const ort = module.default ?? module
  const sessions = ort['InferenceSession'] as { create(bytes: Uint8Array, options: object): Promise<unknown> }
  const create = (bytes: Uint8Array, options: object): Promise<unknown> =>
    sessions.create(bytes, { ...options, executionProviders: ['cpu'] })
  return { env: ort['env'], Tensor: ort['Tensor'], InferenceSession: { create } }
}

deviceCompliance('onnx-gpu on a simulated provider', () => onnxGpu({ provider: 'webgpu', importRuntime: simulatedProvider }), {
  id: 'onnx-gpu',
  class: 'unchecked',
})

test('the arithmetic id names the provider, and nothing of a run can be checked', () => {
  const [gpu, ...rest] = localDevices({ gpu: 'cuda', order: ['onnx-cpu'] })
  expect([gpu?.id, gpu?.class, gpu?.arithmetic, gpu?.place]).toEqual([
    'onnx-gpu',
    'unchecked',
    'unchecked:onnxruntime-node@1.30.0:cuda',
    'gpu',
  ])
  expect(rest.map((d) => d.id)).toEqual(['onnx-cpu'])
})

test('a provider that is not there is device_missing, with what to do, here and in a thread', async () => {
  // no build for this system has all of them, and where one is bundled its driver may lack
  const absent = process.platform === 'darwin' ? 'cuda' : 'coreml'
  const missing = { code: 'device_missing', message: expect.stringContaining(absent), hint: expect.stringContaining('--gpu') }
  const device = onnxGpu({ provider: absent })
  expect(await device.available()).toMatchObject(missing)
  await expect(device.load(new Uint8Array(), undefined as never)).rejects.toMatchObject(missing)
  const apart = threaded('onnx-gpu', { gpu: absent })
  expect(await apart.available()).toMatchObject(missing)
  await apart.close()
})

test('an absent package is device_missing; an unknown provider, or none, is refused by name', async () => {
  const device = onnxGpu({ provider: 'webgpu', importRuntime: () => Promise.reject(new Error('Cannot find package')) })
  expect(await device.available()).toMatchObject({
    code: 'device_missing',
    message: expect.stringContaining('onnx-gpu needs onnxruntime-node'),
  })
  const bad = expect.objectContaining({ code: 'core_bad_argument' })
  expect(gpuProviderOf('webgpu')).toBe('webgpu')
  for (const name of ['', 'cpu', 'voodoo', '__proto__']) expect(() => gpuProviderOf(name)).toThrow(bad)
  expect(() => localDevices({ order: ['onnx-gpu'] })).toThrow(bad)
})

test('a graphics processor that goes away in the middle is a fault of the device', () => {
  for (const said of [
    'WebGPU device lost: reset',
    'the device was lost',
    'CUDA failure 700: an illegal memory access',
    'CUBLAS failure 14',
  ])
    expect([said, isDeviceFault(new Error(said))]).toEqual([said, true])
})
