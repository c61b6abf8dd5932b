import fc from 'fast-check'
import { expect, test } from 'vitest'
import { LIMITS, PARAMS } from '../../../core/index.ts'
import { wat } from '../../testing/wat.ts'
import { readModule } from '../../wasm/index.ts'
import { prepareModule } from '../prepare.ts'
import { randomFloats } from '../testing/floats.ts'
import { bothSchemes, FUNCTIONS, Random, randomModule } from '../testing/modules.ts'

/** Seeds of random modules; more for a long run by hand. */
const MODULES = Number(process.env['SCHEME_MODULES'] ?? 120)
const PLENTY = 3_000_000n

type Exports = Record<string, (...args: unknown[]) => unknown>

interface Guest {
  readonly exports: Exports
  readonly gas: WebAssembly.Global<'i64'>
  /** Results as bits, and everything else that can be seen. */
  seen(): unknown
}

const floats = new DataView(new ArrayBuffer(8))
function bits(value: unknown): unknown {
  if (typeof value !== 'number') return value
  floats.setFloat64(0, value)
  return floats.getBigUint64(0)
}

function guest(module: WebAssembly.Module): Guest {
  const exports = new WebAssembly.Instance(module).exports as unknown as Exports
  const value = (name: string): unknown => bits((exports[name] as unknown as WebAssembly.Global).value)
  return {
    exports,
    gas: exports['utnet:gas'] as unknown as WebAssembly.Global<'i64'>,
    seen: () => ({
      memory: Buffer.from((exports['memory'] as unknown as WebAssembly.Memory).buffer).toString('latin1'),
      globals: ['i32', 'i64', 'f32', 'f64'].map(value),
      vector: [exports['v128 low']?.(), exports['v128 high']?.()],
    }),
  }
}

interface Run {
  readonly completed: boolean
  readonly result: unknown
  readonly used: bigint
}

function run({ exports, gas }: Guest, name: string, args: readonly unknown[], budget: bigint): Run {
  gas.value = budget
  try {
    const result = bits(exports[name]?.(...args))
    return { completed: true, result, used: budget - gas.value }
  } catch (error) {
    expect(error).toBeInstanceOf(WebAssembly.RuntimeError)
    return { completed: false, result: undefined, used: 0n }
  }
}

test(`U4.3-GAS-1, U5.5-WSM-1: on ${MODULES} random modules both schemes give the same results, memory, globals, NaNs and gas`, async () => {
  let completed = 0
  let nans = 0
  for (let seed = 0; seed < MODULES; seed++) {
    const { naive, optimised } = await bothSchemes(randomModule(seed))
    const random = new Random(seed + 1_000_000)
    const a = guest(naive)
    const b = guest(optimised)
    for (let f = 0; f < FUNCTIONS; f++) {
      const args = [random.below(1_000), random.pick([0, 1.5, Number.NaN, Number.POSITIVE_INFINITY, -3])]
      const want = run(a, `f${f}`, args, PLENTY)
      const got = run(b, `f${f}`, args, PLENTY)
      expect(got, `seed ${seed}, f${f}(${args.join(', ')})`).toEqual(want)
      if (!want.completed) break
      completed++
      a.gas.value = PLENTY
      b.gas.value = PLENTY
      const seen = a.seen() as { memory: string }
      expect(b.seen(), `seed ${seed}, f${f}(${args.join(', ')})`).toEqual(seen)
      if (seen.memory.includes('\xc0\x7f') || seen.memory.includes('\xf8\x7f')) nans++
    }
  }
  expect(completed).toBeGreaterThan(MODULES)
  expect(nans).toBeGreaterThan(MODULES / 4)
})

test('U4.3-GAS-1: both schemes agree for every budget on whether a run completes', async () => {
  let tried = 0
  for (let seed = 0; seed < 40; seed++) {
    const { naive, optimised } = await bothSchemes(randomModule(seed))
    const random = new Random(seed)
    for (let f = 0; f < FUNCTIONS; f++) {
      const args = [random.below(100), 1.25]
      const { completed, used } = run(guest(optimised), `f${f}`, args, 300_000n)
      if (!completed) break
      // Every budget of a short run; the border and some others of a long one
      const budgets =
        used < 150n
          ? Array.from({ length: Number(used) + 1 }, (_, n) => BigInt(n))
          : [used, used - 1n, 0n, ...Array.from({ length: 6 }, () => BigInt(random.below(Number(used))))]
      for (const budget of budgets) {
        const want = budget >= used
        expect(run(guest(naive), `f${f}`, args, budget).completed, `naive, seed ${seed}, f${f}, ${budget} of ${used}`).toBe(want)
        expect(run(guest(optimised), `f${f}`, args, budget).completed, `optimised, seed ${seed}, f${f}, ${budget} of ${used}`).toBe(want)
        tried++
      }
    }
  }
  expect(tried).toBeGreaterThan(500)
})

test('U5.5-WSM-1: the delayed fix leaves the bits of the fix after each instruction, through locals and merges', async () => {
  let nans = 0
  for (let seed = 0; seed < MODULES; seed++) {
    const { naive, optimised } = await bothSchemes(randomFloats(seed))
    for (let i = 0; i < 16; i++) {
      const memories = [naive, optimised].map((module) => {
        const { exports } = new WebAssembly.Instance(module)
        ;(exports['utnet:gas'] as WebAssembly.Global<'i64'>).value = PLENTY
        ;(exports['f'] as (n: number, x: number) => void)(i, Number.NaN)
        return Buffer.from((exports['memory'] as WebAssembly.Memory).buffer)
          .subarray(0, 1_024)
          .toString('hex')
      })
      expect(memories[1], `seed ${seed}, f(${i})`).toBe(memories[0])
      if (memories[0]?.includes('0000c07f', 256) === true) nans++
    }
  }
  expect(nans).toBeGreaterThan(MODULES)
})

/** Work of some gas, and a structure around it whose ways are chosen by the bits of parameter 0, taken from the lowest on. */
type Way =
  | { readonly kind: 'work'; readonly n: number }
  | { readonly kind: 'if' | 'leave' | 'table' | 'loop' | 'turn'; readonly of: readonly Way[]; readonly other: readonly Way[] }

const NEXT_BIT = '(i32.and (local.get 0) (i32.const 1)) (local.set 0 (i32.rotr (local.get 0) (i32.const 1)))'
const MULTIPLIED = '(local.get 1) f64.mul '

/** Text of ways; each work adds to a global what it paid at least, when it was done. */
function textOf(ways: readonly Way[]): string {
  return ways
    .map((way): string => {
      if (way.kind === 'work')
        return `(local.get 2) ${MULTIPLIED.repeat(way.n)} (local.set 2) (global.set $done (i64.add (global.get $done) (i64.const ${way.n * PARAMS.wasm.floatMultiply})))`
      const [of, other] = [textOf(way.of), textOf(way.other)]
      switch (way.kind) {
        case 'if':
          return `${NEXT_BIT} (if (then ${of}) (else ${other}))`
        case 'leave':
          return `(block $b ${of} ${NEXT_BIT} br_if $b ${other})`
        case 'table':
          return `(block $o (block $i ${NEXT_BIT} (br_table $o $i)) ${of}) ${other}`
        case 'loop':
          return `(loop $l ${of} ${NEXT_BIT} br_if $l)`
        default:
          return `(block $o (loop $l ${of} ${NEXT_BIT} i32.eqz br_if $o ${other} br $l))`
      }
    })
    .join(' ')
}

const { way: WAYS } = fc.letrec<{ way: Way; ways: Way[] }>((tie) => ({
  way: fc.oneof(
    { depthSize: 'small', maxDepth: 5 },
    fc.record({ kind: fc.constant('work' as const), n: fc.integer({ min: 0, max: 300 }) }),
    fc.record({ kind: fc.constantFrom('if', 'leave', 'table', 'loop', 'turn'), of: tie('ways'), other: tie('ways') }),
  ),
  ways: fc.array(tie('way'), { maxLength: 6 }),
})) as { way: fc.Arbitrary<Way> }

async function onCredit(ways: readonly Way[], choices: number, budget: bigint): Promise<bigint> {
  const text = `(module (global $done (export "done") (mut i64) (i64.const 0)) (func (export "f") (param i32 f64) (local f64) ${textOf(ways)}))`
  const { exports } = new WebAssembly.Instance(
    new WebAssembly.Module(prepareModule(readModule(await wat(text))) as Uint8Array<ArrayBuffer>),
  )
  const { done, f } = exports as { done: WebAssembly.Global<'i64'>; f: (choices: number, factor: number) => void }
  ;(exports['utnet:gas'] as WebAssembly.Global<'i64'>).value = budget
  try {
    f(choices, 0.5)
  } catch (error) {
    expect(error).toBeInstanceOf(WebAssembly.RuntimeError)
  }
  return done.value - budget
}

test('U4.3-GAS-1: on whatever way through a function, what runs on credit is at most creditGas', async () => {
  const work = (n: number): Way => ({ kind: 'work', n })
  const long: Way = work(600)
  const turn: Way = { kind: 'loop', of: [work(1)], other: [] }
  const cases: readonly (readonly Way[])[] = [
    [{ kind: 'leave', of: [], other: [long] }],
    // Looks that are passed by: the bits choose the other arm
    Array.from({ length: 8 }, (): Way[] => [work(200), { kind: 'if', of: [turn, work(1)], other: [] }]).flat(),
    Array.from({ length: 8 }, (): Way[] => [{ kind: 'table', of: [turn], other: [work(200)] }]).flat(),
    Array.from({ length: 8 }, (): Way[] => [{ kind: 'leave', of: [work(200)], other: [turn] }]).flat(),
  ]
  for (const ways of cases)
    for (const choices of [0, -1, 0x5555_5555])
      for (const budget of [2_000n, 40_000n, 100_000n])
        expect(await onCredit(ways, choices, budget)).toBeLessThanOrEqual(BigInt(LIMITS.creditGas))
  await fc.assert(
    fc.asyncProperty(
      fc.array(WAYS, { minLength: 1, maxLength: 6 }),
      fc.integer(),
      fc.bigInt({ min: 1n, max: 200_000n }),
      async (ways, choices, budget) => {
        expect(await onCredit(ways, choices, budget)).toBeLessThanOrEqual(BigInt(LIMITS.creditGas))
      },
    ),
    { numRuns: 300 },
  )
})
