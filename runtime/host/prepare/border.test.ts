import { expect, test } from 'vitest'
import { isUtnetError, LIMITS } from '../../core/index.ts'
import { wat } from '../testing/wat.ts'
import { whitelistBytes } from '../validate/index.ts'
import { OP, readModule, SECTION, Writer } from '../wasm/index.ts'
import { CHARGE_EXPORT, COUNTER_MODULE, isPoolable, prepareModule, RESET_EXPORT, type PrepareOptions, type Scheme } from './index.ts'

type Exports = Record<string, (...args: unknown[]) => unknown>
const SCHEMES: readonly Scheme[] = ['optimised', 'naive']

async function instance(text: string, options: PrepareOptions = {}, imports: WebAssembly.Imports = {}): Promise<Exports> {
  const bytes = prepareModule(readModule(await wat(text)), options)
  return new WebAssembly.Instance(new WebAssembly.Module(bytes as Uint8Array<ArrayBuffer>), imports).exports as unknown as Exports
}

const global = (exports: Exports, name: string): WebAssembly.Global<'i64'> => exports[name] as unknown as WebAssembly.Global<'i64'>
const fill = (exports: Exports, gas: bigint): void => void (global(exports, 'utnet:gas').value = gas)
const left = (exports: Exports): bigint => global(exports, 'utnet:gas').value

test.each(SCHEMES)('U4.3-GAS-1: a host call with an empty counter never happens (%s)', async (scheme) => {
  const text = `(module (import "h" "call" (func $call (param i32))) (func (export "f") (param i32)
    (if (local.get 0) (then (call $call (i32.const 1)) (call $call (i32.const 2))))))`
  let calls = 0
  const counting = { h: { call: () => void calls++ } }
  const whole = await instance(text, { scheme }, counting)
  fill(whole, 1_000n)
  whole['f']?.(1)
  const need = 1_000n - left(whole)
  expect(calls).toBe(2)
  for (let budget = 0n; budget < need; budget++) {
    calls = 0
    const guest = await instance(text, { scheme }, counting)
    fill(guest, budget)
    expect(() => guest['f']?.(1)).toThrow(WebAssembly.RuntimeError)
    expect(left(guest)).toBeLessThan(0n)
    expect(calls).toBe(0)
  }
})

test.each(SCHEMES)('the host sees what is left during a call, and what it takes is gone after it (%s)', async (scheme) => {
  const seen: bigint[] = []
  let guest: Exports = {}
  guest = await instance(
    `(module (import "h" "call" (func $call (param i32) (result i32))) (table 2 funcref) (elem (i32.const 0) $call $own)
      (type $t (func (param i32) (result i32)))
      (func $own (param i32) (result i32) (i32.add (local.get 0) (i32.const 1)))
      (func (export "f") (param i32) (result i32) (i32.add (call $call (local.get 0)) (call_indirect (type $t) (local.get 0) (i32.const 0))))
      (func (export "own") (param i32) (result i32) (call_indirect (type $t) (local.get 0) (i32.const 1)))
      (export "again" (func $call)))`,
    { scheme },
    {
      h: {
        call: (n: number) => {
          seen.push(left(guest))
          expect(guest[CHARGE_EXPORT]?.(100)).toBe(0)
          return n * 2
        },
      },
    },
  )
  fill(guest, 1_000n)
  expect(guest['f']?.(21)).toBe(84)
  expect(guest['own']?.(21)).toBe(22)
  expect(guest['again']?.(4)).toBe(8)
  expect(seen).toHaveLength(3)
  expect(left(guest)).toBeLessThan(700n)
  expect(seen.every((gas, i) => i === 0 || gas < (seen[i - 1] as bigint))).toBe(true)
})

test.each(SCHEMES)('utnet:charge takes an unsigned amount and says when the counter is spent (%s)', async (scheme) => {
  const guest = await instance('(module (func (export "f") nop))', { scheme })
  fill(guest, 5n)
  expect([guest[CHARGE_EXPORT]?.(5), left(guest)]).toEqual([0, 0n])
  expect([guest[CHARGE_EXPORT]?.(1), left(guest)]).toEqual([1, -1n])
  expect(() => guest['f']?.()).toThrow(WebAssembly.RuntimeError)
  fill(guest, 2n ** 32n)
  expect([guest[CHARGE_EXPORT]?.(-1), left(guest)]).toEqual([0, 1n])
})

test.each(SCHEMES)('utnet:reset gives globals and stack their first values (%s)', async (scheme) => {
  const text = `(module (import "h" "base" (global $base i32)) (import "h" "f" (func $import))
    (global (export "a") (mut i32) (i32.const 7)) (global $b (export "b") (mut i64) (i64.const -5)) (global (export "c") (mut f64) (f64.const 1.5))
    (global (export "d") (mut i32) (global.get $base)) (global $r (export "r") (mut funcref) (ref.func $import)) (global (export "k") i32 (i32.const 3))
    (global $v (mut v128) (v128.const i64x2 3 4))
    (func (export "change") (global.set $b (i64.const 1)) (global.set $r (ref.null func)) (global.set $v (v128.const i64x2 0 0)))
    (func (export "v") (result i64) (i64x2.extract_lane 1 (global.get $v)))
    (func $deep (export "deep") (call $deep)) (func (export "shallow")))`
  const guest = await instance(text, { scheme }, { h: { base: 11, f: () => undefined } })
  const values = (): unknown[] => ['a', 'b', 'c', 'd', 'r', 'k'].map((name) => global(guest, name).value)
  fill(guest, 1_000_000_000n)
  const first = [...values(), guest['v']?.()]
  expect(first).toEqual([7, -5n, 1.5, 11, first[4], 3, 4n])
  global(guest, 'a').value = 9 as unknown as bigint
  global(guest, 'd').value = 9 as unknown as bigint
  guest['change']?.()
  expect([...values(), guest['v']?.()]).not.toEqual(first)
  expect(() => guest['deep']?.()).toThrow(WebAssembly.RuntimeError)
  guest[RESET_EXPORT]?.()
  expect([...values(), guest['v']?.()]).toEqual(first)
  guest['shallow']?.()
  expect(() => guest['deep']?.()).toThrow(WebAssembly.RuntimeError)
})

test('an instance may be used again unless its module can change tables or drop segments', async () => {
  const poolable = async (text: string): Promise<boolean> => isPoolable(readModule(await wat(text)))
  const TABLE = '(table 2 funcref) (elem $e func $f) (memory 1) (data $d "x") (func $f)'
  expect(
    await poolable(
      `(module ${TABLE} (func (drop (table.get 0 (i32.const 0))) (memory.init $d (i32.const 0) (i32.const 0) (i32.const 1))))`,
    ),
  ).toBe(true)
  for (const body of [
    '(table.set 0 (i32.const 0) (ref.null func))',
    '(drop (table.grow 0 (ref.null func) (i32.const 1)))',
    '(table.fill 0 (i32.const 0) (ref.null func) (i32.const 1))',
    '(table.copy (i32.const 0) (i32.const 1) (i32.const 1))',
    '(table.init $e (i32.const 0) (i32.const 0) (i32.const 1))',
    '(elem.drop $e)',
    '(data.drop $d)',
  ])
    expect(await poolable(`(module ${TABLE} (func ${body}))`), body).toBe(false)
})

test('U4.3-GAS-1: a sibling module that asks for the counter is refused', async () => {
  for (const from of [
    '(import "main" "utnet:gas" (global (mut i64)))',
    '(import "utnet" "gas" (global (mut i64)))',
    '(import "m" "utnet:reset" (func))',
  ])
    await expect(wat(`(module ${from})`).then((bytes) => whitelistBytes(bytes))).rejects.toMatchObject({
      code: 'guest_invalid',
      details: { rule: 'import' },
    })
  expect(whitelistBytes(await wat('(module (import "utne" "gas" (func)))')).module.imports).toHaveLength(1)
})

const CALLEE = `(module (global $own (mut i32) (i32.const 1)) (global (export "seen") (mut i32) (i32.const 40))
  (func $g (export "g") (param i32) (result i32)
    (global.set $own (i32.add (global.get $own) (i32.const 1)))
    (loop $l (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))) (global.get $own)))`
const CALLER = `(module (import "m" "g" (func $g (param i32) (result i32))) (import "m" "seen" (global $seen (mut i32)))
  (global $own (export "own") (mut i32) (i32.const 100))
  (func (export "f") (param i32) (result i32)
    (global.set $seen (i32.add (global.get $seen) (i32.const 1)))
    (global.set $own (i32.add (call $g (local.get 0)) (global.get $own))) (global.get $own)))`

test.each(SCHEMES)('U4.3-GAS-1: two core modules with a shared counter pay from it, in each other too (%s)', async (scheme) => {
  const run = async (budget: bigint, turns: number): Promise<{ result: unknown; gas: bigint }> => {
    const gas = new WebAssembly.Global({ value: 'i64', mutable: true }, budget)
    const stack = new WebAssembly.Global({ value: 'i32', mutable: true }, LIMITS.stackBytes)
    const counter = { [COUNTER_MODULE]: { gas, stack } }
    const callee = await instance(CALLEE, { scheme, counter: 'shared' }, counter)
    const caller = await instance(CALLER, { scheme, counter: 'shared' }, { ...counter, m: callee as unknown as WebAssembly.ModuleImports })
    expect(caller['utnet:gas']).toBe(gas)
    expect(callee['utnet:stack']).toBe(stack)
    let result: unknown
    try {
      result = caller['f']?.(turns)
      expect(stack.value).toBe(LIMITS.stackBytes)
      expect(global(callee, 'seen').value).toBe(41)
      expect(global(caller, 'own').value).toBe(102)
      caller[RESET_EXPORT]?.()
      expect(global(caller, 'own').value).toBe(100)
    } catch (error) {
      if (!(error instanceof WebAssembly.RuntimeError)) throw error
      result = 'stopped'
    }
    return { result, gas: gas.value }
  }
  const { result, gas } = await run(10_000n, 50)
  expect(result).toBe(102)
  const need = 10_000n - gas
  expect(need).toBeGreaterThan(50n * 4n)
  for (let budget = 0n; budget < need; budget += 7n) expect((await run(budget, 50)).result).toBe('stopped')
  expect(await run(need, 50)).toEqual({ result: 102, gas: 0n })
})

test('recursion through two modules ends by the counter, never by the engine, at the same call in both schemes, on a JSPI stack too', async () => {
  const ends: unknown[] = []
  const shapes = ['', 'i64 '.repeat(30), 'v128 '.repeat(4)]
  for (const scheme of SCHEMES) {
    for (const extra of shapes) {
      const gas = new WebAssembly.Global({ value: 'i64', mutable: true }, 1_000_000_000n)
      const stack = new WebAssembly.Global({ value: 'i32', mutable: true }, LIMITS.stackBytes)
      const table = new WebAssembly.Table({ element: 'anyfunc', initial: 1, maximum: LIMITS.moduleTableEntries })
      const counter = { [COUNTER_MODULE]: { gas, stack } }
      const args = extra
        .trim()
        .split(' ')
        .map((_, i) => (extra === '' ? '' : `(local.get ${i + 1})`))
        .join(' ')
      const type = `(param i32 ${extra}) (result i32)`
      const a = await instance(
        `(module (import "t" "t" (table 1 funcref)) (func (export "a") ${type} (call_indirect ${type} (local.get 0) ${args} (i32.const 0))))`,
        { scheme, counter: 'shared' },
        { ...counter, t: { t: table } },
      )
      const b = await instance(
        `(module (import "t" "t" (table 1 funcref)) (import "a" "a" (func $a ${type})) (elem (i32.const 0) $b) (global $n (export "n") (mut i32) (i32.const 0))
          (func $b ${type} (global.set $n (i32.add (global.get $n) (i32.const 1))) (i32.add (i32.const 1) (call $a (local.get 0) ${args})))
          (func (export "b") (param i32) (result i32) ${extra.replaceAll(/([a-z0-9]+)/g, '(local $1)')} (call $b (local.get 0) ${args})))`,
        { scheme, counter: 'shared' },
        { ...counter, t: { t: table }, a: a as unknown as WebAssembly.ModuleImports },
      )
      const depth = (): number => Number(global(b, 'n').value)
      expect(() => b['b']?.(1)).toThrow(WebAssembly.RuntimeError)
      const first = depth()
      stack.value = LIMITS.stackBytes
      const { promising } = WebAssembly as unknown as { promising(fn: unknown): (n: number) => Promise<unknown> }
      await expect(promising(b['b'])(1)).rejects.toThrow(WebAssembly.RuntimeError)
      expect(depth()).toBe(2 * first)
      ends.push(first)
    }
  }
  expect(ends.slice(0, shapes.length)).toEqual(ends.slice(shapes.length))
})

test('references of functions stay valid: of imports, of functions that only an export declared', async () => {
  const guest = await instance(
    `(module (import "h" "f" (func $import (result i32))) (table (export "t") 4 funcref) (elem (i32.const 0) funcref (ref.func $import) (ref.null func))
      (func $only (export "only") (result i32) (i32.const 5))
      (func (export "put") (table.set (i32.const 2) (ref.func $only)) (table.set (i32.const 3) (ref.func $import)))
      (func (export "call") (param i32) (result i32) (call_indirect (result i32) (local.get 0))))`,
    {},
    { h: { f: () => 9 } },
  )
  fill(guest, 100_000n)
  guest['put']?.()
  expect([0, 2, 3].map((i) => guest['call']?.(i))).toEqual([9, 5, 9])
  expect(guest['only']?.()).toBe(5)
})

/** A function of `pairs` times (f32.sqrt, f32.neg), each of which shows a NaN, and of `nops`. */
function growing(pairs: number, nops: number): Uint8Array {
  const body = new Writer().u8(0, OP.localGet, 0)
  for (let i = 0; i < pairs; i++) body.u8(0x91, 0x8c)
  body.u8(0x1a)
  for (let i = 0; i < nops; i++) body.byte(0x01)
  const code = body.byte(OP.end).view()
  return new Writer()
    .u8(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0)
    .section(SECTION.type, Uint8Array.of(1, 0x60, 1, 0x7d, 0))
    .section(SECTION.function, Uint8Array.of(1, 0))
    .section(SECTION.code, new Writer().u32(1).u32(code.length).raw(code))
    .bytes()
}

test('a prepared function at the limit is taken, by the engine too, and one byte over is refused', () => {
  const prepared = (pairs: number, nops: number): Uint8Array => prepareModule(readModule(growing(pairs, nops)))
  const size = (pairs: number): number => {
    // The guest's function is larger than ours, which a reader of guests would refuse
    const [few, none] = [prepared(pairs, 0), prepared(0, 0)]
    return few.length - none.length
  }
  const each = (size(2_000) - size(1_000)) / 1_000
  const over = (pairs: number, nops: number): number => {
    try {
      prepared(pairs, nops)
      return 0
    } catch (error) {
      if (!isUtnetError(error, 'guest_invalid')) throw error
      expect(error).toMatchObject({ limit: 'preparedFunctionBytes', allowed: LIMITS.preparedFunctionBytes })
      return Number(error.used) - LIMITS.preparedFunctionBytes
    }
  }
  const pairs = Math.floor(LIMITS.preparedFunctionBytes / each) + 1
  const much = over(pairs, 0)
  expect(much).toBeGreaterThan(0)
  const fewer = pairs - Math.ceil(much / each)
  // The first number of nops that is too many tells how many fit
  const beyond = over(fewer, 200)
  expect(beyond).toBeGreaterThan(0)
  expect(over(fewer, 200 - beyond + 1)).toBe(1)
  expect(WebAssembly.validate(prepared(fewer, 200 - beyond) as Uint8Array<ArrayBuffer>)).toBe(true)
})

test('a function with as many parameters as may be is taken by the engine when it is prepared', async () => {
  const params = 'i32 '.repeat(LIMITS.moduleTypeParams)
  const guest =
    await instance(`(module (func $f (param ${params}) (result i32) (local.get ${LIMITS.moduleTypeParams - 1})) (func (export "f") (result i32)
    ${Array.from({ length: LIMITS.moduleTypeParams }, (_, i) => `i32.const ${i}`).join(' ')} call $f))`)
  fill(guest, 100_000n)
  expect(guest['f']?.()).toBe(LIMITS.moduleTypeParams - 1)
})
