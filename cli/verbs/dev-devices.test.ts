import { afterEach, expect, test, vi } from 'vitest'
import type { VerbContext } from '../verb.ts'
import { devicesAsked } from './dev-devices.ts'

const asked = (flags: VerbContext['flags'] = {}) => devicesAsked({ flags } as VerbContext)
const usage = expect.objectContaining({ code: 'usage' })

afterEach(() => vi.unstubAllEnvs())

test('devices come from flags, else from the environment, else nothing is said of them', () => {
  expect(asked()).toEqual({})
  expect(asked({ devices: 'wasm, simulated-tpu', gpu: 'webgpu', prices: 'wasm=1,remote=40' })).toEqual({
    devices: ['wasm', 'simulated-tpu'],
    gpu: 'webgpu',
    prices: { wasm: 1, remote: 40 },
  })
  vi.stubEnv('UTNET_DEVICES', 'onnx-web')
  vi.stubEnv('UTNET_GPU', 'cuda')
  vi.stubEnv('UTNET_REMOTE', 'http://h:1')
  vi.stubEnv('UTNET_PRICES', '')
  expect(asked({ gpu: 'webgpu' })).toEqual({ devices: ['onnx-web'], gpu: 'webgpu', remote: { url: 'http://h:1', recheck: false } })
})

test('a remote server is a URL, with the names of models that are the same there', () => {
  expect(asked({ remote: 'http://10.0.0.7:8000' })).toEqual({ remote: { url: 'http://10.0.0.7:8000', recheck: false } })
  expect(asked({ remote: 'http://10.0.0.7:8000=cls,rec', recheck: true })).toEqual({
    remote: { url: 'http://10.0.0.7:8000', models: ['cls', 'rec'], recheck: true },
  })
})

test('what is no price, and a recheck of nothing, are wrong usage', () => {
  for (const prices of ['wasm', 'wasm=', 'wasm=1.5', 'wasm=-1', '=1', 'wasm=1,,']) expect(() => asked({ prices })).toThrow(usage)
  expect(() => asked({ recheck: true })).toThrow(usage)
})
