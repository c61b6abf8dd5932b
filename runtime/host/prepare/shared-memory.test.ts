import { expect, test } from 'vitest'
import { preparedModules } from '../run/index.ts'
import { wat } from '../testing/wat.ts'
import { withSharedMemory } from './shared-memory.ts'

const ADDER = `(module
  (memory (export "memory") 1 4) (data (i32.const 8) "\\07\\00\\00\\00")
  (global $calls (mut i32) (i32.const 0))
  (func (export "add") (param i32) (result i32)
    (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
    (i32.store (i32.const 8) (i32.add (i32.load (i32.const 8)) (local.get 0)))
    (global.get $calls))
  (func (export "grow") (result i32) (memory.grow (i32.const 1))))`

test('instances of the variant share memory, each with gas and globals of its own', async () => {
  const [prepared] = preparedModules(await wat(ADDER))
  const { bytes, minPages, maxPages } = withSharedMemory(prepared as Uint8Array)
  expect({ minPages, maxPages }).toEqual({ minPages: 1, maxPages: 4 })
  const module = new WebAssembly.Module(bytes as Uint8Array<ArrayBuffer>)
  expect(WebAssembly.Module.imports(module)).toEqual([{ module: 'utnet', name: 'memory', kind: 'memory' }])
  const memory = new WebAssembly.Memory({ initial: minPages, maximum: maxPages, shared: true })
  const make = () => {
    const { exports } = new WebAssembly.Instance(module, { utnet: { memory } })
    const gas = exports['utnet:gas'] as WebAssembly.Global
    gas.value = 10_000_000n
    return { gas, add: exports['add'] as (n: number) => number, grow: exports['grow'] as () => number }
  }
  const [a, b] = [make(), make()]
  expect([a.add(1), a.add(2), b.add(4)]).toEqual([1, 2, 1])
  expect(new Int32Array(memory.buffer)[2]).toBe(7 + 1 + 2 + 4)
  // the same module by itself charges the same
  const alone = new WebAssembly.Instance(new WebAssembly.Module(prepared as Uint8Array<ArrayBuffer>)).exports
  const gas = alone['utnet:gas'] as WebAssembly.Global
  gas.value = 10_000_000n
  ;(alone['add'] as (n: number) => number)(4)
  expect(b.gas.value).toBe(gas.value)
  expect((10_000_000n - (b.gas.value as bigint)) * 2n).toBe(10_000_000n - (a.gas.value as bigint))
  expect([a.grow(), b.grow(), a.grow(), b.grow()]).toEqual([1, 2, 3, -1])
  expect(memory.buffer.byteLength).toBe(4 * 65_536)
})

test('a module with imports, or without a memory of its own, is refused', async () => {
  for (const text of ['(module (func (export "f")))', '(module (import "a" "b" (func)) (memory 1 1) (func (export "f")))'])
    await expect((async () => withSharedMemory(preparedModules(await wat(text))[0] as Uint8Array))()).rejects.toMatchObject({
      code: 'guest_invalid',
    })
})
