import fc from 'fast-check'
import { expect, test } from 'vitest'
import { difference, f32, onOperatorWorld, onWeb } from '../testing/node-case.ts'
import { gemmBlock } from './blocks.ts'
import { constantOf, differences, float, int, seed, tensorOf } from './testing/same-bits.ts'

const side = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: 1, max: 40 }) },
  { weight: 1, arbitrary: fc.constantFrom(127, 128, 129, 256, 257, 300) },
)
const depth = fc.oneof(
  { weight: 3, arbitrary: fc.integer({ min: 1, max: 70 }) },
  { weight: 2, arbitrary: fc.constantFrom(128, 129, 255, 256, 257, 513, 1030, 1100) },
)

test('MatMul has the bits of onnxruntime-web: sums in blocks of 256 of packed weights, by shape of others, one by one of a single row', async () => {
  await fc.assert(
    fc.asyncProperty(side, depth, side, fc.boolean(), fc.boolean(), seed, async (m, k, n, constant, special, s) => {
      expect(
        await differences({ op: 'MatMul', inputs: [tensorOf([m, k], s, special), constantOf(tensorOf([k, n], s + 1, special), constant)] }),
      ).toEqual([])
    }),
    { numRuns: 25 },
  )
})

test('MatMul broadcasts batches, takes vectors, and many rows of one row each as one matrix', async () => {
  const shapes: [number[], number[]][] = [
    [[300], [300]],
    [[300], [300, 5]],
    [[7, 300], [300]],
    [[2, 3, 300], [300]],
    [[3], [2, 3, 5]],
    [
      [5, 1, 300],
      [300, 6],
    ],
    [
      [5, 1, 300],
      [1, 300, 6],
    ],
    [
      [5, 1, 140],
      [5, 140, 6],
    ],
    [
      [2, 1, 3, 4],
      [5, 4, 6],
    ],
    [
      [4, 3],
      [2, 3, 2, 3, 5],
    ],
    [
      [2, 8, 40, 15],
      [2, 8, 15, 40],
    ],
    [
      [0, 3],
      [3, 2],
    ],
    [
      [2, 0],
      [0, 3],
    ],
    [
      [1, 0],
      [0, 3],
    ],
    [
      [2, 0, 3],
      [3, 4],
    ],
  ]
  for (const [a, b] of shapes)
    for (const constant of [true, false])
      expect(await differences({ op: 'MatMul', inputs: [tensorOf(a, 1), constantOf(tensorOf(b, 2), constant)] })).toEqual([])
})

test('a product of negative zeros keeps its sign where MLAS has a kernel for one row, and only there', async () => {
  for (const m of [1, 2])
    expect(await differences({ op: 'MatMul', inputs: [f32([m, 2], Array(2 * m).fill(-0)), f32([2, 9], Array(18).fill(1))] })).toEqual([])
})

test('Gemm has the bits of onnxruntime-web for both layouts of both sides, factors, and what it adds', async () => {
  const added = fc.constantFrom('none', 'scalar', 'row', 'column', 'matrix')
  await fc.assert(
    fc.asyncProperty(
      side,
      depth,
      side,
      fc.boolean(),
      fc.boolean(),
      fc.boolean(),
      fc.constantFrom(1, 0.5, -2),
      fc.constantFrom(1, 0, 0.25),
      added,
      seed,
      async (m, k, n, transA, transB, constant, alpha, beta, c, s) => {
        const shape = { none: undefined, scalar: [1], row: [n], column: [m, 1], matrix: [m, n] }[c]
        expect(
          await differences({
            op: 'Gemm',
            attributes: { transA: int(transA ? 1 : 0), transB: int(transB ? 1 : 0), alpha: float(alpha), beta: float(beta) },
            inputs: [
              tensorOf(transA ? [k, m] : [m, k], s),
              constantOf(tensorOf(transB ? [n, k] : [k, n], s + 1), constant),
              ...(shape === undefined ? [] : [tensorOf(shape, s + 2)]),
            ],
          }),
        ).toEqual([])
      },
    ),
    { numRuns: 40 },
  )
})

test('the order of a sum hangs on the shape as MLAS has it', () => {
  expect(gemmBlock(1024, 1024)).toBe(128)
  expect(gemmBlock(64, 1000)).toBe(256)
  expect(gemmBlock(16, 1000)).toBe(1024)
  expect(gemmBlock(1, 5000)).toBe(1024)
  expect(gemmBlock(500, 3)).toBe(128)
})

test('a referee runs a product through the operator world and gets the same bits', async () => {
  const c = { op: 'MatMul', inputs: [tensorOf([9, 300], 1), constantOf(tensorOf([300, 21], 2))] }
  const [oracle] = await onWeb(c)
  const { outputs } = await onOperatorWorld(c)
  expect(difference(outputs[0] as never, oracle as never)).toBeUndefined()
})
