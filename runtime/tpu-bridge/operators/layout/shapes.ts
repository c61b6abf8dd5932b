/** Operators that move no bytes: another shape over the same data, and what shapes say. */
import { DTYPES } from '../../../core/index.ts'
import type { LowerContext, Lowered } from '../lowering.ts'
import { output } from '../operands.ts'
import { dtypeAttribute } from './cast.ts'
import { flagOf, intOf, intsOf } from '../../graph/index.ts'
import { axesOf, axisOf, countOf, integers, intsAt, invalid, misshapen, needed, unsupported } from '../read.ts'
import { fillStep, productOf } from './strided.ts'

function reshaped(context: LowerContext, shape: readonly number[]): Lowered {
  const { dtype } = needed(context, 0)
  countOf(context.node, shape)
  return { outputs: [{ dtype, shape }], temps: [], steps: [], aliases: [[0, 0]], cost: 0 }
}

export const lowerIdentity = (context: LowerContext): Lowered => reshaped(context, needed(context, 0).shape)

/** Reshape: 0 takes the input's side unless `allowzero`, one -1 takes what is left. */
export function lowerReshape(context: LowerContext): Lowered {
  const { node, opset } = context
  const { shape } = needed(context, 0)
  const wanted = opset < 5 ? intsOf(node, 'shape') : integers(needed(context, 1))
  if (wanted === undefined) throw invalid(node, 'there is no shape')
  const allowZero = flagOf(node, 'allowzero')
  const sides = wanted.map((side, d) => {
    if (side !== 0 || allowZero) return side
    if (d >= shape.length) throw invalid(node, `side ${d} is to be taken from an input of rank ${shape.length}`)
    return shape[d] as number
  })
  const open = sides.filter((side) => side === -1).length
  if (open > 1 || sides.some((side) => side < -1)) throw invalid(node, `[${wanted.join()}] is no shape`)
  const count = productOf(shape)
  const known = productOf(sides.filter((side) => side !== -1))
  if (open === 1 && known === 0) throw invalid(node, 'a side of 0 leaves -1 open')
  const full = sides.map((side) => (side === -1 ? count / known : side))
  if (productOf(full) !== count || !full.every(Number.isInteger))
    throw misshapen(node, `[${shape.join()}] cannot become [${wanted.join()}]`)
  return reshaped(context, full)
}

export function lowerFlatten(context: LowerContext): Lowered {
  const { node } = context
  const { shape } = needed(context, 0)
  const given = intOf(node, 'axis') ?? 1
  // an axis behind the last one leaves a second side of 1
  const axis = given === shape.length ? given : shape.length === 0 ? Number.NaN : axisOf(node, given, shape.length)
  if (Number.isNaN(axis)) throw invalid(node, `axis ${given} of a scalar`)
  return reshaped(context, [productOf(shape.slice(0, axis)), productOf(shape.slice(axis))])
}

export function lowerSqueeze(context: LowerContext): Lowered {
  const { node } = context
  const { shape } = needed(context, 0)
  const given = intsAt(context, 'axes', 1, 13)
  if (given === undefined)
    return reshaped(
      context,
      shape.filter((side) => side !== 1),
    )
  const axes = [...new Set(given.map((axis) => axisOf(node, axis, shape.length)))]
  const wrong = axes.find((axis) => shape[axis] !== 1)
  if (wrong !== undefined) throw misshapen(node, `side ${wrong} is ${shape[wrong]}, not 1`)
  return reshaped(
    context,
    shape.filter((_, d) => !axes.includes(d)),
  )
}

export function lowerUnsqueeze(context: LowerContext): Lowered {
  const { node } = context
  const { shape } = needed(context, 0)
  const given = intsAt(context, 'axes', 1, 13)
  if (given === undefined) throw invalid(node, 'there are no axes')
  const rank = shape.length + given.length
  const axes = axesOf(node, given, rank)
  const rest = [...shape]
  return reshaped(
    context,
    Array.from({ length: rank }, (_, d) => (axes.includes(d) ? 1 : (rest.shift() as number))),
  )
}

const wordsOf = (values: readonly number[]): Uint8Array => new Uint8Array(BigInt64Array.from(values.map(BigInt)).buffer)

/** Shape, from `start` to before `end` (since 15). */
export function lowerShape(context: LowerContext): Lowered {
  const { node, opset } = context
  const { shape } = needed(context, 0)
  const clamp = (at: number): number => Math.min(Math.max(at < 0 ? at + shape.length : at, 0), shape.length)
  const from = opset < 15 ? 0 : clamp(intOf(node, 'start') ?? 0)
  const to = opset < 15 ? shape.length : clamp(intOf(node, 'end') ?? shape.length)
  const sides = shape.slice(from, Math.max(from, to))
  return { outputs: [{ dtype: 's64', shape: [sides.length] }], temps: [], steps: [], known: new Map([[0, wordsOf(sides)]]), cost: 0 }
}

export function lowerSize(context: LowerContext): Lowered {
  const count = productOf(needed(context, 0).shape)
  return { outputs: [{ dtype: 's64', shape: [] }], temps: [], steps: [], known: new Map([[0, wordsOf([count])]]), cost: 0 }
}

/** Dropout of inference: the input as it is, and a mask that lets everything through. */
export function lowerDropout(context: LowerContext): Lowered {
  const { node, opset, inputs, wanted } = context
  const { dtype, shape } = needed(context, 0)
  if (opset < 7 && !flagOf(node, 'is_test')) throw unsupported(node, 'training is random')
  const training = inputs[2]
  if (training !== undefined && integers(training)[0] !== 0) throw unsupported(node, 'training is random')
  const value = { dtype, shape }
  if (wanted[1] !== true) return { outputs: [value], temps: [], steps: [], aliases: [[0, 0]], cost: 0 }
  // until 10 the mask has the type of the data
  if (opset < 10) throw unsupported(node, 'a mask that is no boolean')
  const count = countOf(node, shape)
  return {
    outputs: [value, { dtype: 'boolean', shape }],
    temps: [],
    steps: fillStep(1, output(1), count, [1, 0]),
    aliases: [[0, 0]],
    cost: count,
  }
}

/** The same bits under a dtype of the same width. */
export function lowerBitCast(context: LowerContext): Lowered {
  const { dtype, shape } = needed(context, 0)
  const to = dtypeAttribute(context, 'to')
  if (DTYPES[to] !== DTYPES[dtype]) throw invalid(context.node, `${dtype} and ${to} are not equally wide`)
  return { outputs: [{ dtype: to, shape }], temps: [], steps: [], aliases: [[0, 0]], cost: 0 }
}
