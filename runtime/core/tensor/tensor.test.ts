import { expect, test } from 'vitest'
import { atensor, DTYPES, elementCount, isUtnetError, LIMITS, type Dtype } from '../index.ts'

const refusal = (fn: () => unknown): { code: string; limit?: string } => {
  try {
    fn()
  } catch (error) {
    if (isUtnetError(error)) return { code: error.code, ...(error.limit === undefined ? {} : { limit: error.limit }) }
  }
  throw new Error('nothing was refused')
}

test('rank and elements: the limit itself passes, one over is refused by name', () => {
  const ones = (n: number): number[] => Array.from({ length: n }, () => 1)
  expect(elementCount(ones(LIMITS.tensorRank), 'x')).toBe(1)
  expect(refusal(() => elementCount(ones(LIMITS.tensorRank + 1), 'x'))).toEqual({ code: 'tensor_shape', limit: 'tensorRank' })
  expect(elementCount([LIMITS.tensorElements], 'x')).toBe(LIMITS.tensorElements)
  expect(refusal(() => elementCount([LIMITS.tensorElements + 1], 'x'))).toEqual({ code: 'tensor_shape', limit: 'tensorElements' })
  expect(refusal(() => elementCount([2 ** 30, 2 ** 30, 2 ** 30], 'x'))).toEqual({ code: 'tensor_shape', limit: 'tensorElements' })
})

test.each(Object.keys(DTYPES) as Dtype[])('%s: the bytes must be as many as dtype and shape say', (dtype) => {
  const data = new Uint8Array(6 * DTYPES[dtype])
  expect(atensor({ dtype, shape: [2, 3], data }, 'x').data).toBe(data)
  expect(refusal(() => atensor({ dtype, shape: [2, 4], data }, 'x')).code).toBe('tensor_shape')
})

test.each([[[-1]], [[1.5]], [[Number.NaN]], [[Number.POSITIVE_INFINITY]]])('refuses the shape %j', (shape) => {
  expect(refusal(() => elementCount(shape, 'x')).code).toBe('tensor_shape')
})

test('refuses a dtype that is none, by name', () => {
  expect(() => atensor({ dtype: 'f16' as Dtype, shape: [], data: new Uint8Array(2) }, 'input a')).toThrowError(
    'input a has an unknown dtype "f16"',
  )
  expect(() => atensor({ dtype: 'toString' as Dtype, shape: [], data: new Uint8Array(0) }, 'x')).toThrowError('unknown dtype')
})
