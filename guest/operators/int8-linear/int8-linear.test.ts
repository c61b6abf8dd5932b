import { fileURLToPath } from 'node:url'
import * as fc from 'fast-check'
import { beforeAll, expect, test } from 'vitest'
import { glyphs } from '../../../examples/pytorch/index.ts'
import type { CID, NamedTensor } from '../../../runtime/core/index.ts'
import { buildGuest } from '../../../runtime/host/build/index.ts'
import type { Host } from '../../../runtime/host/index.ts'
import { testHost } from '../../../runtime/host/testing/host.ts'

let host: Host
let module: CID
beforeAll(async () => {
  host = testHost()
  const { component } = await buildGuest({ dir: fileURLToPath(new URL('.', import.meta.url)) })
  module = (await host.admit(component)).module
})
const run = (...inputs: readonly NamedTensor[]) => host.runOperator({ module, inputs, gasLimit: 200_000_000n })
const f32 = (shape: readonly number[], values: Iterable<number>): NamedTensor => ({
  name: 't',
  dtype: 'f32',
  shape,
  data: new Uint8Array(Float32Array.from(values).buffer),
})
const s8 = (shape: readonly number[], values: Iterable<number>): NamedTensor => ({
  name: 't',
  dtype: 's8',
  shape,
  data: new Uint8Array(Int8Array.from(values).buffer),
})
const floats = (t: NamedTensor | undefined): Float32Array => new Float32Array((t as NamedTensor).data.slice().buffer)

test('gives what torch gave at the node of the trained model, bit for bit', async () => {
  const node = glyphs().nodes.find((n) => n.operator === 'ai.utnet::Int8Linear')
  expect(node?.inputs.map((t) => [t.name, t.dtype, t.shape])).toEqual([
    ['x', 'f32', [3, 144]],
    ['weight', 's8', [32, 144]],
    ['x_scale', 'f32', []],
    ['weight_scale', 'f32', [32]],
    ['bias', 'f32', [32]],
  ])
  const got = await run(...(node?.inputs ?? []))
  expect(got).toMatchObject({ status: 'ok' })
  expect(got.outputs.map((t) => t.shape)).toEqual([[3, 32]])
  expect(floats(got.outputs[0])).toEqual(floats(node?.outputs[0]))
})

/** Half to even, as IEEE 754 rounds. */
function even(v: number): number {
  const near = Math.round(v)
  return Math.abs(v - Math.trunc(v)) === 0.5 ? 2 * Math.round(v / 2) : near
}

test('is the plain integer loop at every width, and saturates', async () => {
  const number = fc.oneof(
    fc.float({ noNaN: true }),
    fc.integer({ min: -300, max: 300 }).map((n) => n / 2),
    fc.constantFrom(NaN, -0, Infinity, -Infinity),
  )
  const shapes = fc.record({ rows: fc.integer({ min: 0, max: 3 }), k: fc.integer({ min: 0, max: 21 }), n: fc.integer({ min: 0, max: 5 }) })
  const exactly = <T>(length: number, one: fc.Arbitrary<T>) => fc.array(one, { minLength: length, maxLength: length })
  const given = shapes.chain(({ rows, k, n }) =>
    fc.record({
      rows: fc.constant(rows),
      k: fc.constant(k),
      n: fc.constant(n),
      x: exactly(rows * k, number),
      weight: exactly(n * k, fc.integer({ min: -128, max: 127 })),
      xScale: fc.constantFrom(1, 0.5, Math.fround(0.013)),
      weightScale: exactly(n, fc.float({ min: -2, max: 2, noNaN: true })),
      bias: fc.option(exactly(n, fc.float({ noNaN: true, noDefaultInfinity: true })), { nil: undefined }),
    }),
  )
  await fc.assert(
    fc.asyncProperty(given, async ({ rows, k, n, x, weight, xScale, weightScale, bias }) => {
      const q = x.map((v) => {
        const held = Math.max(-127, Math.min(127, even(Math.fround(Math.fround(v) / xScale))))
        return Number.isNaN(held) ? 0 : held
      })
      const want = Float32Array.from({ length: rows * n }, (_, at) => {
        const [i, j] = [Math.floor(at / n), at % n]
        let sum = 0
        for (let l = 0; l < k; l++) sum += (q[i * k + l] as number) * (weight[j * k + l] as number)
        const scale = Math.fround(xScale * (weightScale[j] as number))
        return Math.fround(Math.fround(Math.fround(sum) * scale) + (bias?.[j] ?? 0))
      })
      const got = await run(
        f32([rows, k], x),
        s8([n, k], weight),
        f32([1], [xScale]),
        f32([n], weightScale),
        ...(bias === undefined ? [] : [f32([n], bias)]),
      )
      expect(got).toMatchObject({ status: 'ok' })
      expect(got.outputs[0]?.shape).toEqual([rows, n])
      expect(floats(got.outputs[0])).toEqual(want)
    }),
    { numRuns: 80 },
  )
})

test('the longest inner side sums without loss; one more is refused', async () => {
  const longest = (k: number) =>
    run(f32([1, k], new Float32Array(k).fill(-200)), s8([1, k], new Int8Array(k).fill(-128)), f32([], [1]), f32([1], [1]))
  expect(floats((await longest(131_072)).outputs[0])).toEqual(Float32Array.of(131_072 * 127 * 128))
  expect(await longest(131_073)).toMatchObject({ status: 'refused', message: 'the inner side is 131073, at most 131072 fit' })
})

const x = f32([1, 2], [1, 2])
const weight = s8([1, 2], [1, 2])
const one = f32([1], [1])
test.each([
  [[x, weight, one], 'int8-linear takes x, weight, x_scale, weight_scale and perhaps bias, got 3 tensors'],
  [[x, x, one, one], 'int8-linear takes f32, and weights in s8'],
  [[f32([], [1]), weight, one, one], 'x has no inner side'],
  [[x, s8([2], [1, 2]), one, one], 'weight is of rank 2, got 1'],
  [[x, s8([2, 1], [1, 2]), one, one], 'the inner sides differ: 2 and 1'],
  [[x, weight, x, one], 'x_scale is one number'],
  [[x, weight, one, f32([2], [1, 1])], 'weight_scale and bias are as long as weight has rows'],
  [[x, weight, one, one, f32([1, 1], [1])], 'weight_scale and bias are as long as weight has rows'],
])('refuses %#', async (inputs, message) => {
  expect(await run(...inputs)).toMatchObject({ status: 'refused', message })
})
