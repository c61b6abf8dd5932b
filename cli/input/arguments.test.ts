import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, expect, test } from 'vitest'
import { DTYPES, isUtnetError, LIMITS, type Dtype, type NamedTensor } from '../../runtime/core/index.ts'
import { jsonText } from '../output/index.ts'
import { tensorArgument, tensorJson } from './index.ts'

const folder = mkdtempSync(join(tmpdir(), 'utnet-input-'))
afterAll(() => rmSync(folder, { recursive: true }))

function read(text: string | Uint8Array): NamedTensor {
  const path = join(folder, 'input.json')
  writeFileSync(path, text)
  return tensorArgument(`a=@${path}`)
}

/** The code by which a file is refused. */
function refusal(text: string | Uint8Array): string {
  try {
    read(text)
  } catch (error) {
    if (isUtnetError(error)) return error.code
    throw error
  }
  return 'none'
}

const given = (dtype: Dtype, ...data: readonly unknown[]): string => JSON.stringify({ dtype, shape: [data.length], data })

test('what a tensor is printed as is an input, the same bit for bit', () => {
  const tensor = fc.constantFrom(...(Object.keys(DTYPES) as Dtype[])).chain((dtype) =>
    fc.array(fc.nat({ max: 3 }), { maxLength: 3 }).chain((shape) => {
      const length = DTYPES[dtype] * shape.reduce((n, d) => n * d, 1)
      return fc
        .uint8Array({ minLength: length, maxLength: length })
        .map((bytes): NamedTensor => ({ name: 'a', dtype, shape, data: dtype === 'boolean' ? bytes.map((b) => b & 1) : bytes }))
    }),
  )
  const negativeZero: NamedTensor = { name: 'a', dtype: 'f32', shape: [1], data: Uint8Array.of(0, 0, 0, 0x80) }
  fc.assert(
    fc.property(tensor, (one) => {
      const again = read(jsonText(tensorJson(one)))
      // A NaN has one form in JSON, so it is compared as it is printed.
      expect({ ...again, data: tensorJson(again)['data'] }).toEqual({ ...one, data: tensorJson(one)['data'] })
      if (!/"NaN"/.test(jsonText(tensorJson(one)))) expect(again.data).toEqual(one.data)
    }),
    { numRuns: 300, examples: [[negativeZero]] },
  )
})

test.each<readonly [Dtype, unknown]>([
  ['u8', 256],
  ['u8', -1],
  ['s8', 128],
  ['u16', 65_536],
  ['s32', 1.5],
  ['s32', 'NaN'],
  ['u32', 4_294_967_296],
  ['u64', '18446744073709551616'],
  ['u64', -1],
  ['s64', '9223372036854775808'],
  ['s64', 0.5],
  ['boolean', 2],
  ['f32', 1e39],
  ['f32', ' '],
  ['f32', '0x10'],
  ['f32', true],
  ['f32', null],
  ['f32', { toString: 1 }],
])('a value that is no %s is refused and not made one: %j', (dtype, value) => {
  expect(refusal(given(dtype, value))).toBe('tensor_input')
})

test('a hostile file is refused with a code, at once', () => {
  const deep = (n: number): string => '['.repeat(n) + ']'.repeat(n)
  const odd = '{"toString":1,"valueOf":1}'
  const cases: readonly (readonly [string, string])[] = [
    ['', 'usage'],
    ['{', 'usage'],
    ['null', 'tensor_input'],
    ['"x"', 'tensor_input'],
    ['{}', 'tensor_input'],
    [`{"dtype":${odd},"data":[1]}`, 'tensor_dtype'],
    [`{"dtype":"__proto__","data":[1]}`, 'tensor_dtype'],
    [`{"shape":${odd},"data":[1]}`, 'tensor_shape'],
    [`{"shape":[${odd}],"data":[1]}`, 'tensor_shape'],
    ['{"shape":"2","data":[1,2]}', 'tensor_shape'],
    ['{"shape":[-1],"data":[1]}', 'tensor_shape'],
    ['{"shape":[1.5],"data":[1]}', 'tensor_shape'],
    ['{"shape":[3],"data":[1,2]}', 'tensor_shape'],
    [`{"shape":[${LIMITS.tensorElements}],"data":[1,2]}`, 'tensor_shape'],
    [`{"shape":[${LIMITS.tensorElements + 1}],"data":[1,2]}`, 'tensor_shape'],
    [`{"shape":[${Array.from({ length: LIMITS.tensorRank + 1 }, () => 1).join()}],"data":[1]}`, 'tensor_shape'],
    // As many values as the first of each level says, and not where it says.
    ['[[1,2],[3],[4,5,6]]', 'tensor_shape'],
    ['[[1,2],[3,[4]]]', 'tensor_input'],
    [deep(100_000), 'tensor_shape'],
    [`{"dtype":${deep(100_000)},"data":[1]}`, 'tensor_dtype'],
    [`{"shape":${deep(100_000)},"data":[1]}`, 'tensor_shape'],
    [`{"shape":[1],"data":[${deep(100_000)}]}`, 'tensor_input'],
    [`{"dtype":"s64","data":${deep(100_000)}}`, 'usage'],
  ]
  expect(cases.map(([text]) => [text, refusal(text)])).toEqual(cases)
})

test('any JSON and any bytes are a tensor as long as it says, or refused with a code', () => {
  const words = fc.constantFrom('dtype', 'shape', 'data', 'toString', '__proto__', 'u8', 's64', 'f32', 'boolean', 'NaN')
  const { value } = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      fc.integer({ min: -3, max: 300 }),
      fc.double(),
      words,
      fc.constantFrom(null, true, false),
      fc.array(tie('value'), { maxLength: 4 }),
      fc.dictionary(words, tie('value'), { maxKeys: 3 }),
    ),
  }))
  const likely = fc.record({ dtype: words, shape: value, data: value }, { requiredKeys: ['data'] })
  const text = fc.oneof(value, likely).map((json) => JSON.stringify(json))
  let taken = 0
  fc.assert(
    fc.property(fc.oneof({ weight: 20, arbitrary: text }, { weight: 1, arbitrary: fc.uint8Array({ maxLength: 20 }) }), (file) => {
      const code = refusal(file)
      if (code === 'none') {
        const { dtype, shape, data } = read(file)
        taken++
        expect(data.length).toBe(DTYPES[dtype] * shape.reduce((n, d) => n * d, 1))
      } else expect(code).toMatch(/^(usage|tensor_(dtype|shape|input))$/)
    }),
    { numRuns: 2_000 },
  )
  expect(taken).toBeGreaterThan(20)
})
