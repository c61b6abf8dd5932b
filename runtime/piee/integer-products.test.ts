import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { NodeFacts, Tensor } from '../core/index.ts'
import { f32, onWeb, type NodeCase } from '../tpu-bridge/operators/testing/node-case.ts'
import { challengeSeed, checkProduct, checkQuantisedProduct } from './index.ts'
import { integerProducts } from './integer-products.ts'

const bytes = (dtype: 'u8' | 's8', shape: readonly number[], seed: number): Tensor => {
  let state = seed >>> 0
  const data = Uint8Array.from({ length: shape.reduce((n, s) => n * s, 1) }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state >>> 24
  })
  return { dtype, shape, data }
}

/** Whether what onnxruntime-web gives passes, and whether it still does with one cell changed. */
async function check(c: NodeCase, attributes: NodeFacts['attributes'], cell: number): Promise<readonly (boolean | undefined)[]> {
  const [output] = (await onWeb(c)) as [Tensor]
  const facts: NodeFacts = { operator: c.op, attributes, constants: [] }
  const passes = (of: Tensor): boolean | undefined =>
    integerProducts(facts, c.inputs, of)?.every((product) => checkProduct(product, challengeSeed(['test'])))
  const bent = { ...output, data: new Uint8Array(output.data) }
  bent.data[cell % bent.data.length] = (bent.data[cell % bent.data.length] as number) ^ 1
  return [passes(output), passes(bent)]
}

const side = fc.integer({ min: 1, max: 7 })
const dtype = fc.constantFrom('u8' as const, 's8' as const)

test('MatMulInteger of onnxruntime-web, batches and zero points', async () => {
  await fc.assert(
    fc.asyncProperty(side, side, side, side, dtype, fc.nat(), fc.boolean(), async (p, m, k, n, of, seed, zeros) => {
      const inputs = [
        bytes(of, [p, m, k], seed),
        bytes('u8', [k, n], seed + 1),
        ...(zeros ? [bytes(of, [], seed + 2), bytes('u8', [], seed + 3)] : []),
      ]
      expect(await check({ op: 'MatMulInteger', inputs }, new Map(), seed)).toEqual([true, false])
    }),
    { numRuns: 15, endOnFailure: true },
  )
})

test('ConvInteger of onnxruntime-web, groups, strides, dilations, padding and zero points', async () => {
  await fc.assert(
    fc.asyncProperty(
      side,
      side,
      side,
      fc.integer({ min: 1, max: 3 }),
      fc.nat(),
      fc.boolean(),
      async (channels, each, size, window, seed, zeros) => {
        const groups = (seed % 2) + 1
        const pads = [1, 0, 1, 1]
        const inputs = [
          bytes('u8', [2, channels * groups, size + 5, size + 6], seed),
          bytes('u8', [each * groups, channels, window, window], seed + 1),
          ...(zeros ? [bytes('u8', [], seed + 2), bytes('u8', [], seed + 3)] : []),
        ]
        const numbers = { group: groups, pads, strides: [2, 1], dilations: [1, 2] }
        const attributes = Object.fromEntries(
          Object.entries(numbers).map(([name, value]) => [
            name,
            typeof value === 'number' ? { kind: 'int' as const, value } : { kind: 'ints' as const, value },
          ]),
        )
        expect(await check({ op: 'ConvInteger', opset: 10, attributes, inputs }, new Map(Object.entries(numbers)), seed)).toEqual([
          true,
          false,
        ])
      },
    ),
    { numRuns: 15, endOnFailure: true },
  )
})

test('QLinearMatMul of onnxruntime-web: the sums by Freivalds, and each cell scaled down', async () => {
  const scalar = (value: number): Tensor => f32([], [value])
  await fc.assert(
    fc.asyncProperty(side, fc.integer({ min: 1, max: 40 }), side, dtype, fc.nat(), async (m, k, n, of, seed) => {
      const [a, b] = [bytes(of, [m, k], seed), bytes(of, [k, n], seed + 1)]
      const [zeroA, zeroB, zeroY] = [bytes(of, [], seed + 2), bytes(of, [], seed + 3), bytes(of, [], seed + 4)]
      const operands = [
        a,
        scalar(0.0123 + (seed % 97) / 5000),
        zeroA,
        b,
        scalar(0.0077 + (seed % 31) / 3000),
        zeroB,
        scalar(0.05 + (seed % 53) / 100),
        zeroY,
      ]
      const [output] = (await onWeb({ op: 'QLinearMatMul', opset: 10, inputs: operands })) as [Tensor]
      const number = (t: Tensor, i: number): number => (t.dtype === 's8' ? ((t.data[i] as number) << 24) >> 24 : (t.data[i] as number))
      const sums = new Int32Array(m * n)
      for (let i = 0; i < m; i++)
        for (let j = 0; j < n; j++)
          for (let s = 0; s < k; s++)
            sums[i * n + j] =
              (sums[i * n + j] as number) + (number(a, i * k + s) - number(zeroA, 0)) * (number(b, s * n + j) - number(zeroB, 0))
      const shown = (words: Int32Array): Tensor => ({ dtype: 's32', shape: [m, n], data: new Uint8Array(words.buffer) })
      const challenged = challengeSeed(['quantised', seed])
      expect(checkQuantisedProduct(operands, shown(sums), output, challenged)).toBe(true)
      const bent = { ...output, data: Uint8Array.from(output.data, (v, i) => (i === seed % (m * n) ? v ^ 1 : v)) }
      expect(checkQuantisedProduct(operands, shown(sums), bent, challenged)).toBe(false)
      // sums that were made to fit a wrong output are no product
      const made = Int32Array.from(sums)
      made[seed % (m * n)] = (made[seed % (m * n)] as number) + 1
      expect(checkQuantisedProduct(operands, shown(made), output, challenged)).toBe(false)
      // nothing is said of forms that this check does not know
      for (let i = 0; i < operands.length; i++)
        expect(
          checkQuantisedProduct(
            operands.map((t, at) => (at === i ? undefined : t)),
            shown(sums),
            output,
            challenged,
          ),
        ).toBeUndefined()
      const two = f32([2], [0.01, 0.02])
      for (const i of [1, 6]) expect(checkQuantisedProduct(operands.with(i, two), shown(sums), output, challenged)).toBeUndefined()
      const scales = f32(
        [n + 1],
        Array.from({ length: n + 1 }, () => 0.01),
      )
      expect(checkQuantisedProduct(operands.with(4, scales), shown(sums), output, challenged)).toBeUndefined()
      expect(checkQuantisedProduct(operands.with(7, bytes(of, [2], seed)), shown(sums), output, challenged)).toBeUndefined()
      const [wide, longer, real] = [
        { ...output, dtype: 's32' as const },
        new Int32Array(m * n + 1),
        { ...shown(sums), dtype: 'f32' as const },
      ]
      expect(checkQuantisedProduct(operands, shown(sums), wide, challenged)).toBeUndefined()
      expect(checkQuantisedProduct(operands, shown(longer), output, challenged)).toBeUndefined()
      expect(checkQuantisedProduct(operands, real, output, challenged)).toBeUndefined()
    }),
    { numRuns: 25, endOnFailure: true },
  )
})

test('QLinearMatMul of onnxruntime-web: what lies between two cells goes to the even one', async () => {
  const scalar = (value: number): Tensor => f32([], [value])
  const zero: Tensor = { dtype: 'u8', shape: [], data: Uint8Array.of(0) }
  const a: Tensor = { dtype: 'u8', shape: [9, 1], data: Uint8Array.from({ length: 9 }, (_, i) => i) }
  const b: Tensor = { dtype: 'u8', shape: [1, 1], data: Uint8Array.of(1) }
  const operands = [a, scalar(0.5), zero, b, scalar(1), zero, scalar(1), zero]
  const [output] = (await onWeb({ op: 'QLinearMatMul', opset: 10, inputs: operands })) as [Tensor]
  expect([...output.data]).toEqual([0, 0, 1, 2, 2, 2, 3, 4, 4])
  const sums: Tensor = { dtype: 's32', shape: [9, 1], data: new Uint8Array(Int32Array.from(a.data).buffer) }
  const seed = challengeSeed(['ties'])
  expect(checkQuantisedProduct(operands, sums, output, seed)).toBe(true)
  for (const [i, v] of output.data.entries())
    expect(checkQuantisedProduct(operands, sums, { ...output, data: output.data.with(i, v + 1) }, seed)).toBe(false)
})

test('operators and types that are none of these', () => {
  const facts: NodeFacts = { operator: 'MatMul', attributes: new Map(), constants: [] }
  const a = bytes('u8', [2, 2], 1)
  expect(integerProducts(facts, [a, a], a)).toBeUndefined()
  expect(integerProducts({ ...facts, operator: 'MatMulInteger' }, [a, a], a)).toBeUndefined()
  expect(integerProducts({ ...facts, operator: 'MatMulInteger' }, [a], a)).toBeUndefined()
})
