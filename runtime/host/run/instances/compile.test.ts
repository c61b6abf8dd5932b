/** The engine is asked which functions have code: its time is nothing that a test could hold. */
import { setFlagsFromString } from 'node:v8'
import { expect, test } from 'vitest'
import { wat } from '../../testing/wat.ts'
import { compileWhole } from './compile.ts'
import { prepareGuest } from './prepared.ts'

setFlagsFromString('--allow-natives-syntax')
const uncompiled = new Function('f', 'return %IsUncompiledWasmFunction(f)') as (f: unknown) => boolean
setFlagsFromString('--no-allow-natives-syntax')

const open = (compiled: WebAssembly.Module): readonly string[] =>
  Object.entries(new WebAssembly.Instance(compiled).exports)
    .filter(([, value]) => typeof value === 'function' && uncompiled(value))
    .map(([name]) => name)

const functions = (of: string): string => Array.from({ length: 20 }, (_, i) => `(func (export "f${i}") ${of})`).join(' ')

test('U4.3-GAS-1: a contract is compiled whole when it is made ready: no call of it pays for less time than the first one takes', async () => {
  const contract = await wat(`(component (core module $m ${functions('')} (func (export "run")))
    (core instance $i (instantiate $m)) (func (export "run") (canon lift (core func $i "run"))))`)
  const { compiled, info } = await prepareGuest(contract)
  expect(info.world).toBe('contract')
  expect(open(compiled)).toEqual([])
})

test('only what is asked for is compiled whole', async () => {
  expect(open(compileWhole(await wat(`(module ${functions('(drop (i32.const 1))')})`)))).toEqual([])
  expect(
    open(await WebAssembly.compile((await wat(`(module ${functions('(drop (i32.const 2))')})`)) as Uint8Array<ArrayBuffer>)),
  ).toHaveLength(20)
})
