import { beforeAll } from 'vitest'
import { deviceCompliance } from '../../../../test/compliance/device.ts'
import { exactForTests } from '../testing/exact.ts'
import { threaded } from '../threaded.ts'
import { wasmDevice, type ExactGuest } from './index.ts'

let exact: ExactGuest
beforeAll(async () => {
  exact = await exactForTests()
}, 300_000)

deviceCompliance('wasm', () => wasmDevice({ exact }), { id: 'wasm', class: 'exact' })
deviceCompliance('wasm in threads', () => threaded('wasm', { exact: { ...exact, ready: () => exact }, threads: 2 }), {
  id: 'wasm',
  class: 'exact',
})
