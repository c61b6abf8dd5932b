import { existsSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { exactComponent } from '../runtime/tpu-bridge/operators/testing/exact-guest.ts'
import { EXACT_WASM } from './exact-wasm.ts'

// without the file there is no device wasm in a package; the tests of the device build the guest themselves
test.runIf(existsSync(EXACT_WASM))(
  'the guest of device wasm is what its sources build (else: node packaging/exact-wasm.ts)',
  async () => {
    expect(Buffer.compare(readFileSync(EXACT_WASM), await exactComponent())).toBe(0)
  },
  300_000,
)
