import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { deviceCompliance } from '../../../test/compliance/device.ts'
import { runtimeWasmPath } from './location.ts'
import { onnxWeb, RUNTIME_WASM_SHA256 } from './onnx-web.ts'
import { threaded } from './threaded.ts'

deviceCompliance('onnx-web', () => onnxWeb(), { id: 'onnx-web', class: 'exact' })
deviceCompliance('onnx-web in a thread', () => threaded('onnx-web'), { id: 'onnx-web', class: 'exact' })

test('the arithmetic id is the digest of the wasm that runs', () => {
  expect(onnxWeb().arithmetic).toBe(`exact:onnxruntime-web@1.30.0:${RUNTIME_WASM_SHA256}`)
})

test('a wasm file with one bit changed is device_failed', async () => {
  const device = onnxWeb({
    readWasm: async () => {
      const wasm = await readFile(runtimeWasmPath())
      wasm[wasm.length >> 1] = (wasm[wasm.length >> 1] as number) ^ 1
      return wasm
    },
  })
  const state = await device.available()
  expect(state).toMatchObject({ code: 'device_failed', message: expect.stringContaining(RUNTIME_WASM_SHA256) })
  await expect(device.load(Uint8Array.of(1), undefined as never)).rejects.toBe(state)
})

test('an absent wasm file is device_missing', async () => {
  const device = onnxWeb({ readWasm: () => readFile('/nonexistent/ort.wasm') })
  expect(await device.available()).toMatchObject({ code: 'device_missing' })
})
