import fc from 'fast-check'
import { expect, test } from 'vitest'
import { elementCount, type Tensor } from '../../../core/index.ts'
import type { Attribute } from '../../graph/index.ts'
import { difference, differs, f32, lowerCase, onKernels, onOperatorWorld, s64 } from '../testing/node-case.ts'

const filled = (shape: readonly number[], seed: number): Tensor =>
  f32(
    shape,
    Array.from({ length: elementCount(shape, 'a test') }, (_, i) => Math.sin(i * 3.7 + seed) * 2),
  )
const int = (value: number): Attribute => ({ kind: 'int', value })
const float = (value: number): Attribute => ({ kind: 'float', value: Math.fround(value) })
const booleans = (shape: readonly number[], seed: number): Tensor => ({
  dtype: 'boolean',
  shape,
  data: Uint8Array.from({ length: elementCount(shape, 'a test') }, (_, i) => ((i * 7 + seed) % 3 === 0 ? 0 : 1)),
})

const some = fc.record({
  together: fc.boolean(),
  batch: fc.integer({ min: 1, max: 3 }),
  ofKeys: fc.integer({ min: 1, max: 3 }),
  group: fc.integer({ min: 1, max: 3 }),
  queries: fc.integer({ min: 1, max: 6 }),
  now: fc.integer({ min: 1, max: 9 }),
  past: fc.integer({ min: 0, max: 5 }),
  size: fc.constantFrom(1, 4, 7, 16, 64),
  valueSize: fc.constantFrom(1, 5, 8, 33),
  mask: fc.constantFrom('none', 'flat', 'heads', 'batch', 'booleans'),
  causal: fc.boolean(),
  cap: fc.constantFrom(0, 0.5, 30),
  scale: fc.constantFrom(undefined, 0.3, 1),
  mode: fc.constantFrom(undefined, 0, 1, 2, 3),
})

test('Attention has the bits of onnxruntime-web: heads that share keys, masks, past keys, softcap, every output', async () => {
  await fc.assert(
    fc.asyncProperty(
      some,
      async ({ together, batch, ofKeys, group, queries, now, past, size, valueSize, mask, causal, cap, scale, mode }) => {
        const heads = ofKeys * group
        const total = past + now
        const shape = (count: number, places: number, values: number): number[] =>
          together ? [batch, places, count * values] : [batch, count, places, values]
        const masks = {
          none: undefined,
          flat: filled([queries, total], 3),
          heads: filled([heads, queries, total], 4),
          batch: filled([batch, 1, queries, total], 5),
          booleans: booleans([queries, total], now),
        }
        const attributes: Record<string, Attribute> = { is_causal: int(causal ? 1 : 0), softcap: float(cap) }
        if (together) Object.assign(attributes, { q_num_heads: int(heads), kv_num_heads: int(ofKeys) })
        if (scale !== undefined) attributes['scale'] = float(scale)
        if (mode !== undefined) attributes['qk_matmul_output_mode'] = int(mode)
        const before = past === 0 ? [] : [filled([batch, ofKeys, past, size], 6), filled([batch, ofKeys, past, valueSize], 7)]
        expect(
          await differs({
            op: 'Attention',
            opset: 23,
            attributes,
            inputs: [
              filled(shape(heads, queries, size), 0),
              filled(shape(ofKeys, now, size), 1),
              filled(shape(ofKeys, now, valueSize), 2),
              masks[mask],
              ...before,
            ],
            outputs: mode === undefined ? (past === 0 ? 1 : 3) : 4,
          }),
        ).toBeUndefined()
      },
    ),
    { numRuns: 80 },
  )
})

test.each([
  [[3, 5], 0],
  [[1, 5], 1],
  [[2, 3], 1],
])('Attention with keys of %j in a batch, causal %i', async (lengths, causal) => {
  expect(
    await differs({
      op: 'Attention',
      opset: 24,
      attributes: { is_causal: int(causal) },
      inputs: [
        filled([2, 3, 2, 4], 0),
        filled([2, 3, 5, 4], 1),
        filled([2, 3, 5, 6], 2),
        undefined,
        undefined,
        undefined,
        s64([2], lengths),
      ],
    }),
  ).toBeUndefined()
})

test('a query that sees no key gets zeros', async () => {
  const inputs = [filled([1, 1, 2, 4], 0), filled([1, 1, 3, 4], 1), filled([1, 1, 3, 4], 2)]
  for (const mask of [
    f32(
      [2, 3],
      Array.from({ length: 6 }, () => -Infinity),
    ),
    { ...booleans([2, 3], 0), data: new Uint8Array(6) },
  ]) {
    const c = { op: 'Attention', opset: 23, inputs: [...inputs, mask] }
    expect((await onKernels(c))[0]?.data.every((byte) => byte === 0)).toBe(true)
    expect(await differs(c)).toBeUndefined()
  }
})

test('Attention through the operator world gives the same bytes', async () => {
  const c = { op: 'Attention', opset: 23, inputs: [filled([1, 4, 3, 8], 0), filled([1, 2, 5, 8], 1), filled([1, 2, 5, 8], 2)] }
  expect(difference((await onOperatorWorld(c)).outputs[0] as Tensor, (await onKernels(c))[0] as Tensor)).toBeUndefined()
})

test.each([
  [
    'heads that do not divide',
    [
      [1, 3, 2, 4],
      [1, 2, 2, 4],
      [1, 2, 2, 4],
    ],
  ],
  [
    'other places of values',
    [
      [1, 2, 2, 4],
      [1, 2, 3, 4],
      [1, 2, 2, 4],
    ],
  ],
  [
    'other sizes',
    [
      [1, 2, 2, 4],
      [1, 2, 2, 5],
      [1, 2, 2, 4],
    ],
  ],
  [
    'three sides without heads',
    [
      [1, 2, 8],
      [1, 2, 8],
      [1, 2, 8],
    ],
  ],
  [
    'a mask of other queries',
    [
      [1, 2, 2, 4],
      [1, 2, 3, 4],
      [1, 2, 3, 4],
      [3, 3],
    ],
  ],
] as const)('%s: refused', (_, shapes) => {
  const c = { op: 'Attention', opset: 23, inputs: shapes.map((shape) => filled(shape, 0)) }
  expect(() => lowerCase(c)).toThrow(expect.objectContaining({ code: 'tensor_shape' }))
})

test('a mask of fewer keys, which onnxruntime-web does not take, is not claimed', () => {
  const c = {
    op: 'Attention',
    opset: 24,
    inputs: [
      [1, 2, 2, 4],
      [1, 2, 3, 4],
      [1, 2, 3, 4],
      [2, 2],
    ].map((shape) => filled(shape, 0)),
  }
  expect(() => lowerCase(c)).toThrow(expect.objectContaining({ code: 'operator_unsupported' }))
})
