import fc from 'fast-check'
import { expect, test } from 'vitest'
import { DTYPES, UtnetError, type Dtype, type Tensor } from '../../../core/index.ts'
import { difference, differs, f32, lowerCase, onKernels, onOperatorWorld, onWeb, type NodeCase } from '../testing/node-case.ts'

const SPECIAL = [0, -0, 1, -1, Infinity, -Infinity, NaN, 1e-45, -1e-45, 1.17549435e-38, 3.4028235e38, -3.4028235e38, 0.5, 2, 3]

const values = fc.oneof({ weight: 3, arbitrary: fc.float({ noNaN: false }) }, { weight: 1, arbitrary: fc.constantFrom(...SPECIAL) })

const size = (shape: readonly number[]): number => shape.reduce((n, side) => n * side, 1)

const tensorOf = (shape: readonly number[]): fc.Arbitrary<Tensor> =>
  fc.array(values, { minLength: size(shape), maxLength: size(shape) }).map((v) => f32(shape, v))

/** Two shapes that broadcast: of a common one, sides are made 1 or left out in front. */
const pairs = fc
  .array(fc.oneof(fc.integer({ min: 1, max: 5 }), fc.constantFrom(16, 17, 33)), { maxLength: 4 })
  .filter((shape) => size(shape) < 3000)
  .chain((shape) =>
    fc
      .tuple(
        ...[0, 1].map(() =>
          fc.tuple(fc.integer({ min: 0, max: shape.length }), fc.array(fc.boolean(), { minLength: shape.length, maxLength: shape.length })),
        ),
      )
      .map((cuts) => cuts.map(([from, ones]) => shape.map((side, i) => (ones?.[i] === true ? 1 : side)).slice(from))),
  )

for (const op of ['Add', 'Sub', 'Mul', 'Div', 'Pow', 'Min', 'Max', 'Mod'])
  test(`${op} of any two shapes that broadcast has the bits of onnxruntime-web`, async () => {
    await fc.assert(
      fc.asyncProperty(
        pairs.chain(([a, b]) => fc.tuple(tensorOf(a as number[]), tensorOf(b as number[]))),
        async (inputs) => {
          expect(
            await differs({ op, inputs, ...(op === 'Mod' ? { attributes: { fmod: { kind: 'int', value: 1 } } } : {}) }),
          ).toBeUndefined()
        },
      ),
      { numRuns: 40 },
    )
  })

test('ties of zeros, NaNs and cubes are those of onnxruntime-web where one operand has one element, in every form of that', async () => {
  const ties = fc.constantFrom(0, -0, NaN, 1, -1, 3, 2, 1.1, -1.7)
  const of = (shape: readonly number[]): fc.Arbitrary<Tensor> =>
    fc.array(ties, { minLength: size(shape), maxLength: size(shape) }).map((v) => f32(shape, v))
  const shapes: readonly (readonly [readonly number[], readonly number[]])[] = [
    [[], []],
    [[1], []],
    [[], [1]],
    [[1], [1]],
    [[1, 1], [1]],
    [[5, 1], []],
    [[5, 1], [1]],
    [
      [5, 1],
      [1, 1],
    ],
    [[], [5, 1]],
    [[1], [5, 1]],
    [[1, 4, 33, 1], []],
    [[4, 33], []],
    [[33], [1]],
  ]
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom('Min', 'Max', 'Pow'),
      fc.constantFrom(...shapes).chain(([a, b]) => fc.tuple(of(a), of(b))),
      async (op, inputs) => {
        expect(await differs({ op, inputs })).toBeUndefined()
      },
    ),
    { numRuns: 300 },
  )
})

test('long rows in one share and in three, and through the operator world', async () => {
  const n = 70_001
  const ramp = (f: (i: number) => number): Tensor =>
    f32(
      [n],
      Float32Array.from({ length: n }, (_, i) => f(i)),
    )
  const c = { op: 'Add', inputs: [ramp((i) => Math.sin(i) * 1e3), ramp((i) => 1 / (i - 7))] }
  expect(await differs(c)).toBeUndefined()
  const [oracle] = await onWeb(c)
  const { outputs } = await onOperatorWorld(c)
  expect(difference(outputs[0] as Tensor, oracle as Tensor)).toBeUndefined()
})

test.each([
  [
    [2, 6, 5, 5],
    [1, 6, 1, 1],
  ],
  [
    [1, 16, 37],
    [16, 1],
  ],
  [
    [2, 3, 4, 5, 6],
    [3, 1, 5, 1],
  ],
  [[0, 3], [3]],
  [[], []],
])('Mul of %j and %j', async (a, b) => {
  expect(
    await differs({
      op: 'Mul',
      inputs: [
        f32(
          a,
          Array.from({ length: size(a) }, (_, i) => i / 7 - 3),
        ),
        f32(
          b,
          Array.from({ length: size(b) }, (_, i) => 1 / (i + 1)),
        ),
      ],
    }),
  ).toBeUndefined()
})

test.each([2, 3, 0.5, -1, 0, 1, 4, NaN, Infinity])('Pow with the exponent %d, alone and beside others', async (e) => {
  const x = f32(
    [3, 15],
    Array.from({ length: 45 }, (_, i) => (i < SPECIAL.length ? (SPECIAL[i] as number) : Math.sin(i) * 40)),
  )
  expect(await differs({ op: 'Pow', inputs: [x, f32([], [e])] })).toBeUndefined()
  expect(await differs({ op: 'Pow', inputs: [x, f32([3, 1], [e, 2, 3])] })).toBeUndefined()
  expect(await differs({ op: 'Pow', inputs: [f32([1], [1.7]), f32([1], [e])] })).toBeUndefined()
})

test.each(['Min', 'Max', 'Sum', 'Mean'])('%s of one, of three of a shape, and of three that broadcast', async (op) => {
  const t = (shape: number[], k: number): Tensor =>
    f32(
      shape,
      Array.from({ length: size(shape) }, (_, i) => (i % 5 === k ? (SPECIAL[(i + k) % SPECIAL.length] as number) : Math.sin(i * k))),
    )
  expect(await differs({ op, inputs: [t([3, 5], 1)] })).toBeUndefined()
  expect(await differs({ op, inputs: [t([37], 1), t([37], 2), t([37], 3)] })).toBeUndefined()
  expect(await differs({ op, inputs: [t([3, 5], 1), t([5], 2), t([2, 1, 1], 3)] })).toBeUndefined()
})

test('PRelu: the slope of a channel, of an element, of all', async () => {
  const x = f32(
    [2, 3, 4],
    Array.from({ length: 24 }, (_, i) => (i < SPECIAL.length ? (SPECIAL[i] as number) : 11 - i)),
  )
  for (const shape of [[3, 1], [1], [4], [2, 3, 4]])
    expect(
      await differs({
        op: 'PRelu',
        inputs: [
          x,
          f32(
            shape,
            Array.from({ length: size(shape) }, (_, i) => i / 3 - 1),
          ),
        ],
      }),
    ).toBeUndefined()
})

const INTEGER: Readonly<Partial<Record<Dtype, (n: bigint) => number | bigint>>> = {
  s32: (n) => Number(BigInt.asIntN(32, n)),
  u32: (n) => Number(BigInt.asUintN(32, n)),
  s64: (n) => BigInt.asIntN(64, n),
  u64: (n) => BigInt.asUintN(64, n),
  s8: (n) => Number(BigInt.asIntN(8, n)),
  u8: (n) => Number(BigInt.asUintN(8, n)),
  s16: (n) => Number(BigInt.asIntN(16, n)),
  u16: (n) => Number(BigInt.asUintN(16, n)),
}

function integers(dtype: Dtype, shape: readonly number[], numbers: readonly bigint[]): Tensor {
  const bytes = DTYPES[dtype]
  const data = new Uint8Array(numbers.length * bytes)
  numbers.forEach((n, i) => {
    for (let b = 0; b < bytes; b++) data[i * bytes + b] = Number((BigInt.asUintN(64, n) >> BigInt(8 * b)) & 255n)
  })
  return { dtype, shape, data }
}

/** What C gives, without an upper bound of the sides; a remainder takes the sign of the divisor. */
const EXPECTED: Readonly<Record<string, (a: bigint, b: bigint) => bigint>> = {
  Add: (a, b) => a + b,
  Sub: (a, b) => a - b,
  Mul: (a, b) => a * b,
  Div: (a, b) => a / b,
  Min: (a, b) => (a < b ? a : b),
  Max: (a, b) => (a > b ? a : b),
  Mod: (a, b) => ((a % b) + b) % b,
}

test.each(Object.keys(INTEGER) as Dtype[])('integers of %s wrap, divide towards zero and broadcast', async (dtype) => {
  const wrap = INTEGER[dtype] as (n: bigint) => number | bigint
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...Object.keys(EXPECTED)),
      fc.array(fc.bigInt({ min: -(1n << 63n), max: (1n << 63n) - 1n }), { minLength: 6, maxLength: 6 }),
      fc.array(fc.bigInt({ min: -40n, max: 40n }), { minLength: 2, maxLength: 2 }),
      async (op, a, b) => {
        const x = a.map((n) => BigInt(wrap(n)))
        const y = b.map((n) => BigInt(wrap(n))).map((n) => (n === 0n ? 3n : n))
        const c = { op, inputs: [integers(dtype, [3, 2], x), integers(dtype, [2], y)] }
        const [ours] = await onKernels(c)
        const expected = x.map((n, i) => BigInt(wrap((EXPECTED[op] as (a: bigint, b: bigint) => bigint)(n, y[i % 2] as bigint))))
        expect(difference(ours as Tensor, integers(dtype, [3, 2], expected))).toBeUndefined()
      },
    ),
    { numRuns: 60 },
  )
})

test.each(['Add', 'Sub', 'Mul', 'Div', 'Min', 'Max'])('%s of s32, s64 and f64 has the bits of onnxruntime-web', async (op) => {
  for (const dtype of ['s32', 's64'] as const)
    expect(
      await differs({
        op,
        inputs: [integers(dtype, [2, 3], [7n, -7n, 1n << 31n, -(1n << 31n), 0n, 9n]), integers(dtype, [3], [2n, -2n, 5n])],
      }),
    ).toBeUndefined()
  const doubles = (shape: number[], v: number[]): Tensor => ({ dtype: 'f64', shape, data: new Uint8Array(Float64Array.from(v).buffer) })
  expect(
    await differs({ op, inputs: [doubles([2, 3], [0.1, -1e300, 1e-320, 3, -7.5, 1e10]), doubles([3], [1 / 3, 1e300, -2])] }),
  ).toBeUndefined()
})

test('Pow of mixed dtypes has the bits of onnxruntime-web', async () => {
  const doubles = (shape: readonly number[], v: readonly number[]): Tensor => ({
    dtype: 'f64',
    shape,
    data: new Uint8Array(Float64Array.from(v).buffer),
  })
  const bases = [
    f32([2, 3], [0.5, -2, 3, 7.25, -1, 0]),
    doubles([2, 3], [0.5, -2, 3, 7.25, -1, 0]),
    integers('s32', [2, 3], [1n, -2n, 3n, 7n, -1n, 5n]),
    integers('s64', [2, 3], [1n, -2n, 3n, 7n, -1n, 1n << 40n]),
  ]
  const exponents = [
    f32([3], [2, 3, 1]),
    doubles([3], [2, 0.5, 3]),
    integers('s32', [2, 1], [3n, 2n]),
    integers('s64', [], [2n]),
    integers('s64', [], [3n]),
  ]
  const mixed = bases.flatMap((a) => exponents.map((b) => [a, b])).filter(([a, b]) => a?.dtype !== 'f32' || b?.dtype !== 'f32')
  for (const inputs of mixed) expect(await differs({ op: 'Pow', inputs })).toBeUndefined()
})

test('an integer divided by zero stops the kernel', async () => {
  await expect(onKernels({ op: 'Div', inputs: [integers('s32', [2], [1n, 2n]), integers('s32', [2], [1n, 0n])] })).rejects.toThrow(
    'status 2',
  )
  await expect(onKernels({ op: 'Mod', inputs: [integers('u8', [1], [1n]), integers('u8', [1], [0n])] })).rejects.toThrow('status 2')
})

test('shapes that do not broadcast and forms without kernels are refused with a code', () => {
  const code = (c: NodeCase): string => {
    try {
      lowerCase(c)
      return 'none'
    } catch (error) {
      return error instanceof UtnetError ? error.code : String(error)
    }
  }
  expect(code({ op: 'Add', inputs: [f32([2], [1, 2]), f32([3], [1, 2, 3])] })).toBe('tensor_shape')
  expect(code({ op: 'Add', inputs: [f32([2], [1, 2])] })).toBe('model_invalid')
  expect(code({ op: 'Add', inputs: [f32([1], [1]), integers('s32', [1], [1n])] })).toBe('model_invalid')
  expect(code({ op: 'Add', opset: 6, inputs: [f32([2, 3], [1, 2, 3, 4, 5, 6]), f32([2], [1, 2])] })).toBe('operator_unsupported')
  expect(code({ op: 'Pow', inputs: [f32([1], [1]), integers('u32', [1], [1n])] })).toBe('operator_unsupported')
  expect(code({ op: 'Mod', inputs: [f32([1], [1]), f32([1], [1])] })).toBe('model_invalid')
  expect(code({ op: 'PRelu', inputs: [f32([2], [1, 2]), f32([2, 2], [1, 2, 3, 4])] })).toBe('tensor_shape')
})
