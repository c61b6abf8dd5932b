/**
 * Parts of operators that run alone with the bits of the whole. Outputs of products do not hang on each other, so rows of a matrix and filters of a convolution may be
 * taken out; what the order of a sum hangs on stays as it is: columns (pixels) and depth decide how MLAS cuts a sum into blocks, and a single row has a way of its own,
 * so two are taken where there are two.
 */
import type { Box, TensorType } from '../../core/index.ts'
import type { Node } from '../graph/index.ts'
import { operatorKey } from '../operators/index.ts'

export interface Part {
  /** Of each operand, constants too; undefined for one left out. */
  readonly operands: readonly (Box | undefined)[]
  /** Of the first output. */
  readonly box: Box
  /** Multiply-adds. */
  readonly cost: number
  /** The node that gives the box from the boxes. */
  readonly node: Node
}

const whole = ({ shape }: TensorType): Box => shape.map((side) => [0, side] as const)
const size = (box: Box): number => box.reduce((n, [from, to]) => n * (to - from), 1)

/** Places of an element along the axes. */
function placesOf(element: number, shape: readonly number[]): number[] {
  const places: number[] = []
  for (let axis = shape.length - 1, rest = element; axis >= 0; axis--) {
    places[axis] = rest % (shape[axis] as number)
    rest = Math.floor(rest / (shape[axis] as number))
  }
  return places
}

/** Two of `side` that have `place` among them, or the one there is. */
function pair(place: number, side: number): readonly [number, number] {
  const from = Math.max(0, Math.min(place, side - 2))
  return [from, Math.min(side, from + 2)]
}

/** The part with element `element` of the first output of `shape`; undefined where the operator runs whole only. `types` of all operands, constants too. */
export function partOf(
  node: Node,
  types: readonly (TensorType | undefined)[],
  shape: readonly number[],
  element: number,
): Part | undefined {
  const rule = RULES.get(operatorKey(node))
  const part = rule?.(node, types, shape, placesOf(element, shape))
  // a part that is all of it would only cost more
  return part === undefined || size(part.box) * 2 > shape.reduce((n, side) => n * side, 1) ? undefined : part
}

type Rule = (
  node: Node,
  types: readonly (TensorType | undefined)[],
  shape: readonly number[],
  places: readonly number[],
) => Part | undefined

/** Rows of one matrix. */
const matMul: Rule = (node, [a, b], shape, places) => {
  const rank = shape.length
  // a vector operand leaves an axis of the output out
  if (a === undefined || b === undefined || a.shape.length < 2 || b.shape.length < 2) return undefined
  const rows = rank - 2
  const at: (readonly [number, number])[] = places.map((place) => [place, place + 1])
  at[rank - 1] = [0, shape[rank - 1] as number]
  // where b is one matrix, all axes of a but the last are rows: see `productOf`
  const one = a.shape.length >= b.shape.length && b.shape.slice(0, -2).every((side) => side === 1)
  const axes = one ? Array.from({ length: rank - 1 }, (_, i) => rank - 2 - i) : [rows]
  const axis = axes.find((i) => (shape[i] as number) > 1)
  if (axis !== undefined) at[axis] = pair(places[axis] as number, shape[axis] as number)
  // axes of an operand stand at the right; a side of 1 is taken by all
  const batch = (of: TensorType): (readonly [number, number])[] =>
    of.shape.slice(0, -2).map((side, i) => (side === 1 ? [0, 1] : (at[rank - of.shape.length + i] as readonly [number, number])))
  const k = a.shape.at(-1) as number
  const boxA: Box = [...batch(a), at[rows] as readonly [number, number], [0, k]]
  const boxB: Box = [...batch(b), [0, b.shape.at(-2) as number], [0, b.shape.at(-1) as number]]
  return { operands: [boxA, boxB], box: at, cost: size(at) * k, node }
}

const intOf = (node: Node, name: string, otherwise: number): number => {
  const found = node.attributes.get(name)
  return found?.kind === 'int' ? found.value : otherwise
}

const gemm: Rule = (node, [a, b, c], shape, places) => {
  if (a === undefined || b === undefined || shape.length !== 2) return undefined
  const rows = pair(places[0] as number, shape[0] as number)
  const columns = [0, shape[1] as number] as const
  const transposed = intOf(node, 'transA', 0) !== 0
  const k = a.shape[transposed ? 0 : 1] as number
  // of c a side of 1, or one that is not there, is taken by all rows
  const boxC = c?.shape.map((side, i): readonly [number, number] => (i === c.shape.length - 2 && side !== 1 ? rows : [0, side]))
  const boxA: Box = transposed ? [[0, k], rows] : [rows, [0, k]]
  return { operands: [boxA, whole(b), boxC], box: [rows, columns], cost: size([rows, columns]) * k, node }
}

/** Filters of one image: of one group, or where a group has one filter, two groups. `sum` is what com.microsoft.FusedConv adds. */
const conv: Rule = (node, [x, w, bias, sum], shape, places) => {
  if (x === undefined || w === undefined || shape.length < 3) return undefined
  const groups = intOf(node, 'group', 1)
  const [all, channels] = w.shape as [number, number]
  const each = all / groups
  const [image, filter] = places as [number, number]
  const [from, to] = each === 1 ? pair(filter, all) : pair(filter % each, each).map((f) => f + Math.floor(filter / each) * each)
  const filters = [from as number, to as number] as const
  const first = Math.floor(filters[0] / each)
  const taken = each === 1 ? filters[1] - filters[0] : 1
  const images = [image, image + 1] as const
  const box: Box = [images, filters, ...shape.slice(2).map((side) => [0, side] as const)]
  const attributes = new Map(node.attributes)
  attributes.set('group', { kind: 'int', value: taken })
  return {
    operands: [
      [images, [first * channels, (first + taken) * channels], ...whole(x).slice(2)],
      [filters, ...whole(w).slice(1)],
      bias === undefined ? undefined : [filters],
      ...(sum === undefined ? [] : [box]),
    ],
    box,
    cost: size(box) * channels * w.shape.slice(2).reduce((n, side) => n * side, 1),
    node: { ...node, attributes },
  }
}

const RULES: ReadonlyMap<string, Rule> = new Map([
  ['MatMul', matMul],
  ['Gemm', gemm],
  ['Conv', conv],
  ['com.microsoft.FusedConv', conv],
])
