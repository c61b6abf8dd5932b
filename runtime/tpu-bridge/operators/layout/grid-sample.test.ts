import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Tensor } from '../../../core/index.ts'
import { difference, f32, onKernels, onWeb } from '../testing/node-case.ts'

const side = fc.integer({ min: 1, max: 6 })
const place = fc.oneof(fc.double({ min: -1.6, max: 1.6, noNaN: true }), fc.constantFrom(-1, 0, 1, -0.5, 0.5, 7, -9))

test.each(['nearest', 'linear', 'cubic'])('GridSample, %s, has the bits of onnxruntime-web', async (mode) => {
  const some = fc.record({
    three: fc.boolean(),
    shape: fc.tuple(side, side, side),
    out: fc.tuple(side, side, side),
    outside: fc.constantFrom('zeros', 'border', 'reflection'),
    aligned: fc.boolean(),
    places: fc.array(place, { minLength: 12, maxLength: 12 }),
  })
  await fc.assert(
    fc.asyncProperty(some, async ({ three, shape, out, outside, aligned, places }) => {
      if (three && mode === 'cubic') return
      const sides = three ? shape : shape.slice(1)
      // a side of one element is reflected at no distance: onnxruntime reads outside of the input there
      if (outside === 'reflection' && sides.includes(1)) return
      const points = three ? out : out.slice(1)
      const count = (s: readonly number[]): number => s.reduce((a, b) => a * b, 1)
      const image = [2, 3, ...sides]
      const grid = [2, ...points, sides.length]
      const c = {
        op: 'GridSample',
        opset: 20,
        attributes: {
          mode: { kind: 'string', value: mode } as const,
          padding_mode: { kind: 'string', value: outside } as const,
          align_corners: { kind: 'int', value: aligned ? 1 : 0 } as const,
        },
        inputs: [
          f32(
            image,
            Array.from({ length: count(image) }, (_, i) => Math.sin(i * 7.7) * 9),
          ),
          f32(
            grid,
            Array.from({ length: count(grid) }, (_, i) => (places[i % places.length] as number) + (i % 5) * 0.01),
          ),
        ],
      }
      const [oracle] = await onWeb(c)
      for (const parts of [1, 3]) expect(difference((await onKernels(c, parts))[0] as Tensor, oracle as Tensor)).toBeUndefined()
    }),
    { numRuns: 60 },
  )
})
