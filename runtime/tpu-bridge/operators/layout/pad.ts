/** Pad and CenterCropPad: a copy into the middle, or elements picked by tables where what is added repeats what is there. */
import { DTYPES, LIMITS } from '../../../core/index.ts'
import type { LowerContext, Lowered, Step } from '../lowering.ts'
import { floatBits, input, output } from '../operands.ts'
import { floatOf, intsOf, textOf } from '../../graph/index.ts'
import { axesOf, axisOf, countOf, intsAt, integers, invalid, misshapen, needed, tables, unsupported } from '../read.ts'
import { copyStep, fillStep, SHARED_FROM, stridesOf } from './strided.ts'

const PICK = 404

/** What lies along each axis in front of the input and behind it; below zero it is cut off. */
interface Border {
  readonly before: readonly number[]
  readonly after: readonly number[]
}

/** The part of the input that stays, at its place in the output. */
function middle(context: LowerContext, { before }: Border, sides: readonly number[]): readonly Step[] {
  const { dtype, shape } = needed(context, 0)
  const from = stridesOf(shape)
  const to = stridesOf(sides)
  const start = shape.map((_, d) => Math.max(0, -(before[d] as number)))
  const place = shape.map((_, d) => Math.max(0, before[d] as number))
  const stay = shape.map((side, d) => Math.max(0, Math.min(side - (start[d] as number), (sides[d] as number) - (place[d] as number))))
  const offset = (at: readonly number[], strides: readonly number[]): number => at.reduce((n, a, d) => n + a * (strides[d] as number), 0)
  return copyStep({
    width: DTYPES[dtype],
    source: input(0),
    destination: output(0),
    sides: stay,
    from,
    to,
    sourceOffset: offset(start, from),
    destinationOffset: offset(place, to),
  })
}

/** Which element stands at a place that lies `at` behind the first one of a side. */
function picked(context: LowerContext, mode: string, at: number, side: number): number {
  if (at >= 0 && at < side) return at
  if (side === 0) throw misshapen(context.node, 'a side of 0 cannot be continued')
  if (mode === 'edge') return at < 0 ? 0 : side - 1
  if (mode === 'wrap') return ((at % side) + side) % side
  const period = Math.max(1, 2 * (side - 1))
  const within = ((at % period) + period) % period
  return within < side ? within : period - within
}

export function lowerPad(context: LowerContext): Lowered {
  const { node, opset, inputs } = context
  const { dtype, shape } = needed(context, 0)
  const pads = opset < 2 ? intsOf(node, 'paddings') : intsAt(context, 'pads', 1, 11)
  if (pads === undefined) throw invalid(node, 'there are no pads')
  const axes = opset < 18 || inputs[3] === undefined ? shape.map((_, d) => d) : axesOf(node, integers(inputs[3]), shape.length)
  if (pads.length !== 2 * axes.length) throw invalid(node, `${pads.length} pads for ${axes.length} axes`)
  // beyond, sums of sides would not be whole numbers any more
  const far = pads.find((n) => Math.abs(n) > LIMITS.tensorElements)
  if (far !== undefined) throw misshapen(node, `a pad of ${far} is further than any tensor reaches`)
  const pad = (d: number, behind: boolean): number => {
    const i = axes.indexOf(d)
    return i < 0 ? 0 : (pads[behind ? axes.length + i : i] as number)
  }
  const border = { before: shape.map((_, d) => pad(d, false)), after: shape.map((_, d) => pad(d, true)) }
  const sides = shape.map((side, d) => side + (border.before[d] as number) + (border.after[d] as number))
  if (sides.some((side) => side < 0)) throw misshapen(node, 'more is cut off than is there')
  const count = countOf(node, sides)
  const outputs = [{ dtype, shape: sides }]
  const mode = textOf(node, 'mode') ?? 'constant'
  const width = DTYPES[dtype]
  if (border.before.every((n) => n === 0) && border.after.every((n) => n === 0))
    return { outputs, temps: [], steps: [], aliases: [[0, 0]], cost: 0 }
  if (mode === 'constant') {
    const value = opset < 11 ? undefined : inputs[2]
    const dense = stridesOf(sides)
    const filled =
      opset < 11
        ? fillStep(width, output(0), count, [floatBits(floatOf(node, 'value') ?? 0), 0])
        : value === undefined
          ? fillStep(width, output(0), count)
          : copyStep({ width, source: input(2), destination: output(0), sides, from: sides.map(() => 0), to: dense })
    if (opset < 11 && dtype !== 'f32') throw unsupported(node, `of ${dtype} before operator set 11`)
    return { outputs, temps: [], steps: [...filled, ...middle(context, border, sides)], cost: count }
  }
  if (mode !== 'edge' && mode !== 'reflect' && mode !== 'wrap') throw invalid(node, `mode ${mode}`)
  if (count === 0) return { outputs, temps: [], steps: [], cost: 0 }
  tables(
    node,
    [],
    sides.reduce((n, side) => n + side, 5 + sides.length),
  )
  const strides = stridesOf(shape)
  const picks = sides.flatMap((side, d) =>
    Array.from(
      { length: side },
      (_, i) => picked(context, mode, i - (border.before[d] as number), shape[d] as number) * (strides[d] as number) * width,
    ),
  )
  const params = [width, 0, 0, 0, sides.length, ...sides, ...picks]
  return {
    outputs,
    temps: [],
    steps: [{ kernel: PICK, operands: [input(0), output(0)], params, shared: count >= SHARED_FROM }],
    cost: count,
  }
}

export function lowerCenterCropPad(context: LowerContext): Lowered {
  const { node } = context
  const { dtype, shape } = needed(context, 0)
  const wanted = integers(needed(context, 1))
  const axes = (intsOf(node, 'axes') ?? shape.map((_, d) => d)).map((axis) => axisOf(node, axis, shape.length))
  if (axes.length !== wanted.length || wanted.some((side) => side < 0)) throw invalid(node, `[${wanted.join()}] for ${axes.length} axes`)
  const sides = shape.map((side, d) => wanted[axes.indexOf(d)] ?? side)
  const count = countOf(node, sides)
  // of an odd rest the smaller half lies in front
  const before = shape.map((side, d) => {
    const more = (sides[d] as number) - side
    return more >= 0 ? Math.floor(more / 2) : -Math.floor(-more / 2)
  })
  const border = { before, after: shape.map((side, d) => (sides[d] as number) - side - (before[d] as number)) }
  if (sides.every((side, d) => side === shape[d]))
    return { outputs: [{ dtype, shape: sides }], temps: [], steps: [], aliases: [[0, 0]], cost: 0 }
  return {
    outputs: [{ dtype, shape: sides }],
    temps: [],
    steps: [...fillStep(DTYPES[dtype], output(0), count), ...middle(context, border, sides)],
    cost: count,
  }
}
