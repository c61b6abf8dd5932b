import fc from 'fast-check'
import { expect, test } from 'vitest'
import { LIMITS, PARAMS } from '../../core/index.ts'
import { load, wat, type Loaded } from '../testing/wat.ts'
import { functionNames, nameSection, OP, readModule, type CoreModule } from '../wasm/index.ts'
import {
  chargedBy,
  Positions,
  prepareModule,
  prepareProfiling,
  pricesOf,
  readCounters,
  readLeastStack,
  readProbes,
  STACK_EXPORT,
  type FunctionCharge,
} from './index.ts'

const PLENTY = 1_000_000_000n

/** Statements of a function that may call those before it; local 0 is its i32 parameter, 1 a counter. */
const statement = (callees: number): fc.Arbitrary<string> => {
  const leaf = fc.oneof(
    fc.constantFrom(
      '(local.set 0 (i32.mul (local.get 0) (i32.const 3)))',
      '(i32.store (i32.const 8) (i32.div_u (local.get 0) (i32.const 7)))',
      '(drop (f64.sqrt (f64.convert_i32_s (local.get 0))))',
      '(drop (memory.grow (i32.and (local.get 0) (i32.const 1))))',
      '(memory.fill (i32.const 0) (i32.const 1) (i32.and (local.get 0) (i32.const 511)))',
      '(drop (table.grow (ref.null func) (i32.and (local.get 0) (i32.const 3))))',
      '(if (i32.and (local.get 0) (i32.const 4)) (then (return (local.get 0))))',
      '(if (i32.eq (i32.and (local.get 0) (i32.const 15)) (i32.const 9)) (then unreachable))',
    ),
    ...(callees === 0
      ? []
      : [fc.nat({ max: callees - 1 }).map((k) => `(local.set 0 (call $f${k} (i32.add (local.get 0) (i32.const ${k}))))`)]),
  )
  const many = fc.array(leaf, { maxLength: 3 }).map((items) => items.join(' '))
  return fc.oneof(
    leaf,
    fc
      .tuple(fc.integer({ min: 1, max: 4 }), many)
      .map(
        ([n, inner]) => `(local.set 1 (i32.const ${n})) (loop $l ${inner} (br_if $l (local.tee 1 (i32.sub (local.get 1) (i32.const 1)))))`,
      ),
    fc.tuple(many, many).map(([a, b]) => `(if (i32.and (local.get 0) (i32.const 1)) (then ${a}) (else ${b}))`),
  )
}

const program = fc
  .tuple(...[0, 1, 2, 3].map((callees) => fc.array(statement(callees), { minLength: 1, maxLength: 5 })))
  .map(
    (bodies) =>
      `(module (memory 1 20) (table 1 funcref) ${bodies
        .map((body, i) => `(func $f${i} (export "f${i}") (param i32) (result i32) (local i32) ${body.join('\n')} (local.get 0))`)
        .join('\n')})`,
  )

interface Variants {
  readonly module: CoreModule
  readonly plain: Uint8Array
  readonly profiling: Uint8Array
  readonly probes: number
}

async function variants(text: string): Promise<Variants> {
  const module = readModule(await wat(text))
  const { prepared, probes } = prepareProfiling(module)
  return { module, plain: prepareModule(module), profiling: prepared, probes }
}

function run(guest: Loaded, name: string, argument: number, budget: bigint): { readonly left: bigint; readonly result: unknown } {
  guest.gas.value = budget
  try {
    return { result: guest.exports[name]?.(argument), left: guest.gas.value }
  } catch (error) {
    expect(error).toBeInstanceOf(WebAssembly.RuntimeError)
    return { result: 'stopped', left: guest.gas.value }
  }
}

const counters = ({ exports }: Loaded, { importedFunctions, functions }: CoreModule): readonly FunctionCharge[] =>
  readCounters(exports, importedFunctions, functions.length)
const sum = (lines: Iterable<{ readonly gas: bigint }>): bigint => {
  let n = 0n
  for (const { gas } of lines) n += gas
  return n
}
const byInstruction = ({ exports }: Loaded, { module, probes }: Variants): bigint =>
  sum(chargedBy(module, readProbes(exports, probes), pricesOf(module)))

test('U4.3-GAS-1: the profiling variant computes, charges and stops as the ordinary one, and its counters sum up to the gas', async () => {
  let completed = 0
  let stopped = 0
  await fc.assert(
    fc.asyncProperty(program, fc.nat({ max: 2_000 }), fc.double({ min: 0, max: 1, noNaN: true }), async (text, argument, part) => {
      const all = await variants(text)
      const { module, plain, profiling } = all
      const profiled = load(profiling)
      const whole = run(load(plain), 'f3', argument, PLENTY)
      expect(run(profiled, 'f3', argument, PLENTY)).toEqual(whole)
      const need = sum(counters(profiled, module))
      if (whole.result === 'stopped') {
        stopped++
        expect(byInstruction(profiled, all)).toBeLessThanOrEqual(need)
      } else {
        completed++
        expect(need).toBe(PLENTY - whole.left)
        expect(byInstruction(profiled, all)).toBe(need)
      }

      const budget = BigInt(Math.floor(Number(need) * part))
      const short = load(profiling)
      const cut = run(short, 'f3', argument, budget)
      expect(cut).toEqual(run(load(plain), 'f3', argument, budget))
      const used = sum(counters(short, module))
      // A run that stops does not tell what it had: all of it is lost
      const lines = byInstruction(short, all)
      if (cut.result === 'stopped') {
        expect(used).toBeLessThanOrEqual(budget)
        expect(lines).toBeLessThanOrEqual(budget)
      } else {
        expect(used).toBe(budget - cut.left)
        expect(lines).toBe(used)
      }
    }),
    { numRuns: 60 },
  )
  expect(completed).toBeGreaterThan(10)
  expect(stopped).toBeGreaterThan(0)
})

test('counters tell functions, calls and dynamic charges apart', async () => {
  const { module, profiling } = await variants(`(module (memory 1)
    (func $leaf (param i32) (result i32) (i32.add (local.get 0) (i32.const 1)))
    (func $fill (memory.fill (i32.const 0) (i32.const 1) (i32.const 6400)))
    (func $unused)
    (func (export "main") (param i32) (result i32) (call $fill) (call $leaf (call $leaf (call $leaf (local.get 0))))))`)
  const guest = load(profiling)
  expect(run(guest, 'main', 1, PLENTY).result).toBe(4)
  const [leaf, fill, main] = counters(guest, module)
  expect([leaf?.index, fill?.index, main?.index]).toEqual([0, 1, 3])
  expect([leaf?.calls, fill?.calls, main?.calls]).toEqual([3, 1, 1])
  const empty = prepareModule(
    readModule(await wat('(module (memory 1) (func (export "main") (param i32) (memory.fill (i32.const 0) (i32.const 1) (i32.const 0))))')),
    { profile: true },
  )
  const none = load(empty)
  run(none, 'main', 0, PLENTY)
  expect((fill?.gas ?? 0n) - (readCounters(none.exports, 0, 1)[0]?.gas ?? 0n)).toBe(BigInt(100 * pricesOf(module).bulk64))
})

test('the ordinary variant has no counters; a guest cannot bring its own', async () => {
  const { plain, profiling } = await variants('(module (global (export "utnet:gas:0") (mut i64) (i64.const 9)) (func (export "f")))')
  expect(readModule(plain).exports.map((e) => e.name)).toEqual(['f', 'utnet:gas', STACK_EXPORT, 'utnet:charge', 'utnet:reset'])
  expect(Object.keys(load(profiling).exports)).toEqual([
    'f',
    'utnet:gas',
    STACK_EXPORT,
    'utnet:charge',
    'utnet:reset',
    'utnet:stack:least',
    'utnet:gas:0',
    'utnet:calls:0',
  ])
  expect((load(profiling).exports['utnet:gas:0'] as unknown as WebAssembly.Global<'i64'>).value).toBe(0n)
})

test('function names are read as far as they can be, and shown without controls', async () => {
  const named = readModule(await wat('(module (func $one) (func) (func $three))'))
  expect([...functionNames(nameSection(named), 3)]).toEqual([
    [0, 'one'],
    [2, 'three'],
  ])
  expect(nameSection(readModule(Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0)))).toHaveLength(0)
  // Subsection 1 with "a\n\u202Eb" for function 0, then a name that is cut off
  const odd = Uint8Array.of(1, 12, 2, 0, 6, 0x61, 0x0a, 0xe2, 0x80, 0xae, 0x62, 1, 9, 0x78)
  expect([...functionNames(odd, 2)]).toEqual([[0, 'a??b']])
  // Indices that do not rise, or are of no function
  expect([...functionNames(Uint8Array.of(1, 10, 3, 1, 1, 0x61, 1, 1, 0x62, 2, 1, 0x63), 9)]).toEqual([[1, 'a']])
  expect([...functionNames(nameSection(named), 2)]).toEqual([[0, 'one']])
  fc.assert(fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => functionNames(bytes, 9) instanceof Map))
})

test('the price of every instruction is its own, of what its operand adds, too', async () => {
  const { module, profiling, probes } = await variants(`(module (memory 1)
    (func (export "main") (param i32) (local i32 i32 i32 i32)
      (loop $l
        (memory.fill (i32.const 0) (i32.const 1) (i32.const 640))
        (drop (i32.div_u (local.get 0) (i32.const 3)))
        (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))))`)
  const guest = load(profiling)
  run(guest, 'main', 5, PLENTY)
  const lines = [...chargedBy(module, readProbes(guest.exports, probes), pricesOf(module))]
  const of = (code: number): readonly { gas: bigint; executions: bigint }[] =>
    lines.filter(({ at }) => module.bytes[at] === code).map(({ gas, executions }) => ({ gas, executions }))
  expect(of(0x6e)).toEqual([{ gas: BigInt(5 * PARAMS.wasm.divide), executions: 5n }])
  expect(of(0xfc)).toContainEqual({ gas: BigInt(5 * 10 * pricesOf(module).bulk64), executions: 0n })
  expect(sum(lines)).toBe(sum(counters(guest, module)))
  expect(lines.every(({ index }) => index === 0)).toBe(true)
})

test('a profile knows how deep the stack was; more probes than the limit are left out', async () => {
  const { profiling } = await variants(`(module (func $down (export "f") (param i32) (result i32)
    (if (result i32) (i32.eqz (local.get 0)) (then (i32.const 0)) (else (call $down (i32.sub (local.get 0) (i32.const 1)))))))`)
  const deep = (n: number): number => {
    const guest = load(profiling)
    run(guest, 'f', n, PLENTY)
    return LIMITS.stackBytes - readLeastStack(guest.exports)
  }
  expect(deep(9) - deep(8)).toBe(deep(1) - deep(0))
  expect(deep(0)).toBe(deep(1) - deep(0))
  const lines = (n: number): Promise<Uint8Array> => wat(`(module (func (param i32) ${'(if (local.get 0) (then nop))'.repeat(n)}))`)
  const { probes } = prepareProfiling(readModule(await lines(10)))
  const each = probes / 10
  const most = Math.floor(LIMITS.tracedProbes / each)
  expect(prepareProfiling(readModule(await lines(most))).probes).toBe(most * each)
  expect(prepareProfiling(readModule(await lines(most + 1))).probes).toBe(0)
})

const FRAME = /wasm-function\[(\d+)\]:0x([0-9a-f]+)/g

test('a place in a prepared module leads back to the instruction of the guest, in both variants', async () => {
  let stopped = 0
  let deeper = 0
  await fc.assert(
    fc.asyncProperty(program, fc.nat({ max: 2_000 }), async (text, argument) => {
      const { module, plain, profiling } = await variants(text)
      const made = [
        [plain, (positions: Positions) => prepareModule(module, { positions })],
        [profiling, (positions: Positions) => prepareProfiling(module, { positions }).prepared],
      ] as const
      const found = made.map(([prepared, again]) => {
        const guest = load(prepared)
        guest.gas.value = PLENTY
        let stack = ''
        try {
          guest.exports['f3']?.(argument)
        } catch (error) {
          stack = (error as Error).stack ?? ''
        }
        return [...stack.matchAll(FRAME)].flatMap(([, index, at]) => {
          if (Number(index) >= module.functions.length) return []
          const positions = new Positions(Number(index))
          expect(Buffer.compare(again(positions), prepared)).toBe(0)
          return [[Number(index), positions.original(Number.parseInt(at as string, 16))] as const]
        })
      })
      expect(found[1]).toEqual(found[0])
      const [inner, ...callers] = found[0] ?? []
      if (inner === undefined) return
      stopped++
      expect(module.bytes[inner[1] as number]).toBe(OP.unreachable)
      for (const [, at] of callers) {
        deeper++
        expect(module.bytes[at as number]).toBe(OP.call)
      }
    }),
    { numRuns: 80 },
  )
  expect(stopped).toBeGreaterThan(3)
  expect(deeper).toBeGreaterThan(0)
})
