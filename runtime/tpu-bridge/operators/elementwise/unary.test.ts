import { expect, test } from 'vitest'
import { UtnetError, type Dtype, type Tensor } from '../../../core/index.ts'
import { difference, differs, f32, lowerCase, onOperatorWorld, onWeb, type NodeCase } from '../testing/node-case.ts'

const SPECIAL = [
  0,
  -0,
  1,
  -1,
  Infinity,
  -Infinity,
  NaN,
  1e-45,
  -1e-45,
  1.17549435e-38,
  3.4028235e38,
  -3.4028235e38,
  0.5,
  -0.5,
  1.5,
  2.5,
  18,
  -18,
  9,
  -9,
  88.7,
  -88.4,
  104,
  -104,
]

/** A generator of 32 bits (mulberry32): the same values on every run. */
function random(seed: number): () => number {
  let a = seed
  return () => {
    a = (a + 0x6d2b79f5) | 0
    let t = Math.imul(a ^ (a >>> 15), 1 | a)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return (t ^ (t >>> 14)) >>> 0
  }
}

/** Values near zero, within what most functions are made for, far out, any bits, and special ones. */
function sample(count: number, seed: number): Float32Array {
  const next = random(seed)
  const word = new Uint32Array(1)
  const float = new Float32Array(word.buffer)
  return Float32Array.from({ length: count }, (_, i) => {
    const u = next() / 2 ** 31 - 1
    if (i < SPECIAL.length) return SPECIAL[i] as number
    if (i % 4 === 0) return u * 1e-2
    if (i % 4 === 1) return u * 9
    if (i % 4 === 2) return u * 110
    word[0] = next()
    return float[0] as number
  })
}

const float = (value: number) => ({ kind: 'float', value: Math.fround(value) }) as const

const CASES: readonly Omit<NodeCase, 'inputs'>[] =
  'Relu LeakyRelu HardSigmoid HardSwish Sigmoid Tanh Neg Abs Reciprocal Sqrt Floor Ceil Round Sign ThresholdedRelu Softsign Erf Exp Log Sin Cos Tan Asin Acos Atan Sinh Cosh Asinh Acosh Atanh Elu Selu Celu Softplus'
    .split(' ')
    .map((op) => ({ op }))

const WITH_ATTRIBUTES: readonly Omit<NodeCase, 'inputs'>[] = [
  { op: 'Gelu', opset: 20 },
  { op: 'Gelu', opset: 20, attributes: { approximate: { kind: 'string', value: 'tanh' } } },
  { op: 'Gelu', domain: 'com.microsoft' },
  { op: 'QuickGelu', domain: 'com.microsoft', attributes: { alpha: float(1.702) } },
  { op: 'Mish', opset: 18 },
  { op: 'Swish', opset: 24, attributes: { alpha: float(0.7) } },
  { op: 'Shrink', attributes: { lambd: float(1.5), bias: float(0.3) } },
  { op: 'IsNaN' },
  { op: 'IsInf' },
  { op: 'IsInf', attributes: { detect_negative: { kind: 'int', value: 0 } } },
  { op: 'LeakyRelu', attributes: { alpha: float(0.3) } },
  { op: 'HardSigmoid', attributes: { alpha: float(0.166), beta: float(0.4) } },
  { op: 'Elu', attributes: { alpha: float(1.7) } },
  { op: 'Selu', attributes: { alpha: float(2.1), gamma: float(0.7) } },
  { op: 'Celu', attributes: { alpha: float(0.6) } },
  { op: 'ThresholdedRelu', attributes: { alpha: float(0.4) } },
  { op: 'Clip', opset: 9, attributes: { min: float(-1), max: float(6) } },
  { op: 'Clip', opset: 6 },
]

test.each([...CASES, ...WITH_ATTRIBUTES].map((c) => [`${c.op} ${JSON.stringify(c.attributes ?? {})}`, c] as const))(
  '%s has the bits of onnxruntime-web over all kinds of values',
  async (_, c) => {
    const values = sample(20_003, 7)
    expect(await differs({ ...c, inputs: [f32([values.length], values)] })).toBeUndefined()
  },
)

test.each(['Sigmoid', 'Tanh', 'Exp', 'Erf', 'Relu', 'Softplus'])(
  '%s of every length from 0 to 70: what is left of a row has the same bits',
  async (op) => {
    for (let n = 0; n <= 70; n++)
      expect(await differs({ op, inputs: [f32([n], sample(n + 30, n).subarray(30))] }, [n % 2 === 0 ? 1 : 3])).toBeUndefined()
  },
)

test('Clip with bounds as inputs: one, both, crossed, NaN', async () => {
  const x = f32([8, 25], sample(200, 3))
  for (const [low, high] of [
    [-1, 2],
    [0, 6],
    [3, 1],
    [-0, 0],
    [NaN, 1],
    [0, NaN],
  ] as const)
    expect(await differs({ op: 'Clip', inputs: [x, f32([], [low]), f32([], [high])] })).toBeUndefined()
  expect(await differs({ op: 'Clip', inputs: [x, undefined, f32([], [1])] })).toBeUndefined()
  expect(await differs({ op: 'Clip', inputs: [x] })).toBeUndefined()
})

const ARRAYS = { f64: Float64Array, s8: Int8Array, u8: Uint8Array, s16: Int16Array, s32: Int32Array, u32: Uint32Array } as const

function numbers(dtype: Dtype, shape: readonly number[], values: readonly number[]): Tensor {
  const array =
    dtype === 's64'
      ? BigInt64Array.from(values.map(BigInt))
      : dtype === 'u64'
        ? BigUint64Array.from(values.map(BigInt))
        : ARRAYS[dtype as 'f64'].from(values)
  return { dtype, shape, data: new Uint8Array(array.buffer) }
}

test('doubles and integers: what onnxruntime-web has of them', async () => {
  const doubles = [0, -0, NaN, Infinity, -Infinity, 1e-310, ...Array.from({ length: 90 }, (_, i) => Math.sin(i) * 12)]
  for (const op of ['Abs', 'Neg', 'Sign', 'Relu', 'Floor', 'Ceil', 'Round', 'Sqrt', 'Reciprocal', 'Exp', 'Log', 'IsNaN', 'IsInf'])
    expect(await differs({ op, inputs: [numbers('f64', [96], doubles)] })).toBeUndefined()
  for (const dtype of ['s8', 'u8', 's16', 's32', 's64', 'u32', 'u64'] as const) {
    const values = Array.from({ length: 37 }, (_, i) => (dtype.startsWith('s') ? i * 6 - 100 : i * 6))
    const ops = [
      'Abs',
      'Sign',
      ...(dtype.startsWith('s') && dtype !== 's16' ? ['Neg'] : []),
      ...(dtype === 's8' || dtype === 's32' ? ['Relu'] : []),
    ]
    for (const op of ops) expect(await differs({ op, inputs: [numbers(dtype, [37], values)] })).toBeUndefined()
    if (dtype === 's16') continue
    expect(
      await differs({ op: 'Clip', inputs: [numbers(dtype, [37], values), numbers(dtype, [], [3]), numbers(dtype, [], [20])] }),
    ).toBeUndefined()
    expect(await differs({ op: 'Clip', inputs: [numbers(dtype, [37], values), undefined, numbers(dtype, [], [20])] })).toBeUndefined()
  }
})

test('rank 0, and the operator world', async () => {
  const c = { op: 'Sigmoid', inputs: [f32([], [0.3])] }
  expect(await differs(c)).toBeUndefined()
  const [oracle] = await onWeb(c)
  const { outputs } = await onOperatorWorld(c)
  expect(difference(outputs[0] as Tensor, oracle as Tensor)).toBeUndefined()
})

test('an input that is missing, a dtype without kernel and an attribute of another kind are refused with a code', () => {
  const code = (c: NodeCase): string => {
    try {
      lowerCase(c)
      return 'none'
    } catch (error) {
      return error instanceof UtnetError ? error.code : String(error)
    }
  }
  expect(code({ op: 'Tanh', inputs: [] })).toBe('model_invalid')
  expect(code({ op: 'Tanh', inputs: [{ dtype: 'u8', shape: [1], data: new Uint8Array(1) }] })).toBe('operator_unsupported')
  expect(code({ op: 'Elu', attributes: { alpha: { kind: 'int', value: 1 } }, inputs: [f32([1], [1])] })).toBe('model_invalid')
})
