import fc from 'fast-check'
import { expect, test } from 'vitest'
import { DTYPES, elementCount, type Dtype, type Tensor } from '../../../core/index.ts'
import { difference, differs, f32, lowerCase, onKernels, onOperatorWorld, type NodeCase } from '../testing/node-case.ts'
import { equationOf } from './equation.ts'

const filled = (shape: readonly number[], seed: number): Tensor =>
  f32(
    shape,
    Array.from({ length: elementCount(shape, 'a test') }, (_, i) => Math.sin(i * 3.7 + seed) * 4),
  )

const einsum = (equation: string, inputs: readonly Tensor[]): NodeCase => ({
  op: 'Einsum',
  attributes: { equation: { kind: 'string', value: equation } },
  inputs,
})

test.each([
  'ij->ji',
  'ij->i',
  'ij->j',
  'ij->',
  'ii->i',
  'iji->j',
  'ij,jk->ik',
  'ij,jk',
  'bij,bjk->bik',
  'bhid,bhjd->bhij',
  'bij,bij->b',
  'i,i->',
  'i,j->ij',
  'ij,kj->ki',
  'bsd,edf->bsef',
  'bsef,efd,bse->bsd',
  '...ij,...jk->...ik',
  'i...,i...->...',
  'ij,jk,kl->il',
  'aij,ji->',
  'abc,cd->dba',
])('Einsum %s has the bits of onnxruntime-web over all shapes', async (equation) => {
  const labels = [...new Set(equation.match(/[a-z]/g) ?? [])]
  const some = fc.record({
    sides: fc.array(fc.oneof(fc.integer({ min: 1, max: 9 }), fc.constantFrom(16, 33)), {
      minLength: labels.length,
      maxLength: labels.length,
    }),
    hidden: fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 2 }),
  })
  await fc.assert(
    fc.asyncProperty(some, async ({ sides, hidden }) => {
      const shapes = (equation.split('->')[0] as string)
        .split(',')
        .map((term) =>
          (term.match(/\.\.\.|[a-z]/g) ?? []).flatMap((label) => (label === '...' ? hidden : [sides[labels.indexOf(label)] as number])),
        )
      fc.pre(shapes.every((shape) => elementCount(shape, 'a test') <= 50_000))
      expect(
        await differs(
          einsum(
            equation,
            shapes.map((shape, i) => filled(shape, i)),
          ),
        ),
      ).toBeUndefined()
    }),
    { numRuns: 12 },
  )
})

test('Einsum of doubles and integers, and of NaN and infinities', async () => {
  const of = (dtype: Dtype, shape: readonly number[], values: Float64Array | Int32Array): Tensor => {
    expect(values.byteLength).toBe(elementCount(shape, 'a test') * DTYPES[dtype])
    return { dtype, shape, data: new Uint8Array(values.buffer) }
  }
  expect(
    await differs(
      einsum('ij,jk->ik', [
        of('s32', [2, 3], Int32Array.from([1, -2, 3, 2 ** 30, 5, 7])),
        of('s32', [3, 2], Int32Array.from([4, 5, 6, 7, -8, 9])),
      ]),
    ),
  ).toBeUndefined()
  expect(await differs(einsum('ij->ji', [of('f64', [2, 2], Float64Array.from([0.1, -0, NaN, Infinity]))]))).toBeUndefined()
  expect(await differs(einsum('ij,jk->ik', [f32([2, 2], [NaN, 1, Infinity, -0]), f32([2, 2], [1, -0, 0, 2])]))).toBeUndefined()
})

test('Einsum through the operator world gives the same bytes', async () => {
  const c = einsum('bij,bkj->bik', [filled([2, 3, 5], 1), filled([2, 4, 5], 2)])
  expect(difference((await onOperatorWorld(c)).outputs[0] as Tensor, (await onKernels(c))[0] as Tensor)).toBeUndefined()
})

test.each([
  [
    'ij,jk',
    [
      [2, 3],
      [4, 5],
    ],
    'tensor_shape',
  ],
  ['ij', [[2]], 'tensor_shape'],
  ['ii->i', [[2, 3]], 'tensor_shape'],
  ['ij->ijj', [[2, 3]], 'model_invalid'],
  ['ij->ik', [[2, 3]], 'model_invalid'],
  ['ij->i->j', [[2, 3]], 'model_invalid'],
  ['i.j', [[2, 3]], 'model_invalid'],
  ['ij,jk', [[2, 3]], 'model_invalid'],
  ['...i->i', [[2, 3]], 'model_invalid'],
  ['Ij', [[2, 3]], 'operator_unsupported'],
] as const)('an equation %s for %j is refused as %s', (equation, shapes, code) => {
  expect(() => equationOf(equation, shapes)).toThrow(expect.objectContaining({ code }))
})

// A pattern that tries every place for the ellipsis takes minutes to refuse it
test('a term of many letters costs no more than they', () => {
  expect(() => equationOf(`${'a'.repeat(200_000)}!`, [[2]])).toThrow(expect.objectContaining({ code: 'model_invalid' }))
})

test('an Einsum of nothing, of other types or without an equation is refused', () => {
  const bytes = (dtype: Dtype): Tensor => ({ dtype, shape: [1], data: new Uint8Array(DTYPES[dtype]) })
  expect(() => lowerCase(einsum('i->i', [bytes('s64')]))).toThrow(expect.objectContaining({ code: 'operator_unsupported' }))
  expect(() => lowerCase(einsum('i,i->i', [bytes('f32'), bytes('f64')]))).toThrow(expect.objectContaining({ code: 'model_invalid' }))
  expect(() => lowerCase(einsum('i->i', [f32([0], [])]))).toThrow(expect.objectContaining({ code: 'operator_unsupported' }))
  expect(() => lowerCase({ op: 'Einsum', inputs: [f32([1], [1])] })).toThrow(expect.objectContaining({ code: 'model_invalid' }))
})
