/** Comparisons, booleans, bits, and the choice between two: element by element under broadcasting. */
import { DTYPES } from '../../../core/index.ts'
import type { Dtype } from '../../../core/index.ts'
import type { LowerContext, Lowered, LowerInput, Lowering } from '../lowering.ts'
import { input, output } from '../operands.ts'
import { broadcastShape } from '../broadcast-shape.ts'
import { dtypeNumber } from './cast.ts'
import { flagOf, intOf, textOf } from '../../graph/index.ts'
import { countOf, invalid, needed } from '../read.ts'
import { broadcastStrides, joined, SHARED_FROM } from './strided.ts'

const COMPARE = 408
const BITS = 409
const NOT = 410
const WHERE = 411

/** Sides of the output and the strides of the inputs in bytes, as few as can be but one. */
function walk(shape: readonly number[], inputs: readonly LowerInput[]): readonly number[] {
  const strides = inputs.map((t) => broadcastStrides(t.shape, shape))
  const box = joined({ sides: shape, strides })
  const rank = Math.max(1, box.sides.length)
  const bytes = box.strides.flatMap((s, i) => (s.length === 0 ? [0] : s.map((n) => n * DTYPES[(inputs[i] as LowerInput).dtype])))
  return [rank, ...(box.sides.length === 0 ? [1] : box.sides), ...bytes]
}

function two(context: LowerContext): readonly [LowerInput, LowerInput] {
  const [a, b] = [needed(context, 0), needed(context, 1)]
  if (a.dtype !== b.dtype) throw invalid(context.node, `takes two inputs of one type, not ${a.dtype} and ${b.dtype}`)
  return [a, b]
}

/** Before operator set 7 the second input is laid along an axis of the first. */
function aligned({ node, opset }: LowerContext, a: LowerInput, b: LowerInput): readonly number[] {
  if (opset >= 7) return b.shape
  if (!flagOf(node, 'broadcast')) return b.shape
  const axis = intOf(node, 'axis') ?? a.shape.length - b.shape.length
  return [...b.shape, ...Array.from({ length: Math.max(0, a.shape.length - axis - b.shape.length) }, () => 1)]
}

function elementwise(context: LowerContext, kernel: number, operation: number, dtype: Dtype, second: number): Lowered {
  const [a, given] = two(context)
  const b = { ...given, shape: aligned(context, a, given) }
  const shape = broadcastShape(context.node, [a.shape, b.shape])
  const n = countOf(context.node, shape)
  const params = [operation, second, ...walk(shape, [a, b])]
  const steps = n === 0 ? [] : [{ kernel, operands: [input(0), input(1), output(0)], params, shared: n >= SHARED_FROM }]
  return { outputs: [{ dtype, shape }], temps: [], steps, cost: n }
}

const comparison =
  (operation: number): Lowering =>
  (context) => {
    const { dtype } = needed(context, 0)
    if (dtype === 'boolean' && operation !== 0) throw invalid(context.node, 'booleans have no order')
    return elementwise(context, COMPARE, operation, 'boolean', dtypeNumber(dtype))
  }

export const lowerEqual = comparison(0)
export const lowerLess = comparison(1)
export const lowerGreater = comparison(2)
export const lowerLessOrEqual = comparison(3)
export const lowerGreaterOrEqual = comparison(4)

const logic =
  (operation: number): Lowering =>
  (context) => {
    if (needed(context, 0).dtype !== 'boolean') throw invalid(context.node, 'takes booleans')
    return elementwise(context, BITS, operation, 'boolean', 1)
  }

export const lowerAnd = logic(5)
export const lowerOr = logic(6)
export const lowerXor = logic(7)

const isInteger = (dtype: Dtype): boolean => dtype !== 'f32' && dtype !== 'f64' && dtype !== 'boolean'

const bitwise =
  (operation: number): Lowering =>
  (context) => {
    const { dtype } = needed(context, 0)
    if (!isInteger(dtype)) throw invalid(context.node, `${dtype} has no bits`)
    return elementwise(context, BITS, operation, dtype, DTYPES[dtype])
  }

export const lowerBitwiseAnd = bitwise(0)
export const lowerBitwiseOr = bitwise(1)
export const lowerBitwiseXor = bitwise(2)

export function lowerBitShift(context: LowerContext): Lowered {
  const { node } = context
  const { dtype } = needed(context, 0)
  if (!dtype.startsWith('u')) throw invalid(node, `${dtype} cannot be shifted`)
  const direction = textOf(node, 'direction')
  if (direction !== 'LEFT' && direction !== 'RIGHT') throw invalid(node, 'there is no direction')
  return elementwise(context, BITS, direction === 'LEFT' ? 3 : 4, dtype, DTYPES[dtype])
}

function inverted(context: LowerContext, operation: 0 | 1): Lowered {
  const { dtype, shape } = needed(context, 0)
  if (operation === 0 ? dtype !== 'boolean' : !isInteger(dtype)) throw invalid(context.node, `takes no ${dtype}`)
  const n = countOf(context.node, shape)
  const bytes = n * DTYPES[dtype]
  return {
    outputs: [{ dtype, shape }],
    temps: [],
    steps: [{ kernel: NOT, operands: [input(0), output(0)], params: [operation, bytes], shared: bytes >= SHARED_FROM }],
    inPlace: [[0, 0]],
    cost: n,
  }
}

export const lowerNot = (context: LowerContext): Lowered => inverted(context, 0)
export const lowerBitwiseNot = (context: LowerContext): Lowered => inverted(context, 1)

/** Whether what is picked of y is one value along the innermost side: which of the two is then looked at first is onnxruntime's. */
function isBareY(x: readonly number[], y: readonly number[]): boolean {
  const deepest = Math.max(1, Math.min(x.length, y.length))
  for (let d = 1; d <= deepest; d++) {
    const [a, b] = [x.at(-d) ?? 1, y.at(-d) ?? 1]
    if (a > 1 || b > 1) return b === 1
  }
  return false
}

export function lowerWhere(context: LowerContext): Lowered {
  const { node } = context
  const [condition, x, y] = [needed(context, 0), needed(context, 1), needed(context, 2)]
  if (condition.dtype !== 'boolean' || x.dtype !== y.dtype) throw invalid(node, 'takes a boolean and two of one type')
  const shape = broadcastShape(context.node, [condition.shape, x.shape, y.shape])
  const n = countOf(node, shape)
  const bareY = isBareY(broadcastShape(context.node, [condition.shape, x.shape]), broadcastShape(context.node, [condition.shape, y.shape]))
  const kind = x.dtype === 'f32' ? (bareY ? 16 : 0) : x.dtype === 'f64' ? (bareY ? 19 : 3) : DTYPES[x.dtype]
  const params = [kind, ...walk(shape, [condition, x, y])]
  const operands = [input(0), input(1), input(2), output(0)]
  const steps = n === 0 ? [] : [{ kernel: WHERE, operands, params, shared: n >= SHARED_FROM }]
  return { outputs: [{ dtype: x.dtype, shape }], temps: [], steps, cost: n }
}
