import fc from 'fast-check'
import { expect, test } from 'vitest'
import { f32, lowerCase, s64 } from '../testing/node-case.ts'
import { differences } from './testing/against-web.ts'

test('NonMaxSuppression chooses what onnxruntime-web chooses', async () => {
  const coordinate = fc.double({ min: -1, max: 3, noNaN: true })
  const some = fc.record({
    boxes: fc.array(fc.tuple(coordinate, coordinate, coordinate, coordinate), { minLength: 1, maxLength: 9 }),
    centered: fc.boolean(),
    most: fc.integer({ min: 0, max: 5 }),
    threshold: fc.double({ min: 0, max: 1, noNaN: true }),
    least: fc.double({ min: -1, max: 1, noNaN: true }),
    seed: fc.integer({ min: 1, max: 99 }),
  })
  await fc.assert(
    fc.asyncProperty(some, async ({ boxes, centered, most, threshold, least, seed }) => {
      const n = boxes.length
      const scores = Array.from({ length: 2 * n }, (_, i) => Math.sin((i + 1) * seed))
      expect(
        await differences({
          op: 'NonMaxSuppression',
          attributes: { center_point_box: { kind: 'int', value: centered ? 1 : 0 } },
          inputs: [f32([1, n, 4], boxes.flat()), f32([1, 2, n], scores), s64([1], [most]), f32([1], [threshold]), f32([1], [least])],
        }),
      ).toEqual([])
    }),
    { numRuns: 60 },
  )
})

test('Unique is as onnxruntime-web has it', async () => {
  const shapes = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 3 })
  await fc.assert(
    fc.asyncProperty(
      shapes,
      fc.option(fc.nat(2), { nil: undefined }),
      fc.boolean(),
      fc.boolean(),
      fc.integer({ min: 1, max: 1000 }),
      async (shape, at, sorted, whole, seed) => {
        const n = shape.reduce((a, b) => a * b, 1)
        const values = Array.from({ length: n }, (_, i) => Math.trunc(Math.sin(i * seed) * 2))
        const axis = at === undefined ? {} : { axis: { kind: 'int', value: (at % shape.length) - shape.length } as const }
        expect(
          await differences({
            op: 'Unique',
            attributes: { ...axis, sorted: { kind: 'int', value: sorted ? 1 : 0 } },
            inputs: [whole ? s64(shape, values) : f32(shape, values)],
            outputs: 4,
          }),
        ).toEqual([])
      },
    ),
    { numRuns: 60 },
  )
})

test('boxes and scores that do not go together are refused', () => {
  expect(() => lowerCase({ op: 'NonMaxSuppression', inputs: [f32([1, 1, 4], [0, 0, 1, 1]), f32([1, 1, 2], [1, 2])] })).toThrow(
    expect.objectContaining({ code: 'tensor_shape' }),
  )
})
