/** Where a place of a resized axis lies in the original one, and which elements are near it: f32 arithmetic, operation by operation as onnxruntime has it. */
import type { Node } from '../../../graph/index.ts'
import { unsupported } from '../../read.ts'

const f = Math.fround

/** One axis that changes its length. */
export interface Axis {
  readonly from: number
  readonly to: number
  /** f32. */
  readonly scale: number
  /** The part that is wanted, of `tf_crop_and_resize`. */
  readonly roi: readonly [start: number, end: number]
}

export type Coordinate = (place: number, axis: Axis) => number

/** Original coordinates of resized ones. */
const COORDINATES: Readonly<Record<string, Coordinate>> = {
  half_pixel: (x, { scale }) => f(f((x + 0.5) / scale) - 0.5),
  half_pixel_symmetric(x, { scale, from, to }) {
    const adjustment = f(to / f(scale * from))
    const offset = f((from / 2) * f(1 - adjustment))
    return f(offset + (x + 0.5) / scale - 0.5)
  },
  pytorch_half_pixel: (x, { scale, to }) => (to > 1 ? f(f((x + 0.5) / scale) - 0.5) : 0),
  align_corners: (x, { from, to }) => (to === 1 ? 0 : f(f(x * (from - 1)) / (to - 1))),
  asymmetric: (x, { scale }) => f(x / scale),
  tf_half_pixel_for_nn: (x, { scale }) => f((x + 0.5) / scale),
  tf_crop_and_resize(x, { from, to, roi: [start, end] }) {
    if (to <= 1) return f(0.5 * f(start + end) * (from - 1))
    return f(f(start * (from - 1)) + f(f(f(x * f(end - start)) * (from - 1)) / (to - 1)))
  },
}

export function coordinateOf(node: Node, mode: string): Coordinate {
  const found = Object.hasOwn(COORDINATES, mode) ? COORDINATES[mode] : undefined
  if (found === undefined) throw unsupported(node, `coordinates by ${mode}`)
  return found
}

/** Where an axis keeps its length, coordinates are the places themselves, whatever the mode. */
export const originalOf = (coordinate: Coordinate, x: number, axis: Axis): number => (axis.scale === 1 ? x : coordinate(x, axis))

export const liesOutside = (x: number, axis: Axis): boolean => x < 0 || x > axis.from - 1

/** Half away from zero. */
export const roundAway = (x: number): number => Math.sign(x) * Math.floor(Math.abs(x) + 0.5)

/** What lies closer to the middle of two elements than 10^-6 counts as in the middle. */
const isHalf = (x: number): boolean => Math.abs(x - Math.floor(x) - 0.5) < 1e-6

type Nearest = (x: number, shrinks: boolean) => number

const NEAREST: Readonly<Record<string, Nearest>> = {
  round_prefer_floor: (x) => (isHalf(x) ? Math.floor(x) : roundAway(x)),
  round_prefer_ceil: (x) => (isHalf(x) ? Math.ceil(x) : roundAway(x)),
  floor: Math.floor,
  ceil: Math.ceil,
  /** Before operator set 11. */
  simple: (x, shrinks) => (shrinks ? Math.ceil(x) : Math.trunc(x)),
}

export function nearestOf(node: Node, mode: string): Nearest {
  const found = Object.hasOwn(NEAREST, mode) ? NEAREST[mode] : undefined
  if (found === undefined) throw unsupported(node, `the nearest element by ${mode}`)
  return found
}

const clamp = (at: number, side: number): number => Math.max(0, Math.min(at, side - 1))

/** For each place the index that is picked, or -1 for outside. */
export function nearestTable(coordinate: Coordinate, nearest: Nearest, axis: Axis, outside: boolean): readonly number[] {
  return Array.from({ length: axis.to }, (_, x) => {
    if (axis.scale === 1) return x
    const original = coordinate(x, axis)
    if (outside && liesOutside(original, axis)) return -1
    return clamp(nearest(original, axis.scale < 1), axis.from)
  })
}

/** Two neighbours and the weight of the distance from each. */
export interface Pair {
  readonly outside: boolean
  readonly at: readonly [number, number]
  readonly weights: readonly [number, number]
}

export function linearTable(coordinate: Coordinate, axis: Axis, outside: boolean): readonly Pair[] {
  return Array.from({ length: axis.to }, (_, place): Pair => {
    const original = originalOf(coordinate, place, axis)
    const x = Math.max(0, Math.min(original, axis.from - 1))
    const first = Math.min(Math.trunc(x), axis.from - 1)
    const second = Math.min(first + 1, axis.from - 1)
    return {
      outside: outside && liesOutside(original, axis),
      at: [first, second],
      weights: first === second ? [0.5, 0.5] : [Math.abs(f(x - first)), Math.abs(f(x - second))],
    }
  })
}

export interface Four {
  readonly outside: boolean
  readonly at: readonly number[]
  readonly weights: readonly number[]
  /** Sum of the weights that lie inside where the others are left out, else 1. */
  readonly sum: number
}

/** Keys' convolution, `a` as in the attribute `cubic_coeff_a`. */
function cubicWeights(s: number, a: number): readonly number[] {
  const outer = (t: number): number => f(f(f(f(f(f(f(a * t) - f(5 * a)) * t) + f(8 * a)) * t)) - f(4 * a))
  const inner = (t: number): number => f(f(f(f(f(f(a + 2) * t) - f(a + 3)) * t) * t) + 1)
  return [outer(f(s + 1)), inner(s), inner(f(1 - s)), outer(f(2 - s))]
}

export function cubicTable(coordinate: Coordinate, axis: Axis, a: number, excludeOutside: boolean, outside: boolean): readonly Four[] {
  return Array.from({ length: axis.to }, (_, place): Four => {
    const original = originalOf(coordinate, place, axis)
    const first = Math.floor(original) - 1
    const at = [0, 1, 2, 3].map((i) => first + i)
    const all = cubicWeights(f(original - Math.floor(original)), f(a))
    const weights = excludeOutside ? all.map((w, i) => ((at[i] as number) < 0 || (at[i] as number) >= axis.from ? 0 : w)) : all
    return {
      outside: outside && liesOutside(original, axis),
      at: at.map((i) => clamp(i, axis.from)),
      weights,
      sum: excludeOutside ? weights.reduce((sum, w) => f(sum + w), 0) : 1,
    }
  })
}

export interface Window {
  readonly outside: boolean
  readonly from: number
  readonly to: number
  readonly weights: readonly number[]
}

/** The filters of `antialias`, which reach as far as an element of the result is wide. */
export function filterTable(coordinate: Coordinate, axis: Axis, a: number | undefined, excludeOutside: boolean): readonly Window[] {
  const scale = f(1 / axis.scale)
  const reach = a === undefined ? 1 : 2
  const support = scale >= 1 ? f(reach * scale) : reach
  const size = Math.ceil(support) * 2 + 1
  const inverse = scale >= 1 ? f(1 / scale) : 1
  const weightOf = a === undefined ? triangle : (x: number): number => keys(x, f(a))
  return Array.from({ length: axis.to }, (_, place): Window => {
    const original = scale === 1 ? place : coordinate(place, axis)
    const center = f(0.5 + original)
    const low = Math.floor(f(f(center - support) + 0.5))
    const high = low + Math.min(Math.max(Math.floor(f(f(center + support) + 0.5)) - low, 0), size)
    const cut = (at: number): number => Math.min(Math.max(at, 0), axis.from)
    const [from, to] = [cut(low), cut(high)]
    const start = excludeOutside ? from : low
    const weights: number[] = []
    let total = 0
    for (let x = 0; x < (excludeOutside ? to : high) - start; x++) {
      const w = weightOf(f(f(f(f(x + start) - center) + 0.5) * inverse))
      weights.push(w)
      total = f(total + w)
    }
    if (!excludeOutside && from < to) gather(weights, start, axis.from, to - from)
    const inverted = total === 0 ? 1 : f(1 / total)
    return {
      outside: liesOutside(f(center - 0.5), axis),
      from,
      to,
      weights: Array.from({ length: to - from }, (_, x) => f((weights[x] ?? 0) * inverted)),
    }
  })
}

/** Weights of places outside go to the first and to the last one inside. */
function gather(weights: number[], start: number, side: number, inside: number): void {
  const length = weights.length
  const ahead = Math.min(Math.max(-start, 0), length - 1)
  for (let x = 0; x < ahead; x++) weights[ahead] = f((weights[ahead] as number) + (weights[x] as number))
  const behind = Math.min(Math.max(length + start - side, 0), length - 1)
  const last = length - behind - 1
  for (let x = length - behind; x < length; x++) weights[last] = f((weights[last] as number) + (weights[x] as number))
  if (ahead > 0 || behind > 0) for (let x = 0; x < inside; x++) weights[x] = weights[x + ahead] as number
}

const triangle = (x: number): number => (Math.abs(x) < 1 ? f(1 - Math.abs(x)) : 0)

function keys(given: number, a: number): number {
  const x = Math.abs(given)
  if (x < 1) return f(f(f(f(f(f(a + 2) * x) - f(a + 3)) * x) * x) + 1)
  if (x < 2) return f(f(f(f(f(f(x - 5) * x) + 8) * x) - 4) * a)
  return 0
}
