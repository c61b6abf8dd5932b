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
const run = (...inputs: readonly NamedTensor[]) => host.runOperator({ module, inputs, gasLimit: 100_000_000n })
const f32 = (shape: readonly number[], values: Iterable<number>): NamedTensor => ({
  name: 't',
  dtype: 'f32',
  shape,
  data: new Uint8Array(Float32Array.from(values).buffer),
})
const bits = (data: Uint8Array): number[] => [...new Uint32Array(data.slice().buffer)]

test('gives what torch gave at each node of the trained model, bit for bit', async () => {
  const nodes = glyphs().nodes.filter((n) => n.operator === 'ai.utnet::Poly')
  expect(nodes.map((n) => n.inputs[0]?.shape)).toEqual([
    [3, 8, 14, 14],
    [3, 32],
  ])
  for (const { inputs, outputs } of nodes) {
    const got = await run(...inputs)
    expect(got).toMatchObject({ status: 'ok' })
    expect(got.outputs.map((t) => t.shape)).toEqual([outputs[0]?.shape])
    expect(bits((got.outputs[0] as NamedTensor).data)).toEqual(bits((outputs[0] as NamedTensor).data))
  }
})

test('is the loop from the last coefficient inwards, each step rounded, at every length', async () => {
  const number = fc.oneof(fc.float(), fc.constantFrom(-0, Infinity, -Infinity, NaN, 2 ** -149, -(2 ** -140)))
  await fc.assert(
    fc.asyncProperty(fc.array(number, { maxLength: 11 }), fc.array(number, { minLength: 1, maxLength: 6 }), async (x, c) => {
      const want = Float32Array.from(x, (v) =>
        c.slice(0, -1).reduceRight((y, k) => Math.fround(Math.fround(y * v) + k), c.at(-1) as number),
      )
      const got = await run(f32([x.length], x), f32([c.length], c))
      expect(got.outputs[0]?.shape).toEqual([x.length])
      // toEqual tells -0 from 0 and takes any NaN for another
      expect(new Float32Array((got.outputs[0] as NamedTensor).data.slice().buffer)).toEqual(want)
    }),
    { numRuns: 60 },
  )
})

test.each([
  [[f32([1], [1])], 'poly takes x and coefficients, got 1 tensors'],
  [[f32([1], [1]), f32([1, 1], [1])], 'coefficients is of rank 1, got 2'],
  [[f32([1], [1]), f32([0], [])], 'poly takes at least one coefficient'],
  [[{ ...f32([1], [1]), dtype: 's32' as const }, f32([1], [1])], 'poly takes f32'],
])('refuses %#', async (inputs, message) => {
  expect(await run(...inputs)).toMatchObject({ status: 'refused', message })
})
