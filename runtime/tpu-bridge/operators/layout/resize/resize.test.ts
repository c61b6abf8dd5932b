import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Dtype, Tensor } from '../../../../core/index.ts'
import type { Attribute } from '../../../graph/index.ts'
import { f32, lowerCase, s64, type NodeCase } from '../../testing/node-case.ts'
import { differences } from '../testing/against-web.ts'

const text = (value: string): Attribute => ({ kind: 'string', value })
const int = (value: number): Attribute => ({ kind: 'int', value })
const float = (value: number): Attribute => ({ kind: 'float', value })
const NONE = f32([0], [])

function values(dtype: Dtype, shape: readonly number[]): Tensor {
  const n = shape.reduce((a, b) => a * b, 1)
  const numbers = Array.from({ length: n }, (_, i) => Math.sin(i * 12.9898) * 97)
  if (dtype === 'f32') return f32(shape, numbers)
  if (dtype === 'u8') return { dtype, shape, data: Uint8Array.from(numbers, (v) => v + 128) }
  if (dtype === 's8') return { dtype, shape, data: new Uint8Array(Int8Array.from(numbers).buffer) }
  return { dtype, shape, data: new Uint8Array(Int32Array.from(numbers, (v) => v * 1000).buffer) }
}

const COORDINATES = [
  'half_pixel',
  'half_pixel_symmetric',
  'pytorch_half_pixel',
  'align_corners',
  'asymmetric',
  'tf_crop_and_resize',
  'tf_half_pixel_for_nn',
]
const side = fc.integer({ min: 1, max: 11 })
const scale = fc.oneof(fc.constantFrom(0.5, 2, 1, 3, 1.5), fc.double({ min: 0.15, max: 4, noNaN: true }))

/** Two axes that change, in a shape of rank 2, 4 or 5 (three that change), scales or sizes. */
const some = fc.record({
  shape: fc.tuple(side, side, side),
  outer: fc.constantFrom<readonly number[]>([], [2, 3]),
  scales: fc.tuple(scale, scale, scale),
  three: fc.boolean(),
  bySize: fc.boolean(),
  opset: fc.constantFrom(11, 13, 18, 19),
})

/** Scales that give whole sides: by other ones the standard and onnxruntime do not agree in every mode. */
const wholeScale = (s: number, from: number): number => (Math.max(1, Math.round(s * from)) * (1 + 1e-6)) / from

function caseOf(o: typeof some extends fc.Arbitrary<infer T> ? T : never, dtype: Dtype, attributes: Record<string, Attribute>): NodeCase {
  const sides = o.three ? o.shape : o.shape.slice(1)
  const mode = String(attributes['coordinate_transformation_mode']?.value)
  const scales = (o.three ? o.scales : o.scales.slice(1)).map((s, d) => {
    const from = sides[d] as number
    if (mode === 'align_corners' || mode === 'tf_crop_and_resize' || mode === 'pytorch_half_pixel') return wholeScale(s, from)
    return Math.trunc(Math.fround(Math.fround(s) * from)) < 1 ? 1 : s
  })
  const shape = [...o.outer, ...sides]
  const all = [...o.outer.map(() => 1), ...scales]
  const roi = f32([2 * shape.length], [...shape.map(() => 0.2), ...shape.map(() => 0.9)])
  const needsRoi = attributes['coordinate_transformation_mode']?.value === 'tf_crop_and_resize'
  const sizes = all.map((s, d) => Math.trunc(Math.fround(Math.fround(s) * (shape[d] as number))))
  return {
    op: 'Resize',
    // since 13 onnxruntime warns at each of these
    opset: attributes['coordinate_transformation_mode']?.value === 'tf_half_pixel_for_nn' && !('antialias' in attributes) ? 11 : o.opset,
    attributes: { ...attributes, extrapolation_value: float(9) },
    inputs: [
      values(dtype, shape),
      needsRoi ? roi : NONE,
      ...(o.bySize
        ? [
            o.opset < 13 || attributes['coordinate_transformation_mode']?.value === 'tf_half_pixel_for_nn' ? NONE : undefined,
            s64([shape.length], sizes),
          ]
        : [f32([shape.length], all)]),
    ],
  }
}

test.each(COORDINATES)('Resize to the nearest by %s picks what onnxruntime-web picks', async (mode) => {
  const nearest = fc.constantFrom('round_prefer_floor', 'round_prefer_ceil', 'floor', 'ceil')
  await fc.assert(
    fc.asyncProperty(some, nearest, fc.constantFrom<Dtype>('f32', 'u8', 's32'), async (o, how, dtype) => {
      if (mode === 'half_pixel_symmetric' && o.opset < 19) return
      const c = caseOf(o, dtype, { mode: text('nearest'), nearest_mode: text(how), coordinate_transformation_mode: text(mode) })
      expect(await differences(c), JSON.stringify({ o, how })).toEqual([])
    }),
    { numRuns: 40 },
  )
})

test.each(COORDINATES)('linear Resize by %s has the bits of onnxruntime-web', async (mode) => {
  await fc.assert(
    fc.asyncProperty(some, fc.constantFrom<Dtype>('f32', 'f32', 'u8', 's8', 's32'), async (o, dtype) => {
      if (mode === 'half_pixel_symmetric' && o.opset < 19) return
      expect(
        await differences(caseOf(o, dtype, { mode: text('linear'), coordinate_transformation_mode: text(mode) })),
        JSON.stringify({ o, dtype }),
      ).toEqual([])
    }),
    { numRuns: 40 },
  )
})

test.each(COORDINATES)('cubic Resize by %s has the bits of onnxruntime-web', async (mode) => {
  await fc.assert(
    fc.asyncProperty(some, fc.boolean(), fc.constantFrom(-0.75, -0.5), async (o, exclude, a) => {
      if (o.three || (mode === 'half_pixel_symmetric' && o.opset < 19)) return
      const attributes = {
        mode: text('cubic'),
        coordinate_transformation_mode: text(mode),
        exclude_outside: int(exclude ? 1 : 0),
        cubic_coeff_a: float(a),
      }
      expect(await differences(caseOf(o, 'f32', attributes)), JSON.stringify({ o, exclude, a })).toEqual([])
    }),
    { numRuns: 40 },
  )
})

test.each(COORDINATES.filter((m) => !m.startsWith('tf_')))('Resize with antialias by %s has the bits of onnxruntime-web', async (mode) => {
  await fc.assert(
    fc.asyncProperty(
      some,
      fc.boolean(),
      fc.constantFrom('linear', 'cubic'),
      fc.constantFrom<Dtype>('f32', 'u8', 's32'),
      async (o, exclude, how, dtype) => {
        if (o.three && how === 'cubic') return
        const attributes = {
          mode: text(how),
          coordinate_transformation_mode: text(mode),
          exclude_outside: int(exclude ? 1 : 0),
          antialias: int(1),
        }
        expect(await differences(caseOf({ ...o, opset: 19 }, dtype, attributes)), JSON.stringify({ o, exclude, how, dtype })).toEqual([])
      },
    ),
    { numRuns: 40 },
  )
})

test('scales by which the standard and onnxruntime do not agree are refused', () => {
  for (const mode of ['align_corners', 'tf_crop_and_resize'])
    expect(() =>
      lowerCase({
        op: 'Resize',
        attributes: { mode: text('linear'), coordinate_transformation_mode: text(mode) },
        inputs: [values('f32', [1, 1, 2, 4]), NONE, f32([4], [1, 1, 0.6, 0.6])],
      }),
    ).toThrow(expect.objectContaining({ code: 'operator_unsupported' }))
})

test('Resize by axes and with a policy for the aspect ratio', async () => {
  for (const policy of ['stretch', 'not_larger', 'not_smaller'])
    for (const axes of [
      [2, 3],
      [3, 2],
    ])
      expect(
        await differences({
          op: 'Resize',
          opset: 19,
          attributes: { axes: { kind: 'ints', value: axes }, keep_aspect_ratio_policy: text(policy) },
          inputs: [values('f32', [1, 2, 5, 7]), undefined, undefined, s64([2], [8, 9])],
        }),
        `${policy} ${axes.join()}`,
      ).toEqual([])
})

test('Upsample of operator sets 7 and 9, and Resize of 10', async () => {
  const scales = [1, 1, 2, 3.7]
  for (const mode of ['nearest', 'linear']) {
    const x = values('f32', [2, 3, 5, 7])
    expect(
      await differences({
        op: 'Upsample',
        opset: 7,
        attributes: { mode: text(mode), scales: { kind: 'floats', value: scales } },
        inputs: [x],
      }),
      mode,
    ).toEqual([])
    expect(await differences({ op: 'Upsample', opset: 9, attributes: { mode: text(mode) }, inputs: [x, f32([4], scales)] }), mode).toEqual(
      [],
    )
    for (const s of [scales, [1, 1, 0.6, 0.3], [1, 1, 2, 2]])
      expect(
        await differences({ op: 'Resize', opset: 10, attributes: { mode: text(mode) }, inputs: [x, f32([4], s)] }),
        `${mode} ${s.join()}`,
      ).toEqual([])
  }
  expect(
    await differences({
      op: 'Resize',
      opset: 13,
      attributes: { mode: text('linear') },
      inputs: [values('f32', [2, 5, 7, 3]), NONE, f32([4], [1, 2, 1.7, 1])],
    }),
    'channels last',
  ).toEqual([])
})
