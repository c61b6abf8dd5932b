import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  cidOfDigest,
  DAG_CBOR,
  DTYPES,
  ERRORS,
  isUtnetError,
  LIMITS,
  toBase64,
  UtnetError,
  type Dtype,
  type ErrorCode,
  type NamedTensor,
  parseJson,
} from '../../runtime/core/index.ts'
import { base64, errorOf, formatReceipt, parseReceipt, problemOf, readStream, tensorJson, tensorOf, tensorsOf } from './index.ts'

const codeOf = (run: () => unknown): string => {
  try {
    run()
  } catch (error) {
    if (isUtnetError(error)) return error.code
    throw error
  }
  return 'nothing thrown'
}

test('a receipt field reads back as the ticket it was made of', () => {
  const bytes = (min: number, max: number) => fc.uint8Array({ minLength: min, maxLength: max })
  fc.assert(
    fc.property(bytes(32, 32), fc.bigInt(0n, 10n ** 15n - 1n), bytes(16, 32), bytes(0, 900), (hash, gas, salt, attestation) => {
      const ticket = {
        id: cidOfDigest(DAG_CBOR, hash).toString(),
        gas: gas.toString(),
        salt: new Uint8Array(salt),
        attestation: new Uint8Array(attestation),
      }
      const field = formatReceipt(ticket)
      expect(field).toMatch(/^b[a-z2-7]+;gas=[0-9]+;salt=:[A-Za-z0-9+/=]+:(;att=:[A-Za-z0-9+/=]+:)?$/)
      expect(parseReceipt(field)).toEqual(ticket)
    }),
  )
})

test('a receipt field may carry parameters of later versions, and nothing malformed', () => {
  const id = cidOfDigest(DAG_CBOR, new Uint8Array(32)).toString()
  expect(parseReceipt(`${id}; new=?1; gas=5; salt=:AAAA:`).gas).toBe('5')
  for (const bad of [
    '',
    id,
    `${id};gas=-1;salt=:AAAA:`,
    `${id};gas=1;salt=AAAA`,
    `${id};gas=1;salt=:AAA:`,
    `x${id};gas=1;salt=:AAAA:`,
    `${id};gas=01;salt=:AAAA:`,
  ]) {
    expect(
      codeOf(() => parseReceipt(bad)),
      bad,
    ).toBe('receipt_invalid')
  }
})

test('every error code survives the way through its problem document with all its fields', () => {
  for (const code of Object.keys(ERRORS) as ErrorCode[]) {
    if (code === 'node_internal') continue
    const error = new UtnetError(code, 'what was wrong', {
      hint: 'do this',
      limit: 'bodyBytes',
      used: 2n ** 60n,
      allowed: 5,
      details: { offset: 3, rule: 'magic' },
    })
    const back = errorOf(JSON.parse(JSON.stringify(problemOf(error))))
    expect(back).toMatchObject({
      code,
      message: 'what was wrong',
      hint: 'do this',
      limit: 'bodyBytes',
      used: 2n ** 60n,
      allowed: 5,
      details: { offset: 3, rule: 'magic' },
    })
    expect(back?.status).toBe(error.status)
  }
})

test('details cannot speak over the members of a problem, and an unexpected error shows nothing of itself', () => {
  const error = new UtnetError('guest_invalid', 'm', { details: { status: 200, code: 'x', type: 'y' } })
  expect(problemOf(error)).toMatchObject({ status: 400, code: 'guest_invalid', type: 'urn:utnet:error:guest_invalid' })
  expect(JSON.stringify(problemOf(new UtnetError('node_internal', '/secret/path')))).not.toContain('secret')
  expect(errorOf({ code: 'toString' })).toBeUndefined()
  expect(errorOf({ code: 'no_such_code' })).toBeUndefined()
  expect(errorOf([])).toBeUndefined()
})

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

test('JSON nests as deep as the limit and no deeper; brackets in strings count for nothing', () => {
  const nested = (n: number): Uint8Array => new TextEncoder().encode(`${'['.repeat(n)}"${']['.repeat(500)}\\"["${']'.repeat(n)}`)
  expect(() => parseJson(nested(LIMITS.jsonDepth), 'it')).not.toThrow()
  expect(codeOf(() => parseJson(nested(LIMITS.jsonDepth + 1), 'it'))).toBe('request_invalid')
  expect(codeOf(() => parseJson(Uint8Array.of(0x22, 0xff, 0x22), 'it'))).toBe('request_invalid')
  expect(codeOf(() => parseJson(new TextEncoder().encode('{'), 'it'))).toBe('request_invalid')
})

test('a stream is read to the limit and cancelled at the first byte over it, however it is cut', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 40 }),
      fc.integer({ min: 0, max: 120 }),
      async (sizes, allowed) => {
        let cancelled = false
        let given = 0
        const total = sizes.reduce((a, b) => a + b, 0)
        const left = [...sizes]
        const stream = new ReadableStream<Uint8Array>(
          {
            pull(controller) {
              const size = left.shift()
              if (size === undefined) return controller.close()
              controller.enqueue(Uint8Array.from({ length: size }, () => given++ & 255))
            },
            cancel() {
              cancelled = true
            },
          },
          { highWaterMark: 0 },
        )
        const reading = readStream(stream, { code: 'request_too_large', limit: 'bodyBytes', what: 'body', allowed })
        const outcome = await reading.catch((error: unknown) => error)
        const refusal = { code: 'request_too_large', limit: 'bodyBytes', allowed }
        expect(outcome).toEqual(total <= allowed ? Uint8Array.from({ length: total }, (_, i) => i & 255) : expect.objectContaining(refusal))
        expect(cancelled).toBe(total > allowed)
      },
    ),
  )
})

test('a body that is not as long as announced is refused', async () => {
  const stream = (): ReadableStream<Uint8Array> => new Blob([new Uint8Array(10)]).stream()
  const limit = { code: 'request_too_large', limit: 'bodyBytes', what: 'body', allowed: 100 } as const
  expect((await readStream(stream(), { ...limit, length: 10 })).length).toBe(10)
  await expect(readStream(stream(), { ...limit, length: 9 })).rejects.toMatchObject({ code: 'request_invalid' })
  await expect(readStream(stream(), { ...limit, length: 11 })).rejects.toMatchObject({ code: 'request_invalid' })
})

test('base64 is the same with and without the engine', () => {
  fc.assert(
    fc.property(fc.uint8Array(), (raw) => {
      expect(base64(new Uint8Array(raw))).toBe(toBase64(raw))
    }),
  )
})
