/** Operators that keep, order or turn around what is there, and those that make values from nothing but shapes. */
import { DTYPES } from '../../../core/index.ts'
import type { Dtype } from '../../../core/index.ts'
import type { LowerContext, Lowered } from '../lowering.ts'
import { floatBits, input, output, temp } from '../operands.ts'
import { dtypeAttribute, dtypeNumber } from './cast.ts'
import { intOf } from '../../graph/index.ts'
import { axisOf, countOf, floats, integers, invalid, misshapen, needed, unsupported } from '../read.ts'
import { fillStep, productOf, SHARED_FROM } from './strided.ts'

const TRILU = 417
const ONE_HOT = 418
const NON_ZERO = 419
const COMPRESS = 420
const REVERSE = 421
const RANGE = 422
const TOP_K = 423

export function lowerTrilu(context: LowerContext): Lowered {
  const { node, inputs } = context
  const { dtype, shape } = needed(context, 0)
  const [rows, columns] = shape.slice(-2)
  if (rows === undefined || columns === undefined) throw misshapen(node, 'takes matrices')
  const n = countOf(node, shape)
  const far = rows + columns
  // a diagonal beyond the matrix is as good as one at its edge
  const k = Math.max(-far, Math.min(far, inputs[1] === undefined ? 0 : (integers(inputs[1])[0] ?? 0)))
  const upper = (intOf(node, 'upper') ?? 1) !== 0
  const params = [DTYPES[dtype], productOf(shape.slice(0, -2)), rows, columns, k, upper ? 1 : 0]
  const steps = n === 0 ? [] : [{ kernel: TRILU, operands: [input(0), output(0)], params, shared: n >= SHARED_FROM }]
  return { outputs: [{ dtype, shape }], temps: [], steps, cost: n }
}

/** A number of any dtype: what a depth or a length is given as. */
function scalar(context: LowerContext, index: number): number {
  const given = needed(context, index)
  const [value] = given.dtype === 'f32' || given.dtype === 'f64' ? floats(given) : integers(given)
  if (value === undefined) throw invalid(context.node, `input ${index} is empty`)
  return value
}

export function lowerOneHot(context: LowerContext): Lowered {
  const { node } = context
  const [indices, values] = [needed(context, 0), needed(context, 2)]
  const depth = Math.trunc(scalar(context, 1))
  if (!(depth > 0) || values.shape.join() !== '2') throw invalid(node, 'takes a depth and two values')
  const rank = indices.shape.length + 1
  const axis = axisOf(node, intOf(node, 'axis') ?? -1, rank)
  const shape = [...indices.shape.slice(0, axis), depth, ...indices.shape.slice(axis)]
  const n = countOf(node, shape)
  const params = [
    DTYPES[values.dtype],
    dtypeNumber(indices.dtype),
    productOf(indices.shape.slice(0, axis)),
    depth,
    productOf(indices.shape.slice(axis)),
  ]
  const operands = [input(0), input(2), output(0)]
  const steps = n === 0 ? [] : [{ kernel: ONE_HOT, operands, params, shared: n >= SHARED_FROM }]
  return { outputs: [{ dtype: values.dtype, shape }], temps: [], steps, cost: n }
}

/** How many elements are not zero: what the shape of the result hangs on. */
function nonZeros(dtype: Dtype, bytes: Uint8Array): number {
  const width = DTYPES[dtype]
  let count = 0
  for (let at = 0; at < bytes.length; at += width) {
    let bits = 0
    for (let i = 0; i < width; i++) {
      const byte = bytes[at + i] as number
      // the sign of a float's zero says nothing
      bits |= (dtype === 'f32' || dtype === 'f64') && i === width - 1 ? byte & 0x7f : byte
    }
    if (bits !== 0) count++
  }
  return count
}

export function lowerNonZero(context: LowerContext): Lowered {
  const given = needed(context, 0)
  const { dtype } = given
  const count = nonZeros(dtype, given.value())
  // a scalar is as a list of one
  const sides = given.shape.length === 0 ? [1] : given.shape
  const shape = [sides.length, count]
  const n = countOf(context.node, sides)
  return {
    outputs: [{ dtype: 's64', shape }],
    temps: [],
    steps: [
      {
        kernel: NON_ZERO,
        operands: [input(0), output(0)],
        params: [dtypeNumber(dtype), DTYPES[dtype], count, sides.length, ...sides],
        shared: false,
      },
    ],
    cost: n,
  }
}

export function lowerCompress(context: LowerContext): Lowered {
  const { node } = context
  const [data, condition] = [needed(context, 0), needed(context, 1)]
  if (condition.dtype !== 'boolean' || condition.shape.length !== 1) throw invalid(node, 'takes a list of booleans')
  const named = intOf(node, 'axis')
  const axis = named === undefined ? 0 : axisOf(node, named, data.shape.length)
  const flat = named === undefined
  const side = flat ? productOf(data.shape) : (data.shape[axis] as number)
  const conditions = Math.min(side, condition.shape[0] as number)
  const kept = integers(condition)
    .slice(0, conditions)
    .filter((c) => c !== 0).length
  const shape = flat ? [kept] : data.shape.map((s, d) => (d === axis ? kept : s))
  const n = countOf(node, shape)
  const outer = flat ? 1 : productOf(data.shape.slice(0, axis))
  const block = (flat ? 1 : productOf(data.shape.slice(axis + 1))) * DTYPES[data.dtype]
  const params = [outer, side, block, conditions, kept]
  const steps = n === 0 ? [] : [{ kernel: COMPRESS, operands: [input(0), input(1), output(0)], params, shared: false }]
  return { outputs: [{ dtype: data.dtype, shape }], temps: [], steps, cost: n }
}

export function lowerReverseSequence(context: LowerContext): Lowered {
  const { node } = context
  const [data, lengths] = [needed(context, 0), needed(context, 1)]
  const time = intOf(node, 'time_axis') ?? 0
  const batch = intOf(node, 'batch_axis') ?? 1
  const { dtype, shape } = data
  if (shape.length < 2 || !((time === 0 && batch === 1) || (time === 1 && batch === 0))) throw invalid(node, 'axes are 0 and 1')
  if (lengths.dtype !== 's64' || lengths.shape.join() !== String(shape[batch])) throw misshapen(node, 'takes one length for each sequence')
  const n = countOf(node, shape)
  const params = [shape[batch] as number, shape[time] as number, time === 0 ? 1 : 0, productOf(shape.slice(2)) * DTYPES[dtype]]
  const steps = n === 0 ? [] : [{ kernel: REVERSE, operands: [input(0), input(1), output(0)], params, shared: n >= SHARED_FROM }]
  return { outputs: [{ dtype, shape }], temps: [], steps, cost: n }
}

export function lowerRange(context: LowerContext): Lowered {
  const { node } = context
  const { dtype } = needed(context, 0)
  if (dtype !== 'f32' && dtype !== 'f64' && dtype !== 's16' && dtype !== 's32' && dtype !== 's64') throw unsupported(node, `of ${dtype}`)
  const [start, limit, step] = [scalar(context, 0), scalar(context, 1), scalar(context, 2)]
  if (step === 0) throw invalid(node, 'a step of 0')
  // the difference is of the dtype, the quotient a double
  const difference = dtype === 'f32' ? Math.fround(limit - start) : limit - start
  const count = Math.max(0, Math.ceil(difference / step))
  if (!Number.isFinite(count)) throw invalid(node, 'has no end')
  const shape = [count]
  const n = countOf(node, shape)
  const steps =
    n === 0 ? [] : [{ kernel: RANGE, operands: [input(0), input(2), output(0)], params: [dtypeNumber(dtype), n], shared: false }]
  return { outputs: [{ dtype, shape }], temps: [], steps, cost: n }
}

export function lowerTopK(context: LowerContext): Lowered {
  const { node, opset } = context
  const { dtype, shape } = needed(context, 0)
  if (dtype === 'boolean') throw invalid(node, 'booleans have no order')
  const axis = axisOf(node, intOf(node, 'axis') ?? -1, shape.length)
  const k = opset < 10 ? intOf(node, 'k') : integers(needed(context, 1))[0]
  const side = shape[axis] as number
  if (k === undefined || k < 0 || k > side) throw invalid(node, `k of ${k} along a side of ${side}`)
  const sides = shape.map((s, d) => (d === axis ? k : s))
  const n = countOf(node, shape)
  const greatest = opset < 11 || (intOf(node, 'largest') ?? 1) !== 0
  const params = [dtypeNumber(dtype), productOf(shape.slice(0, axis)), side, productOf(shape.slice(axis + 1)), k, greatest ? 1 : 0]
  return {
    outputs: [
      { dtype, shape: sides },
      { dtype: 's64', shape: sides },
    ],
    temps: [side * 8],
    steps: n === 0 || k === 0 ? [] : [{ kernel: TOP_K, operands: [input(0), output(0), output(1), temp(0)], params, shared: false }],
    cost: n * Math.max(1, Math.ceil(Math.log2(Math.max(2, side)))),
  }
}

/** One as the bits of a dtype. */
function oneOf(dtype: Dtype): readonly [number, number] {
  if (dtype === 'f32') return [floatBits(1), 0]
  return dtype === 'f64' ? [0, 0x3ff0_0000] : [1, 0]
}

export function lowerEyeLike(context: LowerContext): Lowered {
  const { node } = context
  const given = needed(context, 0)
  const [rows, columns] = given.shape
  if (given.shape.length !== 2 || rows === undefined || columns === undefined) throw misshapen(node, 'takes a matrix')
  const dtype = dtypeAttribute(context, 'dtype', given.dtype)
  const n = countOf(node, given.shape)
  const k = intOf(node, 'k') ?? 0
  const first = k >= 0 ? k : -k * columns
  const length = Math.max(0, k >= 0 ? Math.min(rows, columns - k) : Math.min(rows + k, columns))
  const width = DTYPES[dtype]
  return {
    outputs: [{ dtype, shape: given.shape }],
    temps: [],
    steps: [...fillStep(width, output(0), n), ...fillStep(width, output(0), length, oneOf(dtype), { offset: first, stride: columns + 1 })],
    cost: n,
  }
}

export function lowerConstantOfShape(context: LowerContext): Lowered {
  const { node } = context
  const shape = integers(needed(context, 0))
  if (shape.some((side) => side < 0)) throw invalid(node, `[${shape.join()}] is no shape`)
  const attribute = node.attributes.get('value')
  if (attribute !== undefined && attribute.kind !== 'tensor') throw invalid(node, 'the value is no tensor')
  const value = attribute?.value ?? { dtype: 'f32' as const, shape: [1], data: new Uint8Array(4) }
  const bytes = new Uint8Array(8)
  bytes.set(value.data.subarray(0, DTYPES[value.dtype]))
  const view = new DataView(bytes.buffer)
  const n = countOf(node, shape)
  return {
    outputs: [{ dtype: value.dtype, shape }],
    temps: [],
    steps: fillStep(DTYPES[value.dtype], output(0), n, [view.getInt32(0, true), view.getInt32(4, true)]),
    cost: n,
  }
}
