import { expect, test } from 'vitest'
import { LIMITS, PARAMS, wasmPrices, type CodePrices, type MemoryPrices, type Reach } from '../../core/index.ts'
import { load, wat } from '../testing/wat.ts'
import { readModule, type CoreModule } from '../wasm/index.ts'
import { instanceGas, itemsGas, prepareModule, pricesOf, reachOf, type PrepareOptions } from './index.ts'

const TIERS = PARAMS.wasm.memory
const PLENTY = 1_000_000_000n

/** Each export is one access of memory and the same two operands. */
const BODY = `
  (func (export "nothing") (param i32) (drop (local.get 0)) (drop (local.get 0)))
  (func (export "load") (param i32) (drop (i64.load (local.get 0))) (drop (local.get 0)))
  (func (export "store") (param i32) (i32.store (local.get 0) (local.get 0)))
  (func (export "lane") (param i32) (drop (v128.load8_lane 1 (local.get 0) (v128.const i64x2 0 0))))
  (func (export "bulk") (param i32) (memory.fill (local.get 0) (local.get 0) (local.get 0)))`

const moduleOf = async (memory: string): Promise<CoreModule> => readModule(await wat(`(module ${memory} ${BODY})`))

function used(module: CoreModule, name: string, argument: number, options: PrepareOptions = {}): number {
  const guest = load(prepareModule(module, options))
  guest.gas.value = PLENTY
  guest.exports[name]?.(argument)
  return Number(PLENTY - guest.gas.value)
}

const tierOf = (pages: number): MemoryPrices => TIERS.find((m) => pages <= m.pages) as MemoryPrices

test('the table of memory goes up to the limit, and what reaches further costs more', () => {
  expect(TIERS.at(-1)?.pages).toBe(LIMITS.memoryPages)
  for (const [i, tier] of TIERS.entries()) {
    const before = TIERS[i - 1]
    if (before === undefined) continue
    expect(tier.pages).toBeGreaterThan(before.pages)
    for (const name of ['load', 'store', 'bulk', 'bulk64'] as const) expect(tier[name]).toBeGreaterThanOrEqual(before[name])
  }
})

test('U4.3-GAS-1: memory costs by what the module declares that it grows to at most, in every scheme, at each tier and one page over', async () => {
  const sizes = TIERS.flatMap(({ pages }) => [pages, pages + 1]).filter((pages) => pages <= LIMITS.memoryPages)
  for (const pages of [1, ...sizes]) {
    const module = await moduleOf(`(memory 1 ${pages})`)
    const tier = tierOf(pages)
    expect(reachOf(module).pages).toBe(pages)
    for (const options of [{}, { scheme: 'naive' }, { profile: true }] as const) {
      const nothing = used(module, 'nothing', 8, options)
      expect(used(module, 'load', 8, options) - nothing).toBe(tier.load)
      // two drops less than nothing
      expect(used(module, 'store', 8, options) - nothing).toBe(tier.store - 2 * PARAMS.wasm.base)
      expect(used(module, 'bulk', 65, options) - used(module, 'bulk', 64, options)).toBe(tier.bulk64)
      // a vector's constant in the place of an operand and its drop
      expect(used(module, 'lane', 8, options) - nothing).toBe(tier.load + PARAMS.wasm.simd - 2 * PARAMS.wasm.base)
    }
  }
})

test('U4.3-GAS-1: a memory without a maximum, or with one over the limit, costs as one of the limit', async () => {
  const most = TIERS.at(-1) as MemoryPrices
  for (const memory of ['(memory 1)', '(memory 1 65536)', `(memory 1 ${LIMITS.memoryPages})`]) {
    const module = await moduleOf(memory)
    expect(reachOf(module).pages).toBe(LIMITS.memoryPages)
    expect(used(module, 'load', 8) - used(module, 'nothing', 8)).toBe(most.load)
  }
  const none = readModule(await wat('(module)'))
  expect([reachOf(none).pages, pricesOf(none).load]).toEqual([0, TIERS[0]?.load])
})

test('a memory that is imported costs by the maximum of the import, which no larger one satisfies', async () => {
  const small = TIERS[0] as MemoryPrices
  const module = await moduleOf(`(import "m" "m" (memory 1 ${small.pages}))`)
  expect(pricesOf(module).load).toBe(small.load)
  expect(pricesOf(await moduleOf('(import "m" "m" (memory 1))')).load).toBe(TIERS.at(-1)?.load)
  const compiled = new WebAssembly.Module(prepareModule(module) as Uint8Array<ArrayBuffer>)
  const large = new WebAssembly.Memory({ initial: 1, maximum: small.pages + 1 })
  expect(() => new WebAssembly.Instance(compiled, { m: { m: large } })).toThrow(WebAssembly.LinkError)
})

test('a module of a component costs by the memories of all of it, and by no less than its own', async () => {
  const [small, next] = TIERS as readonly [MemoryPrices, MemoryPrices]
  const module = await moduleOf(`(memory 1 ${small.pages})`)
  const load = (pages: number): number => {
    const options = { reach: { pages, functions: 0, bytes: 0 } }
    return used(module, 'load', 8, options) - used(module, 'nothing', 8, options)
  }
  expect([load(0), load(small.pages), load(small.pages + 1), load(100 * LIMITS.memoryPages)]).toEqual([
    small.load,
    small.load,
    next.load,
    TIERS.at(-1)?.load,
  ])
})

const CODE = PARAMS.wasm.code
const PLACES = ['branch', 'branchTable', 'call', 'callIndirect'] as const

test('the table of code goes up to the limits, and what has more of it costs more', () => {
  expect(CODE.at(-1)).toMatchObject({ functions: LIMITS.componentFunctions, bytes: LIMITS.componentCodeBytes })
  for (const [i, tier] of CODE.entries()) {
    const before = CODE[i - 1]
    if (before === undefined) continue
    expect(tier.functions).toBeGreaterThan(before.functions)
    expect(tier.bytes).toBeGreaterThan(before.bytes)
    for (const name of PLACES) expect(tier[name]).toBeGreaterThanOrEqual(before[name])
  }
})

/** Exports that go elsewhere, in a module of so many functions, and the two operands that they drop. */
const GOING = (functions: number): string => `(module (type $t (func (param i32))) (table 1 funcref) (elem (i32.const 0) $f)
  (func $f (type $t))
  (func (export "nothing") (param i32) (drop (local.get 0)))
  (func (export "branch") (param i32) (block $b (br_if $b (local.get 0))))
  (func (export "branchTable") (param i32) (block $b (br_table $b $b (local.get 0))))
  (func (export "call") (param i32) (call $f (local.get 0)))
  (func (export "callIndirect") (param i32) (call_indirect (type $t) (local.get 0) (i32.const 0)))
  ${'(func)'.repeat(functions - 6)})`

test('U4.3-GAS-1: going elsewhere in code costs by how much of it there is, in every scheme, at each tier and one function or byte over', async () => {
  const [few, more] = CODE as readonly [CodePrices, CodePrices]
  const cases: [number, number, CodePrices][] = [
    [few.functions, 0, few],
    [few.functions + 1, 0, more],
    [6, few.bytes, few],
    [6, few.bytes + 1, more],
    ...CODE.map((c): [number, number, CodePrices] => [6, c.bytes, c]),
    ...CODE.slice(1).map((c, i): [number, number, CodePrices] => [6, (CODE[i] as CodePrices).bytes + 1, c]),
  ]
  for (const [functions, bytes, tier] of cases) {
    const module = readModule(await wat(GOING(functions)))
    expect(reachOf(module)).toMatchObject({ functions })
    for (const scheme of ['optimised', 'naive'] as const) {
      const reach: Reach = { pages: 0, functions: 0, bytes }
      const taken = (name: string): number => used(module, name, 0, { scheme, reach }) - used(module, 'nothing', 0, { scheme, reach })
      // the others drop nothing
      expect(taken('branch')).toBe(tier.branch - PARAMS.wasm.base)
      expect(taken('branchTable')).toBe(tier.branchTable - PARAMS.wasm.base)
      expect(taken('call')).toBe(tier.call - PARAMS.wasm.base)
      expect(taken('callIndirect')).toBe(tier.callIndirect)
    }
  }
})

test('the bytes of code are those of all bodies', async () => {
  const module = readModule(await wat('(module (func (drop (i32.const 1))) (func))'))
  // i32.const 1, drop, end; end
  expect(reachOf(module)).toEqual({ pages: 0, functions: 2, bytes: 5 })
})

test('prices are the same object for the same table and tiers, and those of another table for another', () => {
  const other = { ...PARAMS.wasm, base: 2 }
  const reach = (pages: number, functions = 0): Reach => ({ pages, functions, bytes: 0 })
  const { pages } = TIERS[0] as MemoryPrices
  const { functions } = CODE[0] as CodePrices
  expect(wasmPrices(PARAMS.wasm, reach(1))).toBe(wasmPrices(PARAMS.wasm, reach(pages, functions)))
  expect(wasmPrices(PARAMS.wasm, reach(1))).not.toBe(wasmPrices(PARAMS.wasm, reach(1, functions + 1)))
  expect([wasmPrices(other, reach(1)).base, wasmPrices(PARAMS.wasm, reach(1)).base]).toEqual([2, PARAMS.wasm.base])
})

test('U4.3-GAS-1: an instance costs by all that the engine makes for it, beside what ordinary guests have', async () => {
  const { imported, exported, defined, item, free } = PARAMS.instance
  const gas = async (items: string): Promise<number> => {
    const module = readModule(await wat(`(module ${items})`))
    return instanceGas(module) + itemsGas(module)
  }
  const many = (n: number, of: (i: number) => string): string => Array.from({ length: n }, (_, i) => of(i)).join(' ')
  expect(await gas('(func) (memory 0) (global i32 (i32.const 1)) (export "m" (memory 0))')).toBe(0)
  // Each kind at what is free and one over, behind what it needs
  for (const [first, before, price, one] of [
    ['(global i32 (i32.const 1))', item, exported, (i: number) => `(export "e${i}" (global 0))`],
    ['(type (func))', item, imported, () => '(import "a" "b" (func (type 0)))'],
    ['(type (func))', item, defined, () => '(func (type 0))'],
    ['', 0, item, () => '(global i32 (i32.const 1))'],
    ['', 0, item, () => '(type (func (param i64)))'],
  ] as const) {
    const most = Math.floor((free - before) / price)
    expect(await gas(`${first} ${many(most, one)}`), one(0)).toBe(0)
    expect(await gas(`${first} ${many(most + 1, one)}`), one(0)).toBe(before + (most + 1) * price - free)
  }
  const segments = free / item
  const { growPage, bulk64, tableElement } = pricesOf(readModule(await wat('(module (memory 2 2))')))
  expect(await gas(`(memory 2 2) ${many(segments + 1, () => '(data (i32.const 0) "x")')}`)).toBe(
    2 * growPage + (segments + 1) * bulk64 + item,
  )
  expect(await gas(`(table 3 funcref) ${many(segments + 1, () => '(elem (i32.const 0))')}`)).toBe(3 * tableElement + item)
})

test('U4.3-GAS-1: entering a function pays for every four of its locals, which are zeroed', async () => {
  const of = async (locals: number, scheme: 'naive' | 'optimised'): Promise<number> =>
    used(readModule(await wat(`(module (func (export "f") (param i32) (local ${'i64 '.repeat(locals)})))`)), 'f', 0, { scheme })
  for (const scheme of ['naive', 'optimised'] as const) {
    const none = await of(0, scheme)
    for (const n of [3, 4, 7, 8, 1_000]) expect((await of(n, scheme)) - none).toBe(Math.floor(n / 4) * PARAMS.wasm.base)
  }
})
