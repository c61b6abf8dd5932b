import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Box, type Tensor } from '../../core/index.ts'
import type { Attribute, Node } from '../graph/index.ts'
import { difference, f32, onKernels, type CaseInput, type NodeCase } from '../operators/testing/node-case.ts'
import { cutTensor } from './cut.ts'
import { partOf } from './part.ts'

const nodeOf = (c: NodeCase): Node => ({
  name: '',
  op: c.op,
  domain: c.domain ?? '',
  inputs: c.inputs.map((_, i) => `i${i}`),
  outputs: ['o'],
  attributes: new Map(Object.entries(c.attributes ?? {})),
})

const noise = (seed: number, shape: readonly number[]): Tensor => {
  let state = (seed * 2654435761 + 1) >>> 0
  return f32(
    shape,
    Array.from({ length: shape.reduce((n, s) => n * s, 1) }, () => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0
      return state / 2 ** 31 - 1
    }),
  )
}

/** Every part that there is, against the same place of the whole. */
async function check(c: NodeCase, elements: (count: number) => readonly number[]): Promise<number> {
  const [all] = (await onKernels(c)) as [Tensor]
  let parts = 0
  for (const element of elements(all.data.length / 4)) {
    const part = partOf(nodeOf(c), c.inputs, all.shape, element)
    if (part === undefined) continue
    parts++
    const inputs = part.operands.map((box, i): CaseInput | undefined => {
      const input = c.inputs[i]
      return input && { ...cutTensor(input, box as Box), ...(input.constant === undefined ? {} : { constant: input.constant }) }
    })
    const [got] = (await onKernels({ ...c, attributes: Object.fromEntries(part.node.attributes), inputs })) as [Tensor]
    expect(difference(got, cutTensor(all, part.box))).toBeUndefined()
  }
  return parts
}

const some = (seed: number) => (count: number) => [0, count - 1, Math.floor(count / 2), seed % count]
const int = (value: number): Attribute => ({ kind: 'int', value })
const ints = (value: readonly number[]): Attribute => ({ kind: 'ints', value })
const side = (max: number, min = 1) => fc.integer({ min, max })

describe('a part has the bits of the whole', () => {
  test('MatMul: rows, with constant and other right sides, batches and broadcasting', async () => {
    let parts = 0
    await fc.assert(
      fc.asyncProperty(
        side(3),
        side(3),
        side(9),
        side(300),
        side(40),
        fc.nat(),
        fc.boolean(),
        fc.integer({ min: 0, max: 4 }),
        async (p, q, m, k, n, seed, constant, form) => {
          const a = [
            [m, k],
            [p, m, k],
            [p, q, m, k],
            [1, q, m, k],
            [p, m, k],
          ][form] as number[]
          const b = [
            [k, n],
            [k, n],
            [p, q, k, n],
            [p, 1, k, n],
            [p, k, n],
          ][form] as number[]
          parts += await check({ op: 'MatMul', inputs: [noise(seed, a), { ...noise(seed + 1, b), constant }] }, some(seed))
        },
      ),
      {
        numRuns: 60,
        endOnFailure: true,
        // one matrix on the right in more than two dimensions: all rows of the left are one matrix
        examples: [
          [1, 2, 1, 127, 15, 2147483629, true, 3],
          [1, 2, 1, 127, 15, 2147483629, false, 2],
        ],
      },
    )
    expect(parts).toBeGreaterThan(60)
  })

  test('Conv: filters, dense, grouped and depthwise, with padding, strides and dilations', async () => {
    let parts = 0
    await fc.assert(
      fc.asyncProperty(
        side(2),
        side(4),
        side(4),
        side(4),
        side(12, 3),
        side(3),
        side(2),
        fc.nat(),
        fc.boolean(),
        async (images, groups, channels, each, image, window, stride, seed, withBias) => {
          const filters = groups * each
          const c: NodeCase = {
            op: 'Conv',
            attributes: {
              group: int(groups),
              strides: ints([stride, 1]),
              pads: ints([1, 0, 1, 1]),
              dilations: ints([1, stride]),
              kernel_shape: ints([window, 2]),
            },
            inputs: [
              noise(seed, [images, groups * channels, image + 2, image + 4]),
              { ...noise(seed + 1, [filters, channels, window, 2]), constant: true },
              ...(withBias ? [{ ...noise(seed + 2, [filters]), constant: true }] : []),
            ],
          }
          parts += await check(c, some(seed))
        },
      ),
      { numRuns: 80, endOnFailure: true },
    )
    expect(parts).toBeGreaterThan(100)
  })

  test('Conv of the sizes of real models: pointwise, deep, and more filters than pixels', async () => {
    for (const [x, w, pads, group] of [
      [[1, 64, 12, 40], [96, 64, 1, 1], [0, 0, 0, 0], 1],
      [[1, 120, 3, 5], [480, 120, 1, 1], [0, 0, 0, 0], 1],
      [[1, 96, 6, 10], [40, 96, 3, 3], [1, 1, 1, 1], 1],
      [[1, 48, 12, 20], [48, 1, 5, 5], [2, 2, 2, 2], 48],
      [[2, 3, 48, 64], [16, 3, 3, 3], [1, 1, 1, 1], 1],
    ] as const)
      expect(
        await check(
          { op: 'Conv', attributes: { group: int(group), pads: ints(pads) }, inputs: [noise(1, x), { ...noise(2, w), constant: true }] },
          some(12345),
        ),
      ).toBeGreaterThan(2)
  })
})
