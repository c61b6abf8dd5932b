import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { NodeCase } from '../testing/node-case.ts'
import { differences, int, ints, seed, tensorOf, text } from './testing/same-bits.ts'

const same = async (c: NodeCase): Promise<void> => {
  expect(await differences(c)).toEqual([])
}

const windows = fc
  .integer({ min: 1, max: 3 })
  .chain((rank) =>
    fc.record({
      // rows long enough for vectors, now and then
      sides: fc
        .tuple(...Array.from({ length: rank }, (_, i) => fc.integer({ min: 1, max: i === rank - 1 ? 40 : 11 })))
        .map((sides) => sides as number[]),
      window: fc.array(fc.integer({ min: 1, max: 4 }), { minLength: rank, maxLength: rank }),
      strides: fc.array(fc.integer({ min: 1, max: 3 }), { minLength: rank, maxLength: rank }),
      pads: fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 2 * rank, maxLength: 2 * rank }),
      special: fc.boolean(),
      seed,
    }),
  )
  .filter(({ sides, window, pads }) =>
    sides.every((s, i) => {
      const [before, behind, taps] = [pads[i] as number, pads[sides.length + i] as number, window[i] as number]
      return before < taps && behind < taps && s + before + behind >= taps
    }),
  )

test('MaxPool has the bits of onnxruntime-web: of NaNs and zeros what its vectors give, and its scalars', async () => {
  expect.hasAssertions()
  await fc.assert(
    fc.asyncProperty(windows, fc.boolean(), fc.boolean(), (c, indices, columns) =>
      same({
        op: 'MaxPool',
        outputs: indices ? 2 : 1,
        attributes: {
          kernel_shape: ints(c.window),
          strides: ints(c.strides),
          pads: ints(c.pads),
          storage_order: int(columns && indices ? 1 : 0),
        },
        inputs: [tensorOf([1, 2, ...c.sides], c.seed, c.special)],
      }),
    ),
    { numRuns: 60 },
  )
})

test('AveragePool has the bits of onnxruntime-web, padding counted or not, in operator sets 11 and 19', async () => {
  expect.hasAssertions()
  await fc.assert(
    fc.asyncProperty(windows, fc.boolean(), fc.constantFrom(11, 19, 22), (c, include, opset) =>
      same({
        op: 'AveragePool',
        opset,
        attributes: { kernel_shape: ints(c.window), strides: ints(c.strides), pads: ints(c.pads), count_include_pad: int(include ? 1 : 0) },
        inputs: [tensorOf([1, 2, ...c.sides], c.seed, c.special)],
      }),
    ),
    { numRuns: 60 },
  )
})

test('pools end outside where ceil_mode says so, widen by dilations, pad by themselves', async () => {
  const two = { kernel_shape: ints([3, 3]), strides: ints([2, 2]) }
  for (const attributes of [
    { ...two, ceil_mode: int(1) },
    { ...two, ceil_mode: int(1), pads: ints([1, 1, 1, 1]) },
    { ...two, auto_pad: text('SAME_UPPER') },
    { ...two, auto_pad: text('SAME_LOWER') },
    { kernel_shape: ints([9, 10]) },
    { kernel_shape: ints([33, 3]) },
  ])
    for (const op of ['MaxPool', 'AveragePool'])
      for (const include of op === 'MaxPool' ? [0] : [0, 1]) {
        const sides = attributes.kernel_shape.value[0] === 33 ? [40, 12] : attributes.kernel_shape.value[0] === 9 ? [9, 10] : [10, 12]
        expect(
          await differences({
            op,
            attributes: { ...attributes, ...(include ? { count_include_pad: int(1) } : {}) },
            inputs: [tensorOf([1, 3, ...sides], 5)],
          }),
        ).toEqual([])
      }
  const dilated = { kernel_shape: ints([3, 2]), dilations: ints([2, 3]), pads: ints([1, 1, 1, 1]) }
  expect(await differences({ op: 'MaxPool', attributes: dilated, inputs: [tensorOf([1, 2, 9, 11], 6, true)] })).toEqual([])
  for (const include of [0, 1])
    expect(
      await differences({
        op: 'AveragePool',
        opset: 19,
        attributes: { ...dilated, count_include_pad: int(include) },
        inputs: [tensorOf([1, 2, 9, 11], 7)],
      }),
    ).toEqual([])
})

test('pools over whole planes take four lanes, then what is left', async () => {
  for (const op of ['GlobalAveragePool', 'GlobalMaxPool'])
    for (const shape of [
      [1, 3, 5, 7],
      [2, 3, 4],
      [1, 2, 3, 4, 5],
      [1, 2, 1, 1],
      [1, 4, 10, 10],
      [1, 1, 3],
    ])
      for (const special of [false, true]) expect(await differences({ op, inputs: [tensorOf(shape, 8, special)] })).toEqual([])
})
