import fc from 'fast-check'
import { expect, test } from 'vitest'
import { DTYPES, type Dtype, type Tensor } from '../../../core/index.ts'
import type { Attribute } from '../../graph/index.ts'
import { difference, onOperatorWorld, onWeb, s64 } from '../testing/node-case.ts'
import { differences } from './testing/against-web.ts'

/** Every bit pattern there is, so that a move that changes one is seen; those of floats are no NaNs, which are made canonical. */
function tensorOf(dtype: Dtype, shape: readonly number[], seed: number): Tensor {
  const bytes = new Uint8Array(shape.reduce((n, s) => n * s, 1) * DTYPES[dtype])
  let state = seed | 1
  for (let i = 0; i < bytes.length; i++) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    bytes[i] = dtype === 'boolean' ? (state >>> 16) & 1 : state >>> 16
    // an exponent of all ones would be a NaN
    if ((dtype === 'f32' && i % 4 === 3) || (dtype === 'f64' && i % 8 === 7)) bytes[i] = (bytes[i] as number) & 0xbf
  }
  return { dtype, shape, data: bytes }
}

const DTYPE = fc.constantFrom<Dtype>('f32', 's64', 'u8', 'boolean', 'f64', 's32')
const side = fc.oneof({ weight: 6, arbitrary: fc.integer({ min: 1, max: 9 }) }, { weight: 1, arbitrary: fc.constant(0) })
const shapeOf = (max = 5): fc.Arbitrary<number[]> => fc.array(side, { minLength: 1, maxLength: max })
const ints = (value: readonly number[]): Attribute => ({ kind: 'ints', value })
const int = (value: number): Attribute => ({ kind: 'int', value })
const RUNS = { numRuns: 40 }

test('Transpose is as onnxruntime-web has it', async () => {
  const some = shapeOf().chain((shape) =>
    fc.tuple(DTYPE, fc.constant(shape), fc.shuffledSubarray([...shape.keys()], { minLength: shape.length })),
  )
  await fc.assert(
    fc.asyncProperty(some, async ([dtype, shape, perm]) => {
      expect(await differences({ op: 'Transpose', attributes: { perm: ints(perm) }, inputs: [tensorOf(dtype, shape, 7)] })).toEqual([])
    }),
    RUNS,
  )
  for (const [shape, perm] of [
    [
      [1, 33, 70],
      [0, 2, 1],
    ],
    [
      [65, 40, 67],
      [2, 1, 0],
    ],
    [
      [2, 3, 40, 50],
      [0, 2, 3, 1],
    ],
    [
      [8, 120, 64],
      [0, 2, 1],
    ],
    [
      [200, 500],
      [1, 0],
    ],
  ] as const)
    for (const dtype of ['f32', 'u8', 's64'] as const)
      expect(await differences({ op: 'Transpose', attributes: { perm: ints(perm) }, inputs: [tensorOf(dtype, shape, 3)] })).toEqual([])
})

test('Slice is as onnxruntime-web has it, steps below zero and ends far outside too', async () => {
  const bound = fc.oneof(fc.integer({ min: -12, max: 12 }), fc.constantFrom(2 ** 31, -(2 ** 31), Number.MAX_SAFE_INTEGER))
  const some = shapeOf(4).chain((shape) =>
    fc.tuple(
      DTYPE.filter((d) => d !== 's32'),
      fc.constant(shape),
      fc.array(
        fc.tuple(
          bound,
          bound,
          fc.integer({ min: -3, max: 3 }).filter((s) => s !== 0),
        ),
        { minLength: 1, maxLength: shape.length },
      ),
    ),
  )
  await fc.assert(
    fc.asyncProperty(some, async ([dtype, shape, cuts]) => {
      const list = (k: 0 | 1 | 2): Tensor =>
        s64(
          [cuts.length],
          cuts.map((c) => c[k]),
        )
      expect(
        await differences({
          op: 'Slice',
          inputs: [
            tensorOf(dtype, shape, 5),
            list(0),
            list(1),
            s64(
              [cuts.length],
              cuts.map((_, i) => i - shape.length),
            ),
            list(2),
          ],
        }),
      ).toEqual([])
    }),
    RUNS,
  )
  expect(
    await differences({
      op: 'Slice',
      opset: 9,
      attributes: { starts: ints([1, 0]), ends: ints([3, 1000]), axes: ints([1, 2]) },
      inputs: [tensorOf('f32', [2, 4, 5], 9)],
    }),
  ).toEqual([])
})

test('Concat and Split are as onnxruntime-web has them', async () => {
  const some = shapeOf(4).chain((shape) =>
    fc.tuple(DTYPE, fc.constant(shape), fc.nat(shape.length - 1), fc.array(fc.integer({ min: 0, max: 7 }), { minLength: 1, maxLength: 4 })),
  )
  await fc.assert(
    fc.asyncProperty(some, async ([dtype, shape, axis, lengths]) => {
      const of = (length: number): number[] => shape.map((s, d) => (d === axis ? length : s))
      expect(
        await differences({
          op: 'Concat',
          attributes: { axis: int(axis - shape.length) },
          inputs: lengths.map((n, i) => tensorOf(dtype, of(n), i)),
        }),
      ).toEqual([])
      const total = lengths.reduce((a, b) => a + b, 0)
      if (dtype === 's32' || dtype === 'f32')
        expect(
          await differences({
            op: 'Split',
            attributes: { axis: int(axis) },
            inputs: [tensorOf(dtype, of(total), 1), s64([lengths.length], lengths)],
            outputs: lengths.length,
          }),
        ).toEqual([])
    }),
    RUNS,
  )
  expect(
    await differences({ op: 'Split', opset: 18, attributes: { num_outputs: int(3) }, inputs: [tensorOf('f32', [7, 2], 1)], outputs: 3 }),
  ).toEqual([])
  expect(
    await differences({ op: 'Split', opset: 11, attributes: { split: ints([1, 2, 4]) }, inputs: [tensorOf('f32', [7, 2], 1)], outputs: 3 }),
  ).toEqual([])
  expect(await differences({ op: 'Split', opset: 13, inputs: [tensorOf('f32', [8, 2], 1)], outputs: 4 })).toEqual([])
})

test('Expand, Tile, DepthToSpace and SpaceToDepth are as onnxruntime-web has them', async () => {
  await fc.assert(
    fc.asyncProperty(
      DTYPE,
      shapeOf(3),
      fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 3, maxLength: 3 }),
      async (dtype, shape, repeats) => {
        if (dtype !== 's32')
          expect(
            await differences({ op: 'Tile', inputs: [tensorOf(dtype, shape, 2), s64([shape.length], repeats.slice(0, shape.length))] }),
          ).toEqual([])
        const narrow = shape.map((s, d) => ((repeats[d] ?? 1) === 0 ? 1 : s))
        expect(
          await differences({
            op: 'Expand',
            inputs: [tensorOf(dtype, narrow, 2), s64([shape.length + 1], [2, ...shape.map((s) => (s === 0 ? 0 : s))])],
          }),
        ).toEqual([])
      },
    ),
    RUNS,
  )
  for (const mode of ['DCR', 'CRD'])
    expect(
      await differences({
        op: 'DepthToSpace',
        attributes: { blocksize: int(3), mode: { kind: 'string', value: mode } },
        inputs: [tensorOf('f32', [2, 18, 2, 5], 1)],
      }),
    ).toEqual([])
  expect(await differences({ op: 'SpaceToDepth', attributes: { blocksize: int(2) }, inputs: [tensorOf('f32', [2, 3, 4, 6], 1)] })).toEqual(
    [],
  )
})

test('U2.3-PIEE-2: moves run through the operator world as they do in a model', async () => {
  const cases = [
    { op: 'Transpose', attributes: { perm: ints([0, 2, 1]) }, inputs: [tensorOf('f32', [3, 33, 21], 3)] },
    { op: 'Concat', attributes: { axis: int(1) }, inputs: [tensorOf('u8', [2, 3], 3), tensorOf('u8', [2, 4], 4)] },
    { op: 'Gather', inputs: [tensorOf('s64', [5, 3], 3), s64([2], [-1, 0])] },
  ]
  for (const c of cases) {
    const { outputs, gas } = await onOperatorWorld(c)
    const oracle = await onWeb(c)
    expect(gas).toBeGreaterThan(0n)
    expect(outputs.map((t, i) => difference(t, oracle[i] as Tensor))).toEqual([undefined])
  }
})
