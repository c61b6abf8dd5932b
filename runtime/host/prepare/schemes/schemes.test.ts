import { expect, test } from 'vitest'
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
