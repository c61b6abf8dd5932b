import { expect, test } from 'vitest'
import { deviceCompliance } from '../../../test/compliance/device.ts'
import { onnxCpu } from './onnx-cpu.ts'
import { threaded } from './threaded.ts'

deviceCompliance('onnx-cpu', () => onnxCpu(), { id: 'onnx-cpu', class: 'bounded' })
deviceCompliance('onnx-cpu in a thread', () => threaded('onnx-cpu'), { id: 'onnx-cpu', class: 'bounded' })

test('an absent package is device_missing and says how to get it', async () => {
  const device = onnxCpu({
    importRuntime: async () => {
      throw Object.assign(new Error("Cannot find package 'onnxruntime-node'"), { code: 'ERR_MODULE_NOT_FOUND' })
    },
  })
  const state = await device.available()
  expect(state).toMatchObject({ code: 'device_missing', hint: expect.stringContaining('npm install onnxruntime-node@1.30.0') })
  await expect(device.load(Uint8Array.of(1), undefined as never)).rejects.toBe(state)
})

test('another version of the package is refused: its arithmetic is not the one named', async () => {
  const device = onnxCpu({ importRuntime: async () => ({ default: { env: { versions: { node: '1.29.0' } } } }) })
  expect(await device.available()).toMatchObject({ code: 'device_missing', message: expect.stringContaining('1.29.0') })
})

test('threads stand in the arithmetic id and are checked', () => {
  expect(onnxCpu({ threads: 3 }).arithmetic).toBe('bounded:onnxruntime-node@1.30.0:cpu:opt=all,threads=3')
  for (const threads of [0, -1, 1.5, 65, Number.NaN])
    expect(() => onnxCpu({ threads })).toThrow(expect.objectContaining({ code: 'core_bad_argument' }))
})
