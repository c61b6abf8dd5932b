/**
 * Operators whose results are as long as their values say: what to choose must be known before there is a shape, so all of it is worked out here, in f32 operation by
 * operation, and no kernel runs.
 */
import { DTYPES, LIMITS } from '../../../core/index.ts'
import type { LowerContext, Lowered, LowerInput, ValueType } from '../lowering.ts'
import { flagOf, intOf } from '../../graph/index.ts'
import { axisOf, floats, integers, invalid, misshapen, needed, unsupported } from '../read.ts'
import { productOf } from './strided.ts'

const f = Math.fround
const words = (values: readonly number[]): Uint8Array => new Uint8Array(BigInt64Array.from(values, BigInt).buffer)

function known(outputs: readonly ValueType[], data: readonly Uint8Array[], cost: number): Lowered {
  return { outputs, temps: [], steps: [], known: new Map(data.entries()), cost }
}

interface Corners {
  readonly left: number
  readonly right: number
  readonly top: number
  readonly bottom: number
}

function corners(box: readonly number[], centered: boolean): Corners {
  const [a, b, c, d] = box as readonly [number, number, number, number]
  if (!centered) return { left: Math.min(b, d), right: Math.max(b, d), top: Math.min(a, c), bottom: Math.max(a, c) }
  const [w, h] = [f(c / 2), f(d / 2)]
  return { left: f(a - w), right: f(a + w), top: f(b - h), bottom: f(b + h) }
}

/** Whether two boxes share more than a part of what they cover together. */
function overlap(a: Corners, b: Corners, threshold: number): boolean {
  const width = f(Math.min(a.right, b.right) - Math.max(a.left, b.left))
  const height = f(Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top))
  if (!(width > 0) || !(height > 0)) return false
  const shared = f(width * height)
  const area = (box: Corners): number => f(f(box.right - box.left) * f(box.bottom - box.top))
  const both = f(f(area(a) + area(b)) - shared)
  if (!(shared > 0) || !(area(a) > 0) || !(area(b) > 0) || !(both > 0)) return false
  return f(shared / both) > threshold
}

/** Of equal scores the earlier box goes first. */
export function lowerNonMaxSuppression(context: LowerContext): Lowered {
  const { node, inputs } = context
  const [boxes, scores] = [needed(context, 0), needed(context, 1)]
  const [batches, count, four] = boxes.shape
  const [scored, classes, of] = scores.shape
  if (boxes.shape.length !== 3 || scores.shape.length !== 3 || four !== 4 || batches !== scored || count !== of || classes === undefined)
    throw misshapen(node, `boxes of [${boxes.shape.join()}] with scores of [${scores.shape.join()}]`)
  if (batches === undefined || count === undefined) throw invalid(node, 'there are no boxes')
  const most = inputs[2] === undefined ? 0 : (integers(inputs[2])[0] ?? 0)
  const threshold = inputs[3] === undefined ? 0 : (floats(inputs[3])[0] ?? 0)
  const least = inputs[4] === undefined ? -Infinity : (floats(inputs[4])[0] ?? -Infinity)
  if (!(threshold >= 0 && threshold <= 1)) throw invalid(node, `a threshold of ${threshold}`)
  const comparisons = productOf(scores.shape) * Math.max(1, Math.min(most, count))
  if (comparisons > 16 * LIMITS.tensorElements) throw unsupported(node, `up to ${comparisons} comparisons of boxes`)
  const places = floats(boxes)
  const values = floats(scores)
  const centered = flagOf(node, 'center_point_box')
  const chosen: number[] = []
  for (let batch = 0; most > 0 && batch < batches; batch++) {
    const shapes = Array.from({ length: count }, (_, i) =>
      corners(places.slice((batch * count + i) * 4, (batch * count + i + 1) * 4), centered),
    )
    for (let c = 0; c < classes; c++) {
      const score = (i: number): number => values[(batch * classes + c) * count + i] as number
      const order = [...shapes.keys()]
        .filter((i) => inputs[4] === undefined || score(i) > least)
        .sort((a, b) => score(b) - score(a) || a - b)
      const kept: number[] = []
      for (const i of order) {
        if (kept.length >= most) break
        if (kept.every((k) => !overlap(shapes[k] as Corners, shapes[i] as Corners, threshold))) kept.push(i)
      }
      for (const i of kept) chosen.push(batch, c, i)
    }
  }
  const shape = [chosen.length / 3, 3]
  return known([{ dtype: 's64', shape }], [words(chosen)], comparisons)
}

/** Elements as numbers that compare as they do: of 64-bit integers exact. */
function comparable(given: LowerInput): readonly (number | bigint)[] {
  if (given.dtype === 'f32' || given.dtype === 'f64') return floats(given)
  if (given.dtype !== 's64' && given.dtype !== 'u64') return integers(given)
  const bytes = given.value().slice()
  return [...(given.dtype === 's64' ? new BigInt64Array(bytes.buffer) : new BigUint64Array(bytes.buffer))]
}

export function lowerUnique(context: LowerContext): Lowered {
  const { node } = context
  const given = needed(context, 0)
  const named = intOf(node, 'axis')
  const axis = named === undefined ? 0 : axisOf(node, named, given.shape.length)
  const n = productOf(given.shape)
  if (n > LIMITS.tensorElements / 16) throw unsupported(node, `of ${n} elements`)
  const shape = named === undefined ? [n] : given.shape
  const side = shape[axis] as number
  const [outer, inner] = [productOf(shape.slice(0, axis)), productOf(shape.slice(axis + 1))]
  const values = comparable(given)
  const slice = (i: number): readonly number[] =>
    Array.from({ length: outer * inner }, (_, k) => (Math.floor(k / inner) * side + i) * inner + (k % inner))
  const places = Array.from({ length: side }, (_, i) => slice(i))
  const compare = (a: number, b: number): number => {
    const [x, y] = [places[a] as readonly number[], places[b] as readonly number[]]
    for (let k = 0; k < x.length; k++) {
      const [u, v] = [values[x[k] as number] as number | bigint, values[y[k] as number] as number | bigint]
      if (u < v) return -1
      if (u > v) return 1
    }
    return 0
  }
  const order = [...places.keys()].sort((a, b) => compare(a, b) || a - b)
  // groups of equal slices, each by the place of its first
  const groups: number[][] = []
  for (const i of order) {
    const last = groups.at(-1)
    if (last !== undefined && compare(last[0] as number, i) === 0) last.push(i)
    else groups.push([i])
  }
  if ((intOf(node, 'sorted') ?? 1) === 0) groups.sort((a, b) => (a[0] as number) - (b[0] as number))
  const inverse: number[] = Array.from({ length: side }, () => 0)
  groups.forEach((group, g) => group.forEach((i) => (inverse[i] = g)))
  const firsts = groups.map((group) => group[0] as number)
  const width = DTYPES[given.dtype]
  const bytes = given.value()
  const data = new Uint8Array(outer * firsts.length * inner * width)
  for (let o = 0; o < outer; o++)
    firsts.forEach((i, g) => {
      const from = (o * side + i) * inner * width
      data.set(bytes.subarray(from, from + inner * width), (o * firsts.length + g) * inner * width)
    })
  const list = { dtype: 's64', shape: [firsts.length] } as const
  return known(
    [{ dtype: given.dtype, shape: shape.map((s, d) => (d === axis ? firsts.length : s)) }, list, { dtype: 's64', shape: [side] }, list],
    [data, words(firsts), words(inverse), words(groups.map((group) => group.length))],
    productOf(shape) * 8,
  )
}
