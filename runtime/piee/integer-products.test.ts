import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { NodeFacts, Tensor } from '../core/index.ts'
import { onWeb, type NodeCase } from '../tpu-bridge/operators/testing/node-case.ts'
import { challengeSeed, checkProduct } from './index.ts'
import { integerProducts } from './integer-products.ts'

const bytes = (dtype: 'u8' | 's8', shape: readonly number[], seed: number): Tensor => {
  let state = seed >>> 0
  const data = Uint8Array.from({ length: shape.reduce((n, s) => n * s, 1) }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state >>> 24
  })
  return { dtype, shape, data }
}

/** What onnxruntime-web gives passes; with any one cell changed it does not. */
async function check(c: NodeCase, attributes: NodeFacts['attributes'], cell: number): Promise<void> {
  const [output] = (await onWeb(c)) as [Tensor]
  const facts: NodeFacts = { operator: c.op, attributes, constants: [] }
  const passes = (of: Tensor): boolean | undefined => integerProducts(facts, c.inputs, of)?.every((product) => checkProduct(product, challengeSeed(['test'])))
  expect(passes(output)).toBe(true)
  const bent = { ...output, data: new Uint8Array(output.data) }
  bent.data[cell % bent.data.length] = (bent.data[cell % bent.data.length] as number) ^ 1
  expect(passes(bent)).toBe(false)
}

const side = fc.integer({ min: 1, max: 7 })
const dtype = fc.constantFrom('u8' as const, 's8' as const)

test('MatMulInteger of onnxruntime-web, batches and zero points', async () => {
  await fc.assert(
    fc.asyncProperty(side, side, side, side, dtype, fc.nat(), fc.boolean(), async (p, m, k, n, of, seed, zeros) => {
      const inputs = [bytes(of, [p, m, k], seed), bytes('u8', [k, n], seed + 1), ...(zeros ? [bytes(of, [], seed + 2), bytes('u8', [], seed + 3)] : [])]
      await check({ op: 'MatMulInteger', inputs }, new Map(), seed)
    }),
    { numRuns: 15, endOnFailure: true },
  )
})

test('ConvInteger of onnxruntime-web, groups, strides, dilations, padding and zero points', async () => {
  await fc.assert(
    fc.asyncProperty(side, side, side, fc.integer({ min: 1, max: 3 }), fc.nat(), fc.boolean(), async (channels, each, size, window, seed, zeros) => {
      const groups = (seed % 2) + 1
      const pads = [1, 0, 1, 1]
      const inputs = [
        bytes('u8', [2, channels * groups, size + 5, size + 6], seed),
        bytes('u8', [each * groups, channels, window, window], seed + 1),
        ...(zeros ? [bytes('u8', [], seed + 2), bytes('u8', [], seed + 3)] : []),
      ]
      const numbers = { group: groups, pads, strides: [2, 1], dilations: [1, 2] }
      const attributes = Object.fromEntries(
        Object.entries(numbers).map(([name, value]) => [name, typeof value === 'number' ? { kind: 'int' as const, value } : { kind: 'ints' as const, value }]),
      )
      await check({ op: 'ConvInteger', opset: 10, attributes, inputs }, new Map(Object.entries(numbers)), seed)
    }),
    { numRuns: 15, endOnFailure: true },
  )
})

test('operators and types that are none of these', () => {
  const facts: NodeFacts = { operator: 'MatMul', attributes: new Map(), constants: [] }
  const a = bytes('u8', [2, 2], 1)
  expect(integerProducts(facts, [a, a], a)).toBeUndefined()
  expect(integerProducts({ ...facts, operator: 'MatMulInteger' }, [a, a], a)).toBeUndefined()
  expect(integerProducts({ ...facts, operator: 'MatMulInteger' }, [a], a)).toBeUndefined()
})
