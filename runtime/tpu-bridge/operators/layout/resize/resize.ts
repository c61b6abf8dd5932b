/** Resize and Upsample: what they are asked to do is worked out here, tables of neighbours and weights go to the kernels. */
import { DTYPES, type Dtype } from '../../../../core/index.ts'
import type { LowerContext, Lowered, Operand, Step } from '../../lowering.ts'
import { floatBits, input, output, temp } from '../../operands.ts'
import { flagOf, floatOf, floatsOf, intsOf, textOf } from '../../../graph/index.ts'
import { axisOf, countOf, floats, integers, invalid, misshapen, needed, tables, unsupported } from '../../read.ts'
import { productOf, SHARED_FROM, stridesOf } from '../strided.ts'
import {
  coordinateOf,
  cubicTable,
  filterTable,
  linearTable,
  nearestOf,
  nearestTable,
  roundAway,
  type Axis,
  type Coordinate,
  type Pair,
} from './coordinates.ts'

const NEAREST = 404
const LINEAR = 405
const CUBIC = 406
const FILTER = 407

const f = Math.fround

/** What a node asks for: every axis of the input, and the options. */
interface Plan {
  readonly axes: readonly Axis[]
  readonly coordinate: Coordinate
  /** `tf_crop_and_resize`: what lies outside has a value of its own. */
  readonly outside: boolean
  readonly value: number
}

/** Scales or sides as the inputs say, for every axis. */
function axesOf(context: LowerContext): readonly Axis[] {
  const { node, opset, inputs } = context
  const { shape } = needed(context, 0)
  const rank = shape.length
  const named = (opset >= 18 ? intsOf(node, 'axes') : undefined)?.map((axis) => axisOf(node, axis, rank)) ?? shape.map((_, d) => d)
  const upsample = node.op === 'Upsample'
  const attribute = upsample && opset < 9
  const scalesInput = inputs[upsample || opset < 11 ? 1 : 2]
  const sizesInput = upsample || opset < 11 ? undefined : inputs[3]
  const roi = roiOf(context, named)
  const given = attribute
    ? floatsOf(node, 'scales')
    : scalesInput === undefined || productOf(scalesInput.shape) === 0
      ? undefined
      : floats(scalesInput)
  if (given !== undefined) {
    if (given.length !== named.length) throw invalid(node, `${given.length} scales for ${named.length} axes`)
    return shape.map((from, d) => {
      const i = named.indexOf(d)
      const scale = i < 0 ? 1 : f(given[i] as number)
      if (!(scale > 0) || (upsample && scale < 1)) throw invalid(node, `a scale of ${scale}`)
      return { from, to: Math.trunc(f(scale * from)), scale, roi: roi[d] as [number, number] }
    })
  }
  if (sizesInput === undefined) throw invalid(node, 'there are neither scales nor sizes')
  const sizes = integers(sizesInput)
  if (sizes.length !== named.length || sizes.some((s) => s < 0)) throw invalid(node, `sizes of [${sizes.join()}] for ${named.length} axes`)
  const wanted = shape.map((from, d) => sizes[named.indexOf(d)] ?? from)
  wanted.forEach((to, d) => {
    if (shape[d] === 0 && to !== 0) throw misshapen(node, 'a side of 0 cannot grow')
  })
  const scales = shape.map((from, d) => (from === 0 ? 1 : f((wanted[d] as number) / from)))
  const policy = opset < 18 ? 'stretch' : (textOf(node, 'keep_aspect_ratio_policy') ?? 'stretch')
  if (policy === 'stretch')
    return shape.map((from, d) => ({ from, to: wanted[d] as number, scale: scales[d] as number, roi: roi[d] as [number, number] }))
  if (policy !== 'not_larger' && policy !== 'not_smaller') throw invalid(node, `keep_aspect_ratio_policy ${policy}`)
  const some = named.map((d) => scales[d] as number)
  const scale = policy === 'not_larger' ? Math.min(...some) : Math.max(...some)
  return shape.map((from, d) =>
    named.includes(d)
      ? { from, to: roundAway(f(scale * from)), scale, roi: roi[d] as [number, number] }
      : { from, to: from, scale: 1, roi: roi[d] as [number, number] },
  )
}

/** Start and end of the part that is wanted, of every axis. */
function roiOf(context: LowerContext, named: readonly number[]): readonly (readonly [number, number])[] {
  const { node, opset, inputs } = context
  const { shape } = needed(context, 0)
  const given = opset >= 11 && node.op === 'Resize' ? inputs[1] : undefined
  if (textOf(node, 'coordinate_transformation_mode') !== 'tf_crop_and_resize' || given === undefined || productOf(given.shape) === 0)
    return shape.map(() => [0, 1])
  const values = floats(given)
  if (values.length !== 2 * named.length) throw invalid(node, `a roi of ${values.length} values for ${named.length} axes`)
  return shape.map((_, d) => {
    const i = named.indexOf(d)
    return i < 0 ? [0, 1] : [f(values[i] as number), f(values[named.length + i] as number)]
  })
}

function resized(context: LowerContext): Lowered {
  const { node, opset } = context
  const { dtype, shape } = needed(context, 0)
  if (shape.length === 0) throw misshapen(node, 'takes no scalar')
  const coordinateMode = opset < 11 ? 'asymmetric' : (textOf(node, 'coordinate_transformation_mode') ?? 'half_pixel')
  const plan: Plan = {
    axes: axesOf(context),
    coordinate: coordinateOf(node, coordinateMode),
    outside: coordinateMode === 'tf_crop_and_resize',
    value: floatOf(node, 'extrapolation_value') ?? 0,
  }
  const sides = plan.axes.map(({ to }) => to)
  const count = countOf(node, sides)
  if (plan.axes.some((axis) => isDisputed(coordinateMode, axis)))
    throw unsupported(node, `${coordinateMode} with scales that give no whole sides`)
  const mode = textOf(node, 'mode') ?? 'nearest'
  const outputs = [{ dtype, shape: sides }]
  if (sides.every((side, d) => side === shape[d])) return { outputs, temps: [], steps: [], aliases: [[0, 0]], cost: 0 }
  if (count === 0) return { outputs, temps: [], steps: [], cost: 0 }
  const antialias = opset >= 18 && flagOf(node, 'antialias')
  if (mode === 'nearest') {
    if (antialias) throw invalid(node, 'nearest elements have no antialias')
    return { outputs, temps: [], steps: nearestSteps(context, plan, dtype), cost: count }
  }
  if (mode !== 'linear' && mode !== 'cubic') throw unsupported(node, `mode ${mode}`)
  if (flagOf(node, 'exclude_outside') && mode !== 'cubic' && !antialias) throw invalid(node, 'exclude_outside goes with cubic or antialias')
  if (antialias) return { ...filterSteps(context, plan, dtype, mode), outputs }
  const steps = mode === 'linear' ? linearSteps(context, plan, dtype) : cubicSteps(context, plan, dtype)
  return { outputs, temps: [], steps, cost: count * (mode === 'linear' ? 4 : 16) }
}

/** By these coordinates the reference of ONNX reckons with the side before it is cut to a whole one, and onnxruntime with the one after: no result is right by both. */
function isDisputed(mode: string, { from, to, scale }: Axis): boolean {
  const side = scale * from
  // a scale that was made of two sides is off by rounding only
  if (Math.abs(side - to) < 1e-5 * Math.max(1, to)) return false
  return mode === 'align_corners' || mode === 'tf_crop_and_resize' || (mode === 'pytorch_half_pixel' && to === 1)
}

/** The words of a value under a dtype. */
function wordsOf(dtype: Dtype, value: number): readonly [number, number] {
  if (dtype === 'f32') return [floatBits(value), 0]
  const view = new DataView(new ArrayBuffer(8))
  if (dtype === 'f64') view.setFloat64(0, value, true)
  else view.setBigInt64(0, BigInt(Math.trunc(value)), true)
  return [view.getInt32(0, true), view.getInt32(4, true)]
}

/** Places that axes are walked as one up to: their table is as long. */
const JOINED = 1024

function nearestSteps(context: LowerContext, { axes, coordinate, outside, value }: Plan, dtype: Dtype): readonly Step[] {
  const { node, opset } = context
  const nearest = nearestOf(node, opset < 11 ? 'simple' : (textOf(node, 'nearest_mode') ?? 'round_prefer_floor'))
  const width = DTYPES[dtype]
  tables(
    node,
    [],
    axes.reduce((n, { to }) => n + to + 1, 5),
  )
  const picks = axes.map((axis) => nearestTable(coordinate, nearest, axis, outside))
  // axes that keep all of their places in order are walked as one
  const kept = picks.map((table, d) => table.length === (axes[d] as Axis).from && table.every((at, x) => at === x))
  const sides: number[] = []
  const joinedTables: (readonly number[])[] = []
  const together: boolean[] = []
  let plain = false
  picks.forEach((table, d) => {
    if (plain && kept[d] === true && (sides.at(-1) as number) * table.length <= JOINED) {
      together[d] = true
      const before = joinedTables.pop() as readonly number[]
      sides.push((sides.pop() as number) * table.length)
      joinedTables.push(Array.from({ length: before.length * table.length }, (_, i) => i))
    } else {
      sides.push(table.length)
      joinedTables.push(table)
    }
    plain = kept[d] === true
  })
  const origins: number[] = []
  picks.forEach((_, d) => {
    const from = (axes[d] as Axis).from
    if (together[d] === true) origins.push((origins.pop() as number) * from)
    else origins.push(from)
  })
  const strides = stridesOf(origins)
  const last = joinedTables.at(-1) as readonly number[]
  const twice = last.length === 2 * (origins.at(-1) as number) && last.every((at, x) => at === x >> 1)
  const count = productOf(sides)
  const params = [
    width,
    ...wordsOf(dtype, value),
    twice ? 1 : 0,
    sides.length,
    ...sides,
    ...joinedTables.flatMap((table, d) => table.map((at) => (at < 0 ? -1 : at * (strides[d] as number) * width))),
  ]
  return [{ kernel: NEAREST, operands: [input(0), output(0)], params, shared: count >= SHARED_FROM }]
}

const KINDS: Readonly<Partial<Record<Dtype, number>>> = { f32: 0, u8: 1, s8: 2, s32: 3 }

function kindOf({ node }: LowerContext, dtype: Dtype): number {
  const kind = KINDS[dtype]
  if (kind === undefined) throw unsupported(node, `weighing of ${dtype}`)
  return kind
}

/** The axes that are weighed: [planes, layers?, rows, columns, channels within a pixel]. */
interface Frame {
  readonly planes: number
  readonly layers: Axis | undefined
  readonly rows: Axis
  readonly columns: Axis
  readonly channels: number
}

function frameOf({ node }: LowerContext, axes: readonly Axis[]): Frame {
  const still = (...which: readonly number[]): boolean => which.every((d) => (axes[d] as Axis).scale === 1)
  const at = (d: number): Axis => axes[d] as Axis
  const rank = axes.length
  if (rank === 2) return { planes: 1, layers: undefined, rows: at(0), columns: at(1), channels: 1 }
  if (rank === 3) return { planes: 1, layers: at(0), rows: at(1), columns: at(2), channels: 1 }
  if (rank === 4 && still(0, 1)) return { planes: at(0).from * at(1).from, layers: undefined, rows: at(2), columns: at(3), channels: 1 }
  if (rank === 4 && still(0, 3)) return { planes: at(0).from, layers: undefined, rows: at(1), columns: at(2), channels: at(3).from }
  if (rank === 5 && still(0, 1)) return { planes: at(0).from * at(1).from, layers: at(2), rows: at(3), columns: at(4), channels: 1 }
  throw unsupported(node, 'weighing along these axes')
}

function linearSteps(context: LowerContext, { axes, coordinate, outside, value }: Plan, dtype: Dtype): readonly Step[] {
  const kind = kindOf(context, dtype)
  const { planes, layers, rows, columns, channels } = frameOf(context, axes)
  // integers whose channels lie within a pixel are weighed in fixed point there
  if (channels > 1 && kind !== 0) throw unsupported(context.node, 'integers with their channels last')
  tables(context.node, [], 8 + 4 * ((layers?.to ?? 0) + rows.to + columns.to))
  const table = (axis: Axis, stride: number): readonly number[] =>
    linearTable(coordinate, axis, outside).flatMap(({ outside: away, at, weights }: Pair) => [
      away ? -1 : at[0] * stride,
      at[1] * stride,
      floatBits(weights[0]),
      floatBits(weights[1]),
    ])
  const row = columns.from * channels
  const plane = (layers?.from ?? 1) * rows.from * row
  const params = [
    kind,
    floatBits(value),
    planes,
    plane,
    channels,
    layers?.to ?? 0,
    rows.to,
    columns.to,
    ...(layers === undefined ? [] : table(layers, rows.from * row)),
    ...table(rows, row),
    ...table(columns, channels),
  ]
  const count = planes * (layers?.to ?? 1) * rows.to * columns.to * channels
  return [{ kernel: LINEAR, operands: [input(0), output(0)], params, shared: count * 4 >= SHARED_FROM }]
}

function cubicSteps(context: LowerContext, { axes, coordinate, outside, value }: Plan, dtype: Dtype): readonly Step[] {
  const { node } = context
  const { planes, layers, rows, columns, channels } = frameOf(context, axes)
  if (dtype !== 'f32' || layers !== undefined || channels > 1) throw unsupported(node, 'cubic weighing of this form')
  tables(node, [], 5 + 9 * rows.to + 8 * columns.to)
  const table = (axis: Axis) =>
    cubicTable(coordinate, axis, floatOf(node, 'cubic_coeff_a') ?? -0.75, flagOf(node, 'exclude_outside'), outside)
  const offsets = (at: readonly number[], stride: number, away: boolean): number[] => at.map((i, k) => (away && k === 0 ? -1 : i * stride))
  const params = [
    floatBits(value),
    planes,
    rows.from * columns.from,
    rows.to,
    columns.to,
    ...table(rows).flatMap((four) => [
      ...offsets(four.at, columns.from, four.outside),
      ...four.weights.map(floatBits),
      floatBits(four.sum),
    ]),
    ...table(columns).flatMap((four) => [...offsets(four.at, 1, four.outside), ...four.weights.map((w) => floatBits(f(w / four.sum)))]),
  ]
  const count = planes * rows.to * columns.to
  return [{ kernel: CUBIC, operands: [input(0), output(0)], params, shared: count * 16 >= SHARED_FROM }]
}

/** One axis after the other: columns, rows, layers. An axis that keeps its length is left as it is. */
function filterSteps(context: LowerContext, plan: Plan, dtype: Dtype, mode: 'linear' | 'cubic'): Omit<Lowered, 'outputs'> {
  const { node } = context
  const { axes, coordinate } = plan
  const kind = kindOf(context, dtype)
  const frame = frameOf(context, axes)
  if (plan.outside) throw unsupported(node, 'antialias with values outside')
  if (frame.layers !== undefined && mode === 'cubic') throw unsupported(node, 'cubic weighing of this form')
  const a = mode === 'cubic' ? (floatOf(node, 'cubic_coeff_a') ?? -0.75) : undefined
  const moving = [frame.columns, frame.rows, ...(frame.layers === undefined ? [] : [frame.layers])].filter(({ from, to }) => from !== to)
  const shape = axes.map(({ from }) => from)
  const temps: number[] = []
  const steps: Step[] = []
  let cost = 0
  let source: Operand = input(0)
  moving.forEach((axis, i) => {
    const d = axes.indexOf(axis)
    tables(node, [], axis.to * (2 * Math.ceil(2 * Math.max(1, 1 / axis.scale)) + 3))
    const windows = filterTable(coordinate, axis, a, flagOf(node, 'exclude_outside'))
    const size = Math.max(...windows.map(({ weights }) => weights.length))
    const outer = productOf(shape.slice(0, d))
    const inner = productOf(shape.slice(d + 1))
    const bits = (w: number): number => (kind === 1 || kind === 2 ? roundAway(f(w * 2 ** 22)) : floatBits(w))
    shape[d] = axis.to
    const count = productOf(shape)
    if (i < moving.length - 1) temps.push(count * DTYPES[dtype])
    const destination = i < moving.length - 1 ? temp(i) : output(0)
    const params = [
      kind,
      outer,
      axis.from,
      axis.to,
      inner,
      size,
      ...windows.flatMap(({ from, to }) => [from, to]),
      ...windows.flatMap(({ weights }) => Array.from({ length: size }, (_, x) => bits(weights[x] ?? 0))),
    ]
    steps.push({ kernel: FILTER, operands: [source, destination], params, shared: count * size >= SHARED_FROM })
    cost += count * size
    source = destination
  })
  return { temps, steps, cost }
}

/** Upsample is Resize as it was before operator set 10. */
export function lowerUpsample(context: LowerContext): Lowered {
  if (context.opset < 7 || context.opset > 9) throw invalid(context.node, `operator set ${context.opset} has none`)
  return resized(context)
}

/** `Resize` from operator set 10 on; `model_invalid` below. */
export function lowerResize(context: LowerContext): Lowered {
  if (context.opset < 10) throw invalid(context.node, `operator set ${context.opset} has none`)
  return resized(context)
}
