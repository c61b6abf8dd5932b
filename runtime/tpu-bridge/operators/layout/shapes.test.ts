import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Tensor } from '../../../core/index.ts'
import type { Attribute } from '../../graph/index.ts'
import { f32, lowerCase, s64 } from '../testing/node-case.ts'
import { differences } from './testing/against-web.ts'

const int = (value: number): Attribute => ({ kind: 'int', value })
const ints = (value: readonly number[]): Attribute => ({ kind: 'ints', value })
const counted = (shape: readonly number[]): Tensor => {
  const n = shape.reduce((a, b) => a * b, 1)
  return f32(
    shape,
    Array.from({ length: n }, (_, i) => i),
  )
}

test.each<[number[], number[], boolean?]>([
  [
    [2, 3, 4],
    [4, -1],
  ],
  [
    [2, 3, 4],
    [0, 0, 2, 2],
  ],
  [[2, 3, 4], [-1]],
  [[0, 3], [3, 0], true],
  [[], [1, 1]],
  [[1], []],
])('Reshape of %j to %j', async (shape, to, allowZero) => {
  expect(
    await differences({
      op: 'Reshape',
      ...(allowZero === true && { attributes: { allowzero: int(1) } }),
      inputs: [counted(shape), s64([to.length], to)],
    }),
  ).toEqual([])
})

test.each([
  [
    [2, 3, 4],
    [5, -1],
  ],
  [
    [2, 3, 4],
    [-1, -1],
  ],
  [
    [2, 3],
    [2, 3, 0],
  ],
  [
    [2, 3],
    [-2, 3],
  ],
  [[2, 3], [7]],
  [
    [0, 3],
    [0, -1, 1],
  ],
])('Reshape of %j to %j is refused', (shape, to) => {
  expect(() => lowerCase({ op: 'Reshape', inputs: [counted(shape), s64([to.length], to)] })).toThrow(
    expect.objectContaining({ code: expect.stringMatching(/^(model_invalid|tensor_shape)$/) as string }),
  )
})

test('Flatten, Squeeze, Unsqueeze, Shape, Size, Identity and Dropout are as onnxruntime-web has them, and move nothing', async () => {
  for (const axis of [-3, -1, 0, 1, 2, 3])
    expect(await differences({ op: 'Flatten', attributes: { axis: int(axis) }, inputs: [counted([2, 3, 4])] })).toEqual([])
  expect(await differences({ op: 'Squeeze', inputs: [counted([1, 3, 1, 4])] })).toEqual([])
  expect(await differences({ op: 'Squeeze', inputs: [counted([1, 3, 1, 4]), s64([1], [-2])] })).toEqual([])
  expect(await differences({ op: 'Squeeze', opset: 11, attributes: { axes: ints([0]) }, inputs: [counted([1, 3, 1, 4])] })).toEqual([])
  expect(await differences({ op: 'Unsqueeze', inputs: [counted([3, 4]), s64([2], [-1, 0])] })).toEqual([])
  expect(await differences({ op: 'Unsqueeze', opset: 11, attributes: { axes: ints([1, 3]) }, inputs: [counted([3, 4])] })).toEqual([])
  expect(await differences({ op: 'Identity', inputs: [counted([3, 4])] })).toEqual([])
  expect(await differences({ op: 'Size', inputs: [counted([3, 4])] })).toEqual([])
  expect(await differences({ op: 'Dropout', inputs: [counted([3, 4]), f32([], [0.3])], outputs: 2 })).toEqual([])
  const ends = fc.option(fc.integer({ min: -6, max: 6 }), { nil: undefined })
  await fc.assert(
    fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 4 }), { maxLength: 4 }), ends, ends, async (shape, start, end) => {
      const attributes = { ...(start !== undefined && { start: int(start) }), ...(end !== undefined && { end: int(end) }) }
      expect(await differences({ op: 'Shape', attributes, inputs: [counted(shape)] })).toEqual([])
    }),
    { numRuns: 30 },
  )
  for (const op of ['Flatten', 'Squeeze', 'Identity', 'Shape', 'Size'])
    expect(lowerCase({ op, inputs: [counted([1, 3])] }).steps).toEqual([])
})
