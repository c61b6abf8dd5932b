import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Tensor } from '../../../core/index.ts'
import type { Attribute } from '../../graph/index.ts'
import { f32, s64 } from '../testing/node-case.ts'
import { differences } from './testing/against-web.ts'

const ints = (value: readonly number[]): Attribute => ({ kind: 'ints', value })
const numbers = (shape: readonly number[]): Tensor =>
  f32(
    shape,
    Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => Math.sin(i * 3.3) * 5),
  )

test('Col2Im has the bits of onnxruntime-web', async () => {
  const small = fc.integer({ min: 1, max: 3 })
  const axis = fc.record({
    side: fc.integer({ min: 4, max: 7 }),
    window: small,
    dilation: fc.integer({ min: 1, max: 2 }),
    stride: small,
    before: fc.nat(2),
    after: fc.nat(2),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(axis, { minLength: 2, maxLength: 3 }), async (drawn) => {
      const axes = drawn.length === 2 ? drawn : drawn.map((a) => ({ ...a, dilation: 1 }))
      const places = axes.map((a) => Math.floor((a.side + a.before + a.after - a.dilation * (a.window - 1) - 1) / a.stride) + 1)
      if (places.some((n) => n < 1)) return
      const window = axes.map((a) => a.window)
      expect(
        await differences({
          op: 'Col2Im',
          opset: 18,
          attributes: {
            dilations: ints(axes.map((a) => a.dilation)),
            strides: ints(axes.map((a) => a.stride)),
            pads: ints([...axes.map((a) => a.before), ...axes.map((a) => a.after)]),
          },
          inputs: [
            numbers([2, 2 * window.reduce((a, b) => a * b, 1), places.reduce((a, b) => a * b, 1)]),
            s64(
              [axes.length],
              axes.map((a) => a.side),
            ),
            s64([axes.length], window),
          ],
        }),
      ).toEqual([])
    }),
    { numRuns: 40 },
  )
})

test('AffineGrid has the bits of onnxruntime-web', async () => {
  const sides = fc.array(fc.integer({ min: 2, max: 7 }), { minLength: 2, maxLength: 3 })
  await fc.assert(
    fc.asyncProperty(sides, fc.boolean(), async (shape, aligned) => {
      const axes = shape.length
      expect(
        await differences({
          op: 'AffineGrid',
          opset: 20,
          attributes: { align_corners: { kind: 'int', value: aligned ? 1 : 0 } },
          inputs: [numbers([2, axes, axes + 1]), s64([axes + 2], [2, 3, ...shape])],
        }),
      ).toEqual([])
    }),
    { numRuns: 40 },
  )
})
