import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Dtype, Tensor } from '../../../core/index.ts'
import { DTYPES, LIMITS } from '../../../core/index.ts'
import type { Attribute } from '../../graph/index.ts'
import { f32, lowerCase, onKernels, s64 } from '../testing/node-case.ts'
import { differences } from './testing/against-web.ts'

const int = (value: number): Attribute => ({ kind: 'int', value })
const text = (value: string): Attribute => ({ kind: 'string', value })
const ints = (value: readonly number[]): Attribute => ({ kind: 'ints', value })

const ODD = [0, -0, 1, -1, 2.5, Infinity, -Infinity, NaN, 3, 1e-40]

/** Values out of a short list, so that equal ones and the odd ones are frequent. */
function some(dtype: Dtype, shape: readonly number[], seed: number, list: readonly number[] = ODD): Tensor {
  const n = shape.reduce((a, b) => a * b, 1)
  let state = seed | 1
  const numbers = Array.from({ length: n }, () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    return list[(state >>> 16) % list.length] as number
  })
  if (dtype === 'f32') return f32(shape, numbers)
  if (dtype === 'f64') return { dtype, shape, data: new Uint8Array(Float64Array.from(numbers).buffer) }
  const whole = numbers.map((v) => BigInt(Number.isFinite(v) ? Math.trunc(v) : 7))
  const data = new Uint8Array(n * DTYPES[dtype])
  const view = new DataView(data.buffer)
  whole.forEach((v, i) => {
    if (dtype === 'boolean') data[i] = v === 0n ? 0 : 1
    else
      for (let b = 0; b < DTYPES[dtype]; b++) view.setUint8(i * DTYPES[dtype] + b, Number((BigInt.asUintN(64, v) >> BigInt(8 * b)) & 255n))
  })
  return { dtype, shape, data }
}

const RUNS = { numRuns: 30 }
const side = fc.integer({ min: 1, max: 6 })
const shapes = fc.array(side, { minLength: 1, maxLength: 4 })
/** Two shapes that are broadcast to one. */
const pair = fc.tuple(shapes, fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }), fc.nat(3)).map(([shape, ones, skip]) => {
  const narrow = shape.map((s, d) => (ones[d] === true ? 1 : s)).slice(Math.min(skip, shape.length))
  return [shape, narrow] as const
})

test.each(['Equal', 'Less', 'Greater', 'LessOrEqual', 'GreaterOrEqual'])('%s is as onnxruntime-web has it', async (op) => {
  await fc.assert(
    fc.asyncProperty(pair, fc.constantFrom<Dtype>('f32', 'f64', 's32', 's64'), fc.boolean(), async ([a, b], dtype, turned) => {
      const [x, y] = turned ? [b, a] : [a, b]
      expect(await differences({ op, inputs: [some(dtype, x, 1), some(dtype, y, 5)] })).toEqual([])
    }),
    RUNS,
  )
  for (const dtype of ['u8', 's8', 'u16', 's16', 'u32', 'u64'] as const)
    if (op !== 'Equal' || dtype === 'u8')
      await onKernels({ op, inputs: [some(dtype, [40], 1, [1, 2, 3]), some(dtype, [40], 9, [1, 2, 3])] })
})

test('And, Or, Xor, Not and Where are as onnxruntime-web has them', async () => {
  await fc.assert(
    fc.asyncProperty(pair, fc.constantFrom('And', 'Or', 'Xor'), async ([a, b], op) => {
      expect(await differences({ op, inputs: [some('boolean', a, 1, [0, 1]), some('boolean', b, 5, [0, 1])] })).toEqual([])
      expect(await differences({ op: 'Not', inputs: [some('boolean', a, 1, [0, 1])] })).toEqual([])
    }),
    RUNS,
  )
  await fc.assert(
    fc.asyncProperty(pair, fc.constantFrom<Dtype>('f32', 's64', 'u8', 's32'), fc.nat(2), async ([a, b], dtype, wide) => {
      const of = (i: number): readonly number[] => (i === wide ? a : b)
      expect(
        await differences({ op: 'Where', inputs: [some('boolean', of(0), 3, [0, 1]), some(dtype, of(1), 5), some(dtype, of(2), 7)] }),
      ).toEqual([])
    }),
    RUNS,
  )
})

test('bits of integers are as onnxruntime-web has them', async () => {
  const wide = [0, 1, 2, 3, 5, 77, 100]
  await fc.assert(
    fc.asyncProperty(
      pair,
      fc.constantFrom('BitwiseAnd', 'BitwiseOr', 'BitwiseXor'),
      fc.constantFrom<Dtype>('u8', 's16', 's32', 'u64'),
      async ([a, b], op, dtype) => {
        expect(await differences({ op, opset: 18, inputs: [some(dtype, a, 1, wide), some(dtype, b, 5, wide)] })).toEqual([])
        expect(await differences({ op: 'BitwiseNot', opset: 18, inputs: [some(dtype, a, 1, wide)] })).toEqual([])
      },
    ),
    RUNS,
  )
  for (const direction of ['LEFT', 'RIGHT'])
    for (const dtype of ['u8', 'u32', 'u64'] as const)
      expect(
        await differences({
          op: 'BitShift',
          attributes: { direction: text(direction) },
          inputs: [some(dtype, [50], 1, [1, 3, 200, 255]), some(dtype, [50], 5, [0, 1, 2, 3, 7])],
        }),
      ).toEqual([])
})

test('Gather, GatherElements and GatherND are as onnxruntime-web has them', async () => {
  await fc.assert(
    fc.asyncProperty(
      shapes,
      shapes,
      fc.nat(3),
      fc.constantFrom<Dtype>('f32', 'u8', 's64'),
      fc.constantFrom<Dtype>('s32', 's64'),
      async (shape, of, at, dtype, index) => {
        const axis = at % shape.length
        const n = shape[axis] as number
        const list = Array.from({ length: 2 * n }, (_, i) => i - n)
        expect(
          await differences({
            op: 'Gather',
            attributes: { axis: int(axis) },
            inputs: [some(dtype, shape, 1), some(index, of.slice(0, 2), 3, list)],
          }),
        ).toEqual([])
        expect(
          await differences({
            op: 'GatherElements',
            attributes: { axis: int(axis - shape.length) },
            inputs: [
              some(dtype, shape, 1),
              some(
                index,
                shape.map((s, d) => (d === axis ? 4 : s)),
                3,
                list,
              ),
            ],
          }),
        ).toEqual([])
        const small = Math.min(...shape)
        const tuple = Array.from({ length: 2 * small }, (_, i) => i - small)
        expect(
          await differences({ op: 'GatherND', inputs: [some(dtype, shape, 1), some('s64', [3, Math.max(1, axis)], 3, tuple)] }),
        ).toEqual([])
        expect(
          await differences({
            op: 'GatherND',
            attributes: { batch_dims: int(1) },
            inputs: [some(dtype, [3, ...shape], 1), some('s64', [3, 2, 1], 3, tuple)],
          }),
        ).toEqual([])
      },
    ),
    RUNS,
  )
})

test('an index that points outside stops the kernel', async () => {
  for (const bad of [3, -4])
    for (const op of ['Gather', 'GatherElements', 'GatherND'])
      await expect(onKernels({ op, inputs: [f32([3], [1, 2, 3]), s64([1], [bad])] })).rejects.toThrow('status 1')
  await expect(onKernels({ op: 'ScatterElements', inputs: [f32([3], [1, 2, 3]), s64([1], [3]), f32([1], [0])] })).rejects.toThrow(
    'status 1',
  )
  await expect(onKernels({ op: 'ScatterND', inputs: [f32([3], [1, 2, 3]), s64([1, 1], [-4]), f32([1], [0])] })).rejects.toThrow('status 1')
})

test('ScatterElements and ScatterND are as onnxruntime-web has them, in every reduction', async () => {
  const reductions = fc.constantFrom('none', 'add', 'mul', 'max', 'min')
  await fc.assert(
    fc.asyncProperty(
      shapes,
      fc.nat(3),
      reductions,
      fc.constantFrom<Dtype>('f32', 's64', 's32', 'f64'),
      async (shape, at, reduction, dtype) => {
        const axis = at % shape.length
        const n = shape[axis] as number
        const list = Array.from({ length: 2 * n }, (_, i) => i - n)
        const updates = shape.map((s, d) => (d === axis ? n : Math.max(1, s - 1)))
        const finite = [0, 1, -1, 2.5, 3, -7, Infinity]
        const attributes = { axis: int(axis), reduction: text(reduction) }
        expect(
          await differences({
            op: 'ScatterElements',
            opset: 18,
            attributes,
            inputs: [some(dtype, shape, 1, finite), some('s64', updates, 3, list), some(dtype, updates, 5, finite)],
          }),
        ).toEqual([])
        const small = Math.min(...shape)
        const tuple = Array.from({ length: 2 * small }, (_, i) => i - small)
        const k = Math.max(1, axis)
        expect(
          await differences({
            op: 'ScatterND',
            opset: 18,
            attributes: { reduction: text(reduction) },
            inputs: [some(dtype, shape, 1, finite), some('s64', [5, k], 3, tuple), some(dtype, [5, ...shape.slice(k)], 5, finite)],
          }),
        ).toEqual([])
      },
    ),
    RUNS,
  )
})

test('Pad is as onnxruntime-web has it', async () => {
  const pads = fc.array(fc.integer({ min: -2, max: 4 }), { minLength: 8, maxLength: 8 })
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 3, max: 6 }), { minLength: 1, maxLength: 4 }),
      pads,
      fc.constantFrom('constant', 'edge', 'reflect', 'wrap'),
      fc.constantFrom<Dtype>('f32', 's64', 'u8'),
      async (shape, all, mode, dtype) => {
        const limit = mode === 'constant' ? all : all.map((p) => Math.min(2, Math.max(0, p)))
        const list = [...limit.slice(0, shape.length), ...limit.slice(4, 4 + shape.length)]
        if (shape.some((s, d) => s + (list[d] as number) + (list[shape.length + d] as number) < 1)) return
        const inputs = [some(dtype, shape, 1), s64([list.length], list), ...(mode === 'constant' ? [some(dtype, [], 11, [9])] : [])]
        expect(await differences({ op: 'Pad', opset: 19, attributes: { mode: text(mode) }, inputs })).toEqual([])
      },
    ),
    { numRuns: 60 },
  )
  expect(
    await differences({
      op: 'Pad',
      opset: 10,
      attributes: { pads: ints([0, 1, 2, 0]), value: { kind: 'float', value: 2.5 } },
      inputs: [some('f32', [2, 3], 1)],
    }),
  ).toEqual([])
  expect(
    await differences({ op: 'Pad', opset: 18, inputs: [some('f32', [2, 3], 1), s64([2], [1, 2]), undefined, s64([1], [-1])] }),
  ).toEqual([])
})

test('Trilu, EyeLike, OneHot, ConstantOfShape and Range are as onnxruntime-web has them', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(side, { minLength: 2, maxLength: 3 }),
      fc.integer({ min: -7, max: 7 }),
      fc.boolean(),
      fc.constantFrom<Dtype>('f32', 's64'),
      async (shape, k, upper, dtype) => {
        expect(
          await differences({ op: 'Trilu', attributes: { upper: int(upper ? 1 : 0) }, inputs: [some(dtype, shape, 1), s64([], [k])] }),
        ).toEqual([])
        expect(
          await differences({
            op: 'EyeLike',
            attributes: { k: int(k), dtype: int(dtype === 'f32' ? 1 : 7) },
            inputs: [some(dtype, shape.slice(0, 2), 1)],
          }),
        ).toEqual([])
        expect(
          await differences({
            op: 'OneHot',
            attributes: { axis: int(k > 0 ? 0 : -1) },
            inputs: [some('s64', shape, 1, [0, 1, 2, -1, -3, 7, -8]), s64([], [4]), some(dtype, [2], 3)],
          }),
        ).toEqual([])
        expect(
          await differences({
            op: 'ConstantOfShape',
            attributes: { value: { kind: 'tensor', value: some(dtype, [1], k) } },
            inputs: [s64([shape.length], shape)],
          }),
        ).toEqual([])
      },
    ),
    RUNS,
  )
  for (const [a, b, c] of [
    [0, 10, 1],
    [0, 1, 0.1],
    [5, -3, -0.7],
    [1, 1, 2],
    [0.3, 1000, 0.37],
  ] as const)
    for (const dtype of ['f32', 'f64'] as const)
      expect(
        await differences({ op: 'Range', inputs: [some(dtype, [], 1, [a]), some(dtype, [], 1, [b]), some(dtype, [], 1, [c])] }),
      ).toEqual([])
  for (const dtype of ['s64', 's32', 's16'] as const)
    expect(
      await differences({ op: 'Range', inputs: [some(dtype, [], 1, [10]), some(dtype, [], 1, [-5]), some(dtype, [], 1, [-3])] }),
    ).toEqual([])
})

test('Range of integers that no double holds is as onnxruntime-web has it', async () => {
  const wide = (n: bigint): Tensor => ({ dtype: 's64', shape: [], data: new Uint8Array(BigInt64Array.of(n).buffer) })
  for (const [from, to, step] of [
    [2n ** 60n, 2n ** 60n + 3n, 1n],
    [-(2n ** 63n), 7n - 2n ** 63n, 2n],
    [2n ** 63n - 1n, 2n ** 63n - 6n, -2n],
  ] as const)
    expect(await differences({ op: 'Range', inputs: [wide(from), wide(to), wide(step)] })).toEqual([])
})

test('pads that reach further than any tensor are refused: their sums would be no whole numbers', () => {
  const padded = (before: number, behind: number) =>
    lowerCase({ op: 'Pad', inputs: [some('u8', [4], 1), s64([2], [before, behind])] }).outputs[0]?.shape
  expect(padded(-LIMITS.tensorElements, LIMITS.tensorElements)).toEqual([4])
  for (const far of [LIMITS.tensorElements + 1, 2 ** 62])
    expect(() => padded(-far, far)).toThrow(expect.objectContaining({ code: 'tensor_shape', message: expect.stringContaining('further') }))
})

test('NonZero, Compress, ReverseSequence and TopK are as onnxruntime-web has them', async () => {
  await fc.assert(
    fc.asyncProperty(shapes, fc.nat(3), fc.constantFrom<Dtype>('f32', 's64', 's32'), fc.boolean(), async (shape, at, dtype, largest) => {
      const axis = at % shape.length
      expect(await differences({ op: 'NonZero', inputs: [some(dtype, shape, 1, [0, -0, 1, -1, 0.5])] })).toEqual([])
      expect(
        await differences({
          op: 'Compress',
          attributes: { axis: int(axis) },
          inputs: [some(dtype, shape, 1), some('boolean', [3], 5, [0, 1])],
        }),
      ).toEqual([])
      expect(await differences({ op: 'Compress', inputs: [some(dtype, shape, 1), some('boolean', [4], 5, [0, 1])] })).toEqual([])
      const k = 1 + (at % (shape[axis] as number))
      expect(
        await differences({
          op: 'TopK',
          attributes: { axis: int(axis), largest: int(largest ? 1 : 0) },
          inputs: [some(dtype, shape, 1, [3, 1, 2, -5, 2.5, Infinity]), s64([1], [k])],
          outputs: 2,
        }),
      ).toEqual([])
      if (shape.length < 2) return
      const time = at % 2
      const steps = Array.from({ length: shape[time] as number }, (_, i) => i + 1)
      expect(
        await differences({
          op: 'ReverseSequence',
          attributes: { time_axis: int(time), batch_axis: int(1 - time) },
          inputs: [some('f32', shape, 1), some('s64', [shape[1 - time] as number], 3, steps)],
        }),
      ).toEqual([])
    }),
    RUNS,
  )
})

test('counts that do not agree with the values stop the kernel', async () => {
  const lowered = lowerCase({ op: 'NonZero', inputs: [f32([3], [1, 0, 2])] })
  expect(lowered.outputs).toEqual([{ dtype: 's64', shape: [1, 2] }])
})

test('tables are as long as a call of a kernel may be, and no longer', () => {
  const padded = (side: number) =>
    lowerCase({ op: 'Pad', opset: 19, attributes: { mode: text('edge') }, inputs: [some('u8', [4], 1), s64([2], [side - 4, 0])] })
  expect(padded(LIMITS.kernelWords - 6).steps[0]?.params).toHaveLength(LIMITS.kernelWords)
  expect(() => padded(LIMITS.kernelWords - 5)).toThrow(expect.objectContaining({ code: 'operator_unsupported', limit: 'kernelWords' }))
})
