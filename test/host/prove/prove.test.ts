import { expect, test } from 'vitest'
import { PARAMS } from '../../../runtime/core/index.ts'
import { wat } from '../../../runtime/host/testing/wat.ts'
import { compare, emptyTally } from './compare.ts'
import { randomModule, seededBytes, withoutNans } from './random-module.ts'
import { SCHEMES } from './schemes.ts'

test(
  'U4.3-GAS-1, U5.5-WSM-1: random modules: every scheme takes the same gas and completes for the same budgets; results and memory are the original’s',
  { timeout: 180_000 },
  () => {
    const tally = emptyTally()
    for (let number = 0; number < 150; number++) compare(randomModule(7, number), `seed 7 module ${number}`, tally, { twin: withoutNans })
    expect(tally.red).toEqual([])
    expect(tally.refused).toBeLessThan(10)
    expect(tally.completed).toBeGreaterThan(400)
    expect(tally.trapped).toBeGreaterThan(50)
  },
)

test('the generator gives the same module for the same seed, and another for another', () => {
  expect(randomModule(3, 5)).toEqual(randomModule(3, 5))
  expect(seededBytes(3, 5, 100)).not.toEqual(seededBytes(3, 6, 100))
})

test('the comparison sees a scheme that charges or computes otherwise', async () => {
  const bytes = await wat(
    '(module (memory (export "m") 1) (func (export "f") (result i32) (i32.store (i32.const 0) (i32.const 7)) (i32.load (i32.const 0))))',
  )
  const dear = { ...PARAMS, wasm: { ...PARAMS.wasm, memory: PARAMS.wasm.memory.map((m) => ({ ...m, load: m.load + 1 })) } }
  const tally = emptyTally()
  compare(bytes, 'it', tally, { schemes: { ...SCHEMES, dear: { params: dear } } })
  expect(tally.red.join('\n')).toMatch(/dear: gas/)
})

test('the comparison sees bits of a NaN that differ from the original’s, and takes the twin without NaNs instead', async () => {
  const bytes = await wat('(module (func (export "f") (result i32) (i32.reinterpret_f32 (f32.div (f32.const 0) (f32.const 0)))))')
  const original = new WebAssembly.Instance(new WebAssembly.Module(bytes as Uint8Array<ArrayBuffer>)).exports['f'] as () => number
  const tally = emptyTally()
  compare(bytes, 'it', tally, { twin: withoutNans })
  expect(tally.red).toEqual([])
  // Whether the bits differ is the processor's choice (x86 sets the sign)
  expect(tally.nanDependent).toBe(original() >>> 0 === 0x7fc0_0000 ? 0 : 1)
})
