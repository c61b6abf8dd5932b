import fc from 'fast-check'
import { expect, test } from 'vitest'
import { elementCount, type Tensor } from '../../../core/index.ts'
import type { Attribute } from '../../graph/index.ts'
import { differs, f32, lowerCase, s64 } from '../testing/node-case.ts'

const filled = (shape: readonly number[], seed: number): Tensor =>
  f32(
    shape,
    Array.from({ length: elementCount(shape, 'a test') }, (_, i) => Math.sin(i * 3.7 + seed) * 2),
  )
const int = (value: number): Attribute => ({ kind: 'int', value })

test.each(['NegativeLogLikelihoodLoss', 'SoftmaxCrossEntropyLoss'])('%s has the bits of onnxruntime-web', async (op) => {
  const some = fc.record({
    batch: fc.integer({ min: 1, max: 5 }),
    classes: fc.integer({ min: 1, max: 9 }),
    inner: fc.array(fc.integer({ min: 1, max: 4 }), { maxLength: 3 }),
    reduction: fc.constantFrom('none', 'mean', 'sum'),
    weighted: fc.boolean(),
    ignored: fc.constantFrom(undefined, 0, -1),
  })
  await fc.assert(
    fc.asyncProperty(some, async ({ batch, classes, inner, reduction, weighted, ignored }) => {
      const target = [batch, ...inner]
      const count = elementCount(target, 'a test')
      const attributes: Record<string, Attribute> = { reduction: { kind: 'string', value: reduction } }
      if (ignored !== undefined) attributes['ignore_index'] = int(ignored)
      const targets = Array.from({ length: count }, (_, i) => (ignored !== undefined && i % 3 === 1 ? ignored : (i * 5) % classes))
      expect(
        await differs({
          op,
          opset: 13,
          attributes,
          inputs: [filled([batch, classes, ...inner], 0), s64(target, targets), ...(weighted ? [filled([classes], 1)] : [])],
          outputs: op === 'SoftmaxCrossEntropyLoss' ? 2 : 1,
        }),
      ).toBeUndefined()
    }),
    { numRuns: 40 },
  )
})

test('RotaryEmbedding has the bits of onnxruntime-web', async () => {
  const some = fc.record({
    together: fc.boolean(),
    interleaved: fc.boolean(),
    ids: fc.boolean(),
    part: fc.boolean(),
    batch: fc.integer({ min: 1, max: 3 }),
    heads: fc.integer({ min: 1, max: 4 }),
    places: fc.integer({ min: 1, max: 5 }),
    size: fc.constantFrom(4, 8, 12, 64),
  })
  await fc.assert(
    fc.asyncProperty(some, async ({ together, interleaved, ids, part, batch, heads, places, size }) => {
      const half = part ? size / 4 : size / 2
      const cache = ids ? [9, half] : [batch, places, half]
      const positions = s64(
        [batch, places],
        Array.from({ length: batch * places }, (_, i) => (i * 4) % 9),
      )
      expect(
        await differs({
          op: 'RotaryEmbedding',
          opset: 23,
          attributes: { interleaved: int(interleaved ? 1 : 0), num_heads: int(heads), rotary_embedding_dim: int(part ? size / 2 : 0) },
          inputs: [
            filled(together ? [batch, places, heads * size] : [batch, heads, places, size], 0),
            filled(cache, 1),
            filled(cache, 2),
            ...(ids ? [positions] : []),
          ],
        }),
      ).toBeUndefined()
    }),
    { numRuns: 40 },
  )
})

test('MeanVarianceNormalization has the bits of onnxruntime-web', async () => {
  const side = fc.oneof(fc.integer({ min: 1, max: 5 }), fc.constantFrom(16, 19))
  await fc.assert(
    fc.asyncProperty(fc.tuple(side, side, side, side), fc.subarray([0, 1, 2, 3], { minLength: 1 }), async (shape, axes) => {
      expect(
        await differs({
          op: 'MeanVarianceNormalization',
          opset: 13,
          attributes: { axes: { kind: 'ints', value: axes } },
          inputs: [filled(shape, 0)],
        }),
      ).toBeUndefined()
    }),
    { numRuns: 40 },
  )
})

test('CumProd has the bits of onnxruntime-web', async () => {
  for (const exclusive of [0, 1])
    for (const reverse of [0, 1])
      for (const axis of [0, 1, -1])
        expect(
          await differs({
            op: 'CumProd',
            opset: 26,
            attributes: { exclusive: int(exclusive), reverse: int(reverse) },
            inputs: [filled([3, 5, 4], axis), s64([], [axis])],
          }),
        ).toBeUndefined()
})

test('Abs and Neg of integers wrap as onnxruntime-web does', async () => {
  for (const op of ['Abs', 'Neg']) expect(await differs({ op, inputs: [s64([5], [0, -1, 7, -(2 ** 53), 2 ** 40])] })).toBeUndefined()
})

test('shapes that do not go together are refused', () => {
  expect(() => lowerCase({ op: 'NegativeLogLikelihoodLoss', inputs: [filled([2, 3], 0), s64([3], [0, 1, 2])] })).toThrow(
    expect.objectContaining({ code: 'tensor_shape' }),
  )
  expect(() => lowerCase({ op: 'SoftmaxCrossEntropyLoss', inputs: [filled([2], 0), s64([2], [0, 1])] })).toThrow(
    expect.objectContaining({ code: 'tensor_shape' }),
  )
  expect(() =>
    lowerCase({ op: 'RotaryEmbedding', opset: 23, inputs: [filled([1, 2, 3, 4], 0), filled([1, 3, 3], 1), filled([1, 3, 3], 2)] }),
  ).toThrow(expect.objectContaining({ code: 'tensor_shape' }))
  expect(() =>
    lowerCase({ op: 'RotaryEmbedding', opset: 23, inputs: [filled([1, 2, 8], 0), filled([1, 2, 2], 1), filled([1, 2, 2], 2)] }),
  ).toThrow(expect.objectContaining({ code: 'tensor_shape' }))
})
