/** Operators that take elements by indices. Indices are values of the run: kernels check each, shapes do not hang on them. */
import { DTYPES } from '../../../core/index.ts'
import type { LowerContext, Lowered, LowerInput } from '../lowering.ts'
import { input, output } from '../operands.ts'
import { dtypeNumber } from './cast.ts'
import { intOf, textOf } from '../../graph/index.ts'
import { axisOf, countOf, invalid, misshapen, needed } from '../read.ts'
import { copyStep, productOf, SHARED_FROM, stridesOf } from './strided.ts'

const GATHER = 412
const GATHER_ELEMENTS = 413
const GATHER_ND = 414
const SCATTER_ELEMENTS = 415
const SCATTER_ND = 416

function indexWidth(context: LowerContext, given: LowerInput): number {
  if (given.dtype !== 's32' && given.dtype !== 's64') throw invalid(context.node, `indices of ${given.dtype}`)
  return DTYPES[given.dtype]
}

export function lowerGather(context: LowerContext): Lowered {
  const { node } = context
  const [data, indices] = [needed(context, 0), needed(context, 1)]
  const axis = axisOf(node, intOf(node, 'axis') ?? 0, data.shape.length)
  const shape = [...data.shape.slice(0, axis), ...indices.shape, ...data.shape.slice(axis + 1)]
  const n = countOf(node, shape)
  const block = productOf(data.shape.slice(axis + 1)) * DTYPES[data.dtype]
  const params = [
    productOf(data.shape.slice(0, axis)),
    data.shape[axis] as number,
    block,
    productOf(indices.shape),
    indexWidth(context, indices),
  ]
  const operands = [input(0), input(1), output(0)]
  const steps = n === 0 ? [] : [{ kernel: GATHER, operands, params, shared: n >= SHARED_FROM }]
  return { outputs: [{ dtype: data.dtype, shape }], temps: [], steps, cost: n }
}

/** Strides in bytes of all axes but one, which counts by index. */
const stridesBut = (shape: readonly number[], axis: number, width: number): readonly number[] =>
  stridesOf(shape).map((s, d) => (d === axis ? 0 : s * width))

export function lowerGatherElements(context: LowerContext): Lowered {
  const { node } = context
  const [data, indices] = [needed(context, 0), needed(context, 1)]
  const { shape } = indices
  const axis = axisOf(node, intOf(node, 'axis') ?? 0, data.shape.length)
  if (shape.length !== data.shape.length || shape.some((side, d) => d !== axis && side > (data.shape[d] as number)))
    throw misshapen(node, `indices of [${shape.join()}] into [${data.shape.join()}]`)
  const n = countOf(node, shape)
  const width = DTYPES[data.dtype]
  const params = [
    width,
    indexWidth(context, indices),
    data.shape[axis] as number,
    (stridesOf(data.shape)[axis] as number) * width,
    shape.length,
    ...shape,
    ...stridesBut(data.shape, axis, width),
  ]
  const operands = [input(0), input(1), output(0)]
  const steps = n === 0 ? [] : [{ kernel: GATHER_ELEMENTS, operands, params, shared: n >= SHARED_FROM }]
  return { outputs: [{ dtype: data.dtype, shape }], temps: [], steps, cost: n }
}

/** What tuples of indices point at: sides, strides in bytes, and the shape of one block. */
function pointed(context: LowerContext, data: LowerInput, indices: LowerInput, batchAxes: number) {
  const { node } = context
  const length = indices.shape.at(-1)
  if (length === undefined || indices.dtype !== 's64') throw invalid(node, 'indices are tuples of s64')
  if (batchAxes + length > data.shape.length) throw misshapen(node, `${length} indices into [${data.shape.join()}]`)
  const width = DTYPES[data.dtype]
  return {
    length,
    sides: data.shape.slice(batchAxes, batchAxes + length),
    strides: stridesOf(data.shape)
      .slice(batchAxes, batchAxes + length)
      .map((s) => s * width),
    block: data.shape.slice(batchAxes + length),
  }
}

export function lowerGatherNd(context: LowerContext): Lowered {
  const { node, opset } = context
  const [data, indices] = [needed(context, 0), needed(context, 1)]
  const batchAxes = opset < 12 ? 0 : (intOf(node, 'batch_dims') ?? 0)
  if (batchAxes < 0 || batchAxes >= indices.shape.length) throw invalid(node, `batch_dims of ${batchAxes}`)
  const batchShape = data.shape.slice(0, batchAxes)
  if (batchShape.some((side, d) => side !== indices.shape[d])) throw misshapen(node, 'batches of data and indices differ')
  const { length, sides, strides, block } = pointed(context, data, indices, batchAxes)
  const tupleShape = indices.shape.slice(0, -1)
  const shape = [...tupleShape, ...block]
  const n = countOf(node, shape)
  const width = DTYPES[data.dtype]
  const batches = productOf(batchShape)
  const params = [
    batches,
    productOf(tupleShape) / Math.max(1, batches),
    productOf(data.shape.slice(batchAxes)) * width,
    productOf(block) * width,
    length,
    ...sides,
    ...strides,
  ]
  const operands = [input(0), input(1), output(0)]
  const steps = n === 0 ? [] : [{ kernel: GATHER_ND, operands, params, shared: n >= SHARED_FROM }]
  return { outputs: [{ dtype: data.dtype, shape }], temps: [], steps, cost: n }
}

const REDUCTIONS: readonly string[] = ['none', 'add', 'mul', 'max', 'min']

function reductionOf(context: LowerContext, since: number, data: LowerInput): number {
  const { node, opset } = context
  const name = opset < since ? 'none' : (textOf(node, 'reduction') ?? 'none')
  const found = REDUCTIONS.indexOf(name)
  if (found < 0) throw invalid(node, `reduction ${name}`)
  if (found > 0 && data.dtype === 'boolean') throw invalid(node, 'booleans are not reduced')
  return found
}

/** The data goes to the output whole, then the updates over it. */
function scattered(context: LowerContext, kernel: number, params: readonly number[], updates: number): Lowered {
  const { dtype, shape } = needed(context, 0)
  const n = countOf(context.node, shape)
  const dense = stridesOf(shape)
  const steps = [
    ...copyStep({ width: DTYPES[dtype], source: input(0), destination: output(0), sides: shape, from: dense, to: dense }),
    ...(n === 0 || updates === 0 ? [] : [{ kernel, operands: [input(1), input(2), output(0)], params, shared: false }]),
  ]
  return { outputs: [{ dtype, shape }], temps: [], steps, cost: n + updates }
}

export function lowerScatterElements(context: LowerContext): Lowered {
  const { node } = context
  const [data, indices, updates] = [needed(context, 0), needed(context, 1), needed(context, 2)]
  const axis = axisOf(node, intOf(node, 'axis') ?? 0, data.shape.length)
  const { shape } = indices
  if (
    updates.dtype !== data.dtype ||
    updates.shape.join() !== shape.join() ||
    shape.length !== data.shape.length ||
    shape.some((side, d) => d !== axis && side > (data.shape[d] as number))
  )
    throw misshapen(node, `updates of [${updates.shape.join()}] at [${shape.join()}] in [${data.shape.join()}]`)
  const width = DTYPES[data.dtype]
  const params = [
    reductionOf(context, 16, data),
    dtypeNumber(data.dtype),
    indexWidth(context, indices),
    data.shape[axis] as number,
    (stridesOf(data.shape)[axis] as number) * width,
    shape.length,
    ...shape,
    ...stridesBut(data.shape, axis, width),
  ]
  return scattered(context, SCATTER_ELEMENTS, params, productOf(shape))
}

export function lowerScatterNd(context: LowerContext): Lowered {
  const { node } = context
  const [data, indices, updates] = [needed(context, 0), needed(context, 1), needed(context, 2)]
  const { length, sides, strides, block } = pointed(context, data, indices, 0)
  const tuples = indices.shape.slice(0, -1)
  if (updates.dtype !== data.dtype || updates.shape.join() !== [...tuples, ...block].join())
    throw misshapen(node, `updates of [${updates.shape.join()}] for blocks of [${block.join()}]`)
  const params = [
    reductionOf(context, 16, data),
    dtypeNumber(data.dtype),
    productOf(tuples),
    productOf(block),
    length,
    ...sides,
    ...strides,
  ]
  return scattered(context, SCATTER_ND, params, productOf(updates.shape))
}
