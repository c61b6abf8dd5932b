import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  binaryRequest,
  concatBytes,
  DTYPES,
  LIMITS,
  splitInference,
  tensorJson,
  tensorOf,
  tensorsOf,
  isUtnetError,
  utf8,
  type Dtype,
  type NamedTensor,
} from '../index.ts'

const codeOf = (run: () => unknown): string | undefined => {
  try {
    run()
  } catch (error) {
    if (isUtnetError(error)) return error.code
    throw error
  }
  return undefined
}

const tensors = fc.constantFrom(...(Object.keys(DTYPES) as Dtype[])).chain((dtype) =>
  fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 4 }).chain((shape) => {
    const n = shape.reduce((a, b) => a * b, 1) * DTYPES[dtype]
    return fc
      .uint8Array({ minLength: n, maxLength: n })
      .map((raw): NamedTensor => ({ name: 'x', dtype, shape, data: canonical(dtype, new Uint8Array(raw)) }))
  }),
)

/** Bytes whose NaNs are the canonical ones and whose booleans are 0 or 1: what JSON can tell apart. */
function canonical(dtype: Dtype, data: Uint8Array): Uint8Array {
  const view = new DataView(data.buffer)
  if (dtype === 'boolean') data.forEach((b, i) => (data[i] = b & 1))
  if (dtype === 'f32')
    for (let i = 0; i < data.length; i += 4) if (Number.isNaN(view.getFloat32(i, true))) view.setUint32(i, 0x7fc0_0000, true)
  if (dtype === 'f64')
    for (let i = 0; i < data.length; i += 8) if (Number.isNaN(view.getFloat64(i, true))) view.setBigUint64(i, 0x7ff8_0000_0000_0000n, true)
  return data
}

function nest(flat: readonly unknown[], shape: readonly number[]): readonly unknown[] {
  const [first, ...rest] = shape
  if (first === undefined || rest.length === 0 || flat.length === 0) return flat
  const step = flat.length / first
  return Array.from({ length: first }, (_, i) => nest(flat.slice(i * step, (i + 1) * step), rest))
}

test('a tensor survives JSON bit for bit, flat and nested', () => {
  fc.assert(
    fc.property(tensors, (tensor) => {
      const json = JSON.parse(tensorJson(tensor)) as { shape: number[]; data: unknown[] }
      expect(tensorOf(json, 'input')).toEqual(tensor)
      expect(tensorOf({ ...json, data: nest(json.data, json.shape) }, 'input')).toEqual(tensor)
    }),
    { numRuns: 300 },
  )
})

test('-0, NaN, the infinities and large integers keep their bits', () => {
  const f32 = tensorOf({ name: 'x', datatype: 'FP32', shape: [4], data: [-0, 'NaN', 'Infinity', '-Infinity'] }, 'input')
  expect([...new Uint32Array(f32.data.buffer)]).toEqual([0x8000_0000, 0x7fc0_0000, 0x7f80_0000, 0xff80_0000])
  expect(tensorJson(f32)).toContain('[-0,"NaN","Infinity","-Infinity"]')
  const u64 = tensorOf({ name: 'x', datatype: 'UINT64', shape: [2], data: ['18446744073709551615', 5] }, 'input')
  expect(tensorJson(u64)).toContain('["18446744073709551615",5]')
})

test.each([
  ['tensor_dtype', { name: 'x', datatype: 'FP16', shape: [1], data: [1] }],
  ['tensor_dtype', { name: 'x', datatype: 'toString', shape: [1], data: [1] }],
  ['tensor_input', { datatype: 'FP32', shape: [1], data: [1] }],
  ['tensor_input', { name: 'x', datatype: 'FP32', shape: [1] }],
  ['tensor_input', { name: 'x', datatype: 'FP32', shape: [1], data: ['1'] }],
  ['tensor_input', { name: 'x', datatype: 'FP32', shape: [1], data: ['toString'] }],
  ['tensor_input', { name: 'x', datatype: 'FP32', shape: [1], data: [1e39] }],
  // what JSON.parse makes of 1e999
  ['tensor_input', { name: 'x', datatype: 'FP64', shape: [1], data: [Infinity] }],
  ['tensor_input', { name: 'x', datatype: 'UINT8', shape: [1], data: [256] }],
  ['tensor_input', { name: 'x', datatype: 'INT8', shape: [1], data: [1.5] }],
  ['tensor_input', { name: 'x', datatype: 'INT64', shape: [1], data: [2 ** 53] }],
  ['tensor_input', { name: 'x', datatype: 'INT64', shape: [1], data: ['9223372036854775808'] }],
  ['tensor_input', { name: 'x', datatype: 'BOOL', shape: [1], data: [2] }],
  ['tensor_shape', { name: 'x', datatype: 'FP32', shape: [2], data: [1] }],
  ['tensor_shape', { name: 'x', datatype: 'FP32', shape: [-1], data: [1] }],
  ['tensor_shape', { name: 'x', datatype: 'FP32', shape: ['1'], data: [1] }],
  ['tensor_shape', { name: 'x', datatype: 'FP32', shape: [1 << 25], data: [] }],
  ['tensor_shape', { name: 'x', datatype: 'FP32', shape: [2, 2], data: [[1, 2], [3]] }],
  ['tensor_shape', { name: 'x', datatype: 'FP32', shape: [2, 2], data: [[1, 2], 3] }],
  [
    'tensor_input',
    {
      name: 'x',
      datatype: 'FP32',
      shape: [2, 2],
      data: [
        [1, 2],
        [3, [4]],
      ],
    },
  ],
])('refuses a tensor with %s: %j', (code, json) => {
  expect(codeOf(() => tensorOf(json, 'input'))).toBe(code)
})

test('refuses too many tensors and two of one name', () => {
  const one = { name: 'x', datatype: 'UINT8', shape: [0], data: [] }
  expect(codeOf(() => tensorsOf([one, one], 'input', 64))).toBe('tensor_input')
  expect(
    codeOf(() =>
      tensorsOf(
        Array.from({ length: 65 }, (_, i) => ({ ...one, name: `x${i}` })),
        'input',
        64,
      ),
    ),
  ).toBe('tensor_input')
  expect(codeOf(() => tensorsOf(undefined, 'input', 64))).toBe('tensor_input')
})

test('tensors survive as binary data behind the JSON, beside others in it', () => {
  fc.assert(
    fc.property(fc.array(tensors, { maxLength: 4 }), (list) => {
      const inputs = list.map((t, i) => ({ ...t, name: `t${i}` }))
      const { body, length } = binaryRequest(inputs, { arithmetic: 'exact' })
      const { document, binary } = splitInference(body, length, 'body')
      const given = document as { readonly inputs: readonly unknown[]; readonly parameters: unknown }
      expect(given.parameters).toEqual({ arithmetic: 'exact', binary_data_output: true })
      expect(tensorsOf(given.inputs, 'input', 64, binary)).toEqual(inputs)
      const mixed = given.inputs.map((head, i) => (i % 2 === 0 ? head : JSON.parse(tensorJson(inputs[i] as NamedTensor))))
      const behind = concatBytes(...inputs.filter((_, i) => i % 2 === 0).map((t) => t.data))
      expect(tensorsOf(mixed, 'input', 64, behind)).toEqual(inputs)
    }),
    { numRuns: 100 },
  )
})

test('binary data that is too short, too long, named twice or not announced is refused', () => {
  const head = (size: unknown, more = {}) => ({ name: 'x', datatype: 'FP32', shape: [1], parameters: { binary_data_size: size }, ...more })
  const four = new Uint8Array(4)
  expect(codeOf(() => tensorsOf([head(4)], 'input', 64, four))).toBeUndefined()
  for (const size of [3, 5, -1, 1.5, '4', null])
    expect(codeOf(() => tensorsOf([head(size)], 'input', 64, new Uint8Array(3)))).toMatch(/^tensor_/)
  expect(codeOf(() => tensorsOf([head(4, { shape: [2] })], 'input', 64, four))).toBe('tensor_shape')
  expect(codeOf(() => tensorsOf([head(4)], 'input', 64, new Uint8Array(5)))).toBe('tensor_input')
  expect(codeOf(() => tensorsOf([head(4, { data: [1] })], 'input', 64, four))).toBe('tensor_input')
  expect(codeOf(() => tensorsOf([head(4)], 'input', 64))).toBe('tensor_input')
  for (const length of ['3x', '-1', '99', '1e1']) expect(codeOf(() => splitInference(utf8('{}'), length, 'body'))).toBe('request_invalid')
  expect(LIMITS.tensorsPerCall).toBe(64)
})
