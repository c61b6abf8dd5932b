/** Operators that move elements by strides: one copy, or one for each piece. */
import { DTYPES } from '../../../core/index.ts'
import type { LowerContext, Lowered, LowerInput } from '../lowering.ts'
import { input, output } from '../operands.ts'
import { broadcastShape } from '../broadcast-shape.ts'
import { intOf, intsOf, textOf } from '../../graph/index.ts'
import { axisOf, countOf, integers, intsAt, invalid, misshapen, needed } from '../read.ts'
import { broadcastStrides, copyStep, stridesOf } from './strided.ts'

/** The whole output in one copy: sides of the walk and the source's strides; the destination is dense. */
function oneCopy(
  context: LowerContext,
  shape: readonly number[],
  walk: { readonly sides: readonly number[]; readonly from: readonly number[]; readonly sourceOffset?: number },
): Lowered {
  const { dtype } = needed(context, 0)
  const count = countOf(context.node, shape)
  const step = copyStep({ width: DTYPES[dtype], source: input(0), destination: output(0), to: stridesOf(walk.sides), ...walk })
  return { outputs: [{ dtype, shape }], temps: [], steps: step, cost: count }
}

/** The input's bytes are the output's: a walk that is dense on both sides. */
function alias(context: LowerContext, shape: readonly number[]): Lowered {
  return { outputs: [{ dtype: needed(context, 0).dtype, shape }], temps: [], steps: [], aliases: [[0, 0]], cost: 0 }
}

export function lowerTranspose(context: LowerContext): Lowered {
  const { node } = context
  const { shape } = needed(context, 0)
  const order = intsOf(node, 'perm') ?? shape.map((_, d) => shape.length - 1 - d)
  const axes = order.map((axis) => axisOf(node, axis, shape.length))
  if (axes.length !== shape.length || new Set(axes).size !== axes.length) throw invalid(node, `[${order.join()}] is no order of the axes`)
  const sides = axes.map((axis) => shape[axis] as number)
  // only sides of 1 change their places
  const long = axes.filter((axis) => shape[axis] !== 1)
  if (long.every((axis, i) => i === 0 || (long[i - 1] as number) < axis)) return alias(context, sides)
  const own = stridesOf(shape)
  return oneCopy(context, sides, { sides, from: axes.map((axis) => own[axis] as number) })
}

interface Cut {
  readonly start: number
  readonly step: number
  readonly side: number
}

/** One axis of Slice: where a step goes backwards, the start stays within the elements, and the end may lie in front of them. */
function cut(side: number, start: number, end: number, step: number): Cut {
  const clamp = (at: number, low: number, high: number): number => Math.min(Math.max(at < 0 ? at + side : at, low), high)
  const from = step > 0 ? clamp(start, 0, side) : clamp(start, 0, side - 1)
  const to = step > 0 ? clamp(end, 0, side) : clamp(end, -1, side - 1)
  return { start: from, step, side: Math.max(0, Math.ceil((to - from) / step)) }
}

export function lowerSlice(context: LowerContext): Lowered {
  const { node, opset, inputs } = context
  const { shape } = needed(context, 0)
  const starts = opset < 10 ? intsOf(node, 'starts') : integers(needed(context, 1))
  const ends = opset < 10 ? intsOf(node, 'ends') : integers(needed(context, 2))
  if (starts === undefined || ends === undefined || starts.length !== ends.length) throw invalid(node, 'starts and ends do not go together')
  const axes = (intsAt(context, 'axes', 3, 10) ?? starts.map((_, i) => i)).map((axis) => axisOf(node, axis, shape.length))
  const steps = opset < 10 || inputs[4] === undefined ? starts.map(() => 1) : integers(inputs[4])
  if (axes.length !== starts.length || steps.length !== starts.length) throw invalid(node, 'axes or steps are not as many as starts')
  if (new Set(axes).size !== axes.length) throw invalid(node, 'an axis is named twice')
  if (steps.includes(0)) throw invalid(node, 'a step is 0')
  const cuts = shape.map((side, d): Cut => {
    const i = axes.indexOf(d)
    return i < 0 ? { start: 0, step: 1, side } : cut(side, starts[i] as number, ends[i] as number, steps[i] as number)
  })
  const sides = cuts.map(({ side }) => side)
  const own = stridesOf(shape)
  if (sides.every((side, d) => side === shape[d]) && cuts.every(({ step }, d) => step > 0 || shape[d] === 1)) return alias(context, sides)
  return oneCopy(context, sides, {
    sides,
    // a step may be as long as "to the end": one that is never taken has no length
    from: cuts.map(({ step, side }, d) => (side <= 1 ? 0 : step * (own[d] as number))),
    sourceOffset: cuts.reduce((at, { start }, d) => at + start * (own[d] as number), 0),
  })
}

export function lowerConcat(context: LowerContext): Lowered {
  const { node, opset } = context
  const given = context.inputs.map((_, i) => needed(context, i))
  const first = needed(context, 0)
  const { dtype, shape } = first
  const axis = axisOf(node, intOf(node, 'axis') ?? (opset < 4 ? 1 : Number.NaN), shape.length)
  for (const t of given)
    if (t.dtype !== dtype || t.shape.length !== shape.length || t.shape.some((side, d) => d !== axis && side !== shape[d]))
      throw misshapen(node, `${t.dtype} [${t.shape.join()}] does not go together with ${dtype} [${shape.join()}] along axis ${axis}`)
  const sides = shape.map((side, d) => (d === axis ? given.reduce((n, t) => n + (t.shape[axis] as number), 0) : side))
  const count = countOf(node, sides)
  if (given.length === 1) return alias(context, sides)
  const to = stridesOf(sides)
  let at = 0
  const steps = given.flatMap((t, i) => {
    const destinationOffset = at * (to[axis] as number)
    at += t.shape[axis] as number
    const from = stridesOf(t.shape)
    return copyStep({ width: DTYPES[dtype], source: input(i), destination: output(0), sides: t.shape, from, to, destinationOffset })
  })
  return { outputs: [{ dtype, shape: sides }], temps: [], steps, cost: count }
}

/** Lengths of the pieces of Split: named, or equal ones by the number of outputs, of which the last may be shorter (since 18). */
function pieces(context: LowerContext, { shape }: LowerInput, axis: number): readonly number[] {
  const { node, opset, wanted } = context
  const side = shape[axis] as number
  const named = intsAt(context, 'split', 1, 13)
  if (named !== undefined && named.length > 0) {
    if (named.length !== wanted.length || named.some((n) => n < 0) || named.reduce((a, b) => a + b, 0) !== side)
      throw misshapen(node, `pieces of [${named.join()}] do not make up a side of ${side}`)
    return named
  }
  const count = opset < 18 ? wanted.length : (intOf(node, 'num_outputs') ?? wanted.length)
  if (count !== wanted.length) throw invalid(node, `there are ${wanted.length} outputs, not ${count}`)
  if (opset < 18 && side % count !== 0) throw misshapen(node, `a side of ${side} has no ${count} equal pieces`)
  const length = Math.ceil(side / count)
  return wanted.map((_, i) => Math.max(0, Math.min(length, side - i * length)))
}

export function lowerSplit(context: LowerContext): Lowered {
  const { node } = context
  const given = needed(context, 0)
  const { dtype, shape } = given
  const axis = axisOf(node, intOf(node, 'axis') ?? 0, shape.length)
  const from = stridesOf(shape)
  let at = 0
  const lengths = pieces(context, given, axis)
  const shapes = lengths.map((length) => shape.map((side, d) => (d === axis ? length : side)))
  const steps = shapes.flatMap((sides, i) => {
    const sourceOffset = at * (from[axis] as number)
    at += lengths[i] as number
    return copyStep({ width: DTYPES[dtype], source: input(0), destination: output(i), sides, from, to: stridesOf(sides), sourceOffset })
  })
  return { outputs: shapes.map((sides) => ({ dtype, shape: sides })), temps: [], steps, cost: countOf(node, shape) }
}

export function lowerExpand(context: LowerContext): Lowered {
  const { node } = context
  const { shape } = needed(context, 0)
  const wanted = integers(needed(context, 1))
  if (wanted.some((side) => side < 0)) throw invalid(node, `[${wanted.join()}] is no shape`)
  const sides = broadcastShape(context.node, [shape, wanted])
  return oneCopy(context, sides, { sides, from: broadcastStrides(shape, sides) })
}

export function lowerTile(context: LowerContext): Lowered {
  const { node, opset } = context
  const { shape } = needed(context, 0)
  let repeats: readonly number[]
  if (opset < 6) {
    // tiles and axis: one axis at a time
    const [tiles] = integers(needed(context, 1))
    const axis = axisOf(node, integers(needed(context, 2))[0] as number, shape.length)
    repeats = shape.map((_, d) => (d === axis ? (tiles as number) : 1))
  } else repeats = integers(needed(context, 1))
  if (repeats.length !== shape.length || repeats.some((n) => n < 0))
    throw invalid(node, `[${repeats.join()}] repeats nothing of rank ${shape.length}`)
  const own = stridesOf(shape)
  return oneCopy(
    context,
    shape.map((side, d) => side * (repeats[d] as number)),
    {
      sides: shape.flatMap((side, d) => [repeats[d] as number, side]),
      from: shape.flatMap((_, d) => [0, own[d] as number]),
    },
  )
}

function blocks(context: LowerContext): readonly [shape: readonly [number, number, number, number], block: number] {
  const { node } = context
  const { shape } = needed(context, 0)
  const block = intOf(node, 'blocksize')
  if (shape.length !== 4) throw misshapen(node, `takes four sides, not [${shape.join()}]`)
  if (block === undefined || block <= 0) throw invalid(node, 'there is no block size')
  return [shape as readonly number[] as readonly [number, number, number, number], block]
}

export function lowerDepthToSpace(context: LowerContext): Lowered {
  const { node } = context
  const [[n, c, h, w], b] = blocks(context)
  if (c % (b * b) !== 0) throw misshapen(node, `${c} channels have no blocks of ${b} by ${b}`)
  const depth = c / (b * b)
  const columnFirst = textOf(node, 'mode') === 'CRD'
  const plane = h * w
  // where a step to the next channel of the output, to the next row and to the next column within a block lead in the input
  const [channel, row, column] = columnFirst ? [b * b * plane, b * plane, plane] : [plane, b * depth * plane, depth * plane]
  return oneCopy(context, [n, depth, h * b, w * b], {
    sides: [n, depth, h, b, w, b],
    from: [c * plane, channel, w, row, 1, column],
  })
}

export function lowerSpaceToDepth(context: LowerContext): Lowered {
  const { node } = context
  const [[n, c, h, w], b] = blocks(context)
  if (h % b !== 0 || w % b !== 0) throw misshapen(node, `[${h},${w}] has no blocks of ${b} by ${b}`)
  return oneCopy(context, [n, c * b * b, h / b, w / b], {
    sides: [n, b, b, c, h / b, w / b],
    from: [c * h * w, w, 1, h * w, b * w, b],
  })
}
