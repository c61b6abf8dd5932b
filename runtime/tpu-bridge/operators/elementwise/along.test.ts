import { expect, test } from 'vitest'
import { UtnetError, type Tensor } from '../../../core/index.ts'
import { difference, differs, f32, lowerCase, onOperatorWorld, onWeb, s64, type NodeCase } from '../testing/node-case.ts'

const int = (value: number) => ({ kind: 'int', value }) as const
const ints = (value: number[]) => ({ kind: 'ints', value }) as const
const float = (value: number) => ({ kind: 'float', value: Math.fround(value) }) as const
const SPECIAL = [NaN, Infinity, -Infinity, 0, -0, 3.4e38, 1e-45]

const count = (shape: readonly number[]): number => shape.reduce((n, side) => n * side, 1)

/** Waves, and now and then something special. */
function floats(shape: readonly number[], every = 0): Tensor {
  return f32(
    shape,
    Array.from({ length: count(shape) }, (_, i) =>
      every > 0 && i % every === every - 1 ? (SPECIAL[i % SPECIAL.length] as number) : Math.sin(i * 12.9898) * 4,
    ),
  )
}

const code = (c: NodeCase): string => {
  try {
    lowerCase(c)
    return 'none'
  } catch (error) {
    return error instanceof UtnetError ? error.code : String(error)
  }
}

test.each(['Softmax', 'LogSoftmax'])('%s of rows of every length from 1 to 70', async (op) => {
  for (let n = 1; n <= 70; n++) expect(await differs({ op, inputs: [floats([3, n])] })).toBeUndefined()
})

test.each(['Softmax', 'LogSoftmax'])('%s along every axis, as before opset 13 and since', async (op) => {
  for (const opset of [11, 13])
    for (const [shape, axis] of [
      [[2, 3, 4], 1],
      [[2, 3, 4], 0],
      [[2, 5, 3, 4], -2],
      [[4], 0],
      [[2, 3], -1],
    ] as const)
      expect(await differs({ op, opset, attributes: { axis: int(axis) }, inputs: [floats(shape)] })).toBeUndefined()
  expect(await differs({ op, opset: 9, inputs: [floats([2, 3, 4])] })).toBeUndefined()
})

test('Softmax of rows with NaNs and infinities', async () => {
  for (const n of [3, 5, 19])
    for (const every of [2, 7, 50]) expect(await differs({ op: 'Softmax', inputs: [floats([40, n], every)] })).toBeUndefined()
})

const REDUCTIONS = ['Sum', 'Mean', 'Max', 'Min', 'Prod', 'L1', 'L2', 'LogSum', 'LogSumExp', 'SumSquare']
const REDUCED: readonly (readonly [readonly number[], readonly number[] | undefined])[] = [
  [[16, 255], [1]],
  [[7, 9], [0]],
  [[6, 70], [0]],
  [[3, 11, 13], [1]],
  [[3, 10, 16], [-2]],
  [
    [2, 3, 4, 5],
    [2, 3],
  ],
  [
    [2, 3, 4, 5],
    [0, 1],
  ],
  [
    [2, 3, 4, 5],
    [1, 2],
  ],
  [
    [2, 3, 4, 5],
    [0, 2],
  ],
  [
    [2, 3, 4, 5],
    [1, 3],
  ],
  [
    [2, 3, 4, 5],
    [0, 3],
  ],
  [[2, 3, 4, 5], undefined],
  [[300], [0]],
  [[1, 1, 7], [1]],
  [
    [5, 1, 7],
    [0, 2],
  ],
  [[], undefined],
  [
    [2, 3, 2, 3, 2],
    [0, 2, 4],
  ],
]

test.each(REDUCTIONS)('Reduce%s along every kind of axes: first, last, in the middle, several, all', async (name) => {
  const asInput = name === 'Sum'
  for (const [shape, axes] of REDUCED)
    for (const every of [0, 29])
      expect(
        await differs({
          op: `Reduce${name}`,
          opset: 13,
          attributes: { keepdims: int(shape.length % 2), ...(axes === undefined || asInput ? {} : { axes: ints([...axes]) }) },
          inputs: [floats(shape, every), ...(axes !== undefined && asInput ? [s64([axes.length], axes)] : [])],
        }),
      ).toBeUndefined()
})

test('ReduceMean takes its axes from an input since opset 18, and none may mean that nothing is reduced', async () => {
  expect(await differs({ op: 'ReduceMean', opset: 18, inputs: [floats([3, 4, 5]), s64([2], [0, -1])] })).toBeUndefined()
  expect(
    await differs({ op: 'ReduceMean', opset: 18, attributes: { noop_with_empty_axes: int(1) }, inputs: [floats([3, 4])] }),
  ).toBeUndefined()
})

test.each(['Sum', 'Mean', 'Max', 'Min', 'Prod', 'L1', 'L2', 'SumSquare'])(
  'Reduce%s of integers: in doubles, then what fits',
  async (name) => {
    const asInput = name === 'Sum'
    for (const dtype of ['s32', ...(name === 'Sum' || name === 'Max' || name === 'Min' ? ['s64' as const] : [])] as const)
      for (const [shape, axes] of REDUCED)
        for (const scale of [50, 2 ** 31]) {
          if (dtype === 's64' && asInput && (shape.length > 3 || shape.length === 0)) continue
          const values = Array.from({ length: count(shape) }, (_, i) => Math.trunc(Math.sin(i * 78.233) * scale))
          const data = dtype === 's64' ? BigInt64Array.from(values, (v) => BigInt(v) << 25n) : Int32Array.from(values)
          const c: NodeCase = {
            op: `Reduce${name}`,
            opset: 13,
            attributes: axes === undefined || asInput ? {} : { axes: ints([...axes]) },
            inputs: [
              { dtype, shape, data: new Uint8Array(data.buffer) },
              ...(axes !== undefined && asInput ? [s64([axes.length], axes)] : []),
            ],
          }
          expect(await differs(c)).toBeUndefined()
        }
  },
)

test('what a reduction of nothing gives', async () => {
  for (const name of ['Sum', 'Prod', 'Max', 'Min', 'L1', 'L2', 'LogSum', 'SumSquare'])
    expect(await differs({ op: `Reduce${name}`, opset: 20, inputs: [f32([2, 0, 3], []), s64([1], [1])] })).toBeUndefined()
})

test('Hardmax: the first of the greatest', async () => {
  for (const opset of [11, 13])
    for (const axis of [0, 1, -1])
      expect(await differs({ op: 'Hardmax', opset, attributes: { axis: int(axis) }, inputs: [floats([3, 4, 5])] })).toBeUndefined()
  expect(await differs({ op: 'Hardmax', inputs: [f32([2, 4], [3, 7, 7, 1, 2, 2, 2, 2])] })).toBeUndefined()
})

test.each(['ArgMax', 'ArgMin'])('%s: the first or the last of equals, NaNs', async (op) => {
  for (const [shape, axis] of [
    [[3, 5], 1],
    [[3, 5], 0],
    [[2, 3, 4], -2],
    [[7], 0],
  ] as const)
    for (const last of [0, 1])
      for (const every of [0, 2, 3])
        expect(
          await differs({
            op,
            opset: 13,
            attributes: { axis: int(axis), select_last_index: int(last), keepdims: int(last) },
            inputs: [floats(shape, every)],
          }),
        ).toBeUndefined()
  for (const v of [
    [NaN, 1, 0],
    [1, NaN, 0],
    [2, NaN, 5, 1],
    [1, 0, NaN],
    [3, 3, 3],
  ])
    expect(await differs({ op, attributes: { axis: int(0) }, inputs: [f32([v.length], v)] })).toBeUndefined()
})

test('CumSum from both ends, with and without the element', async () => {
  for (const exclusive of [0, 1])
    for (const reverse of [0, 1])
      for (const [shape, axis] of [
        [[3, 5], 1],
        [[2, 3, 4], 0],
        [[2, 3, 4], -2],
        [[9], 0],
      ] as const)
        expect(
          await differs({
            op: 'CumSum',
            attributes: { exclusive: int(exclusive), reverse: int(reverse) },
            inputs: [floats(shape, 5), s64([], [axis])],
          }),
        ).toBeUndefined()
})

test('normalizations of a batch, of rows, of planes, of groups, across channels', async () => {
  for (const shape of [
    [2, 5, 7],
    [1, 16, 5, 5],
    [3, 4, 1, 1],
    [2, 3],
  ]) {
    const c = shape[1] as number
    const variance = f32(
      [c],
      Array.from({ length: c }, (_, i) => i * 0.3 + 0.1),
    )
    expect(
      await differs({
        op: 'BatchNormalization',
        opset: 15,
        attributes: { epsilon: float(1e-3) },
        inputs: [floats(shape, 11), floats([c]), floats([c]), floats([c]), variance],
      }),
    ).toBeUndefined()
  }
  for (const shape of [
    [2, 3, 5],
    [1, 4, 5, 5],
  ])
    expect(
      await differs({ op: 'InstanceNormalization', inputs: [floats(shape), floats([shape[1] as number]), floats([shape[1] as number])] }),
    ).toBeUndefined()
  for (const shape of [
    [2, 4, 5],
    [1, 6, 5, 5],
  ])
    expect(
      await differs({
        op: 'GroupNormalization',
        opset: 21,
        attributes: { num_groups: int(2) },
        inputs: [floats(shape), floats([shape[1] as number]), floats([shape[1] as number])],
      }),
    ).toBeUndefined()
  for (const p of [1, 2])
    for (const axis of [-1, 0])
      expect(await differs({ op: 'LpNormalization', attributes: { p: int(p), axis: int(axis) }, inputs: [floats([3, 7])] })).toBeUndefined()
  for (const size of [1, 3, 5])
    expect(
      await differs({
        op: 'LRN',
        attributes: { size: int(size), alpha: float(2e-4), beta: float(0.5), bias: float(2) },
        inputs: [floats([2, 7, 3, 3])],
      }),
    ).toBeUndefined()
})

test('LayerNormalization, with mean and deviation where they are asked for, and RMSNormalization', async () => {
  for (const shape of [
    [3, 5],
    [2, 4, 7],
    [6, 64],
  ]) {
    const row = [shape.at(-1) as number]
    expect(await differs({ op: 'LayerNormalization', inputs: [floats(shape, 40), floats(row), floats(row)] })).toBeUndefined()
    expect(
      await differs({
        op: 'LayerNormalization',
        outputs: 3,
        attributes: { axis: int(1) },
        inputs: [floats(shape), floats(shape.slice(1))],
      }),
    ).toBeUndefined()
    expect(await differs({ op: 'RMSNormalization', opset: 23, inputs: [floats(shape), floats(row)] })).toBeUndefined()
  }
})

test('through the operator world', async () => {
  for (const c of [
    { op: 'Softmax', attributes: { axis: int(1) }, inputs: [floats([2, 9, 3])] },
    { op: 'ReduceMean', opset: 13, attributes: { axes: ints([1]) }, inputs: [floats([3, 11, 13])] },
  ]) {
    const [oracle] = await onWeb(c)
    const { outputs } = await onOperatorWorld(c)
    expect(difference(outputs[0] as Tensor, oracle as Tensor)).toBeUndefined()
  }
})

test('axes outside, sides that do not fit and training are refused with a code', () => {
  const x = floats([2, 3])
  expect(code({ op: 'Softmax', attributes: { axis: int(2) }, inputs: [x] })).toBe('model_invalid')
  expect(code({ op: 'ReduceMax', opset: 13, attributes: { axes: ints([-3]) }, inputs: [x] })).toBe('model_invalid')
  expect(code({ op: 'ReduceMean', opset: 18, inputs: [f32([0, 3], []), s64([1], [0])] })).toBe('operator_unsupported')
  expect(
    code({
      op: 'ReduceSum',
      opset: 13,
      inputs: [
        s64(
          [2, 3, 4],
          Array.from({ length: 24 }, () => 1),
        ),
        s64([2], [0, 2]),
      ],
    }),
  ).toBe('operator_unsupported')
  expect(code({ op: 'BatchNormalization', opset: 15, inputs: [x, floats([2]), floats([3]), floats([3]), floats([3])] })).toBe(
    'tensor_shape',
  )
  expect(
    code({
      op: 'BatchNormalization',
      opset: 15,
      attributes: { training_mode: int(1) },
      inputs: [x, floats([3]), floats([3]), floats([3]), floats([3])],
    }),
  ).toBe('operator_unsupported')
  expect(code({ op: 'LayerNormalization', inputs: [x, floats([2])] })).toBe('tensor_shape')
  expect(code({ op: 'CumSum', inputs: [x, f32([], [0])] })).toBe('model_invalid')
  expect(code({ op: 'LRN', attributes: { size: int(2) }, inputs: [floats([1, 2, 3, 4])] })).toBe('model_invalid')
})
