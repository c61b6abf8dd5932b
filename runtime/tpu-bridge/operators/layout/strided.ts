/** Boxes of elements that lie at strides: what nearly every operator of layout comes down to. */
import type { Operand, Step } from '../lowering.ts'

const COPY = 400
const FILL = 401

/** Elements from which on a step is worth dividing. */
export const SHARED_FROM = 65_536

/** Strides, in elements, of a dense tensor. */
export function stridesOf(shape: readonly number[]): number[] {
  const strides: number[] = Array.from({ length: shape.length }, () => 1)
  let stride = 1
  for (let d = shape.length - 1; d >= 0; d--) {
    strides[d] = stride
    stride *= shape[d] as number
  }
  return strides
}

export const productOf = (sides: readonly number[]): number => sides.reduce((n, side) => n * side, 1)

/** Sides, and for each operand its strides. */
export interface Box {
  readonly sides: readonly number[]
  readonly strides: readonly (readonly number[])[]
}

/** The same places in the same order with as few sides as can be: sides of 1 are left out, and neighbours that every operand passes through in one stride are joined. */
export function joined({ sides, strides }: Box): Box {
  const outSides: number[] = []
  const out: number[][] = strides.map(() => [])
  sides.forEach((side, d) => {
    if (side === 1) return
    const last = outSides.length - 1
    if (last >= 0 && strides.every((s, k) => (out[k] as number[])[last] === (s[d] as number) * side)) {
      outSides[last] = (outSides[last] as number) * side
      strides.forEach((s, k) => ((out[k] as number[])[last] = s[d] as number))
      return
    }
    outSides.push(side)
    strides.forEach((s, k) => (out[k] as number[]).push(s[d] as number))
  })
  return { sides: outSides, strides: out }
}

/** Strides of an operand under a shape that it is broadcast to. Sides must be equal or 1. */
export function broadcastStrides(shape: readonly number[], to: readonly number[]): readonly number[] {
  const own = stridesOf(shape)
  const ahead = to.length - shape.length
  return to.map((_, d) => (d < ahead || shape[d - ahead] === 1 ? 0 : (own[d - ahead] as number)))
}

export interface Copy {
  /** Bytes of an element. */
  readonly width: number
  readonly source: Operand
  readonly destination: Operand
  readonly sides: readonly number[]
  /** Strides and offsets in elements. */
  readonly from: readonly number[]
  readonly to: readonly number[]
  readonly sourceOffset?: number
  readonly destinationOffset?: number
}

/** One move of a box; no step where it has no elements. */
export function copyStep({ width, source, destination, sides, from, to, sourceOffset = 0, destinationOffset = 0 }: Copy): readonly Step[] {
  const count = productOf(sides)
  if (count === 0) return []
  const box = joined({ sides, strides: [from, to] })
  const [fromStrides, toStrides] = box.strides as [readonly number[], readonly number[]]
  // the plane that the kernel does whole: where the destination is dense comes last, where the source is dense before it
  const order = box.sides.map((_, d) => d)
  const move = (found: number, places: number): void => {
    if (found < 0) return
    order.splice(order.indexOf(found), 1)
    order.splice(order.length - places, 0, found)
  }
  const dense = (strides: readonly number[]): number => strides.findIndex((s) => s === 1)
  move(dense(toStrides), 0)
  if (order.length > 1 && dense(fromStrides) !== order.at(-1)) move(dense(fromStrides), 1)
  const pad = Math.max(0, 2 - order.length)
  const padded = (values: readonly number[], value: number, scale: number): number[] => [
    ...Array.from({ length: pad }, () => value),
    ...order.map((d) => (values[d] as number) * scale),
  ]
  const params = [
    width,
    sourceOffset * width,
    destinationOffset * width,
    order.length + pad,
    ...padded(box.sides, 1, 1),
    ...padded(fromStrides, 0, width),
    ...padded(toStrides, 0, width),
  ]
  // a single element has no stride of its own; one that is dense keeps it on the run path
  if (order.length === 0) {
    params[params.length - 3] = width
    params[params.length - 1] = width
  }
  return [{ kernel: COPY, operands: [source, destination], params, shared: count >= SHARED_FROM }]
}

/** An operand gets one value, given by the words of its bits, everywhere or at places `stride` elements apart from `offset` on. */
export function fillStep(
  width: number,
  destination: Operand,
  count: number,
  [low, high]: readonly [number, number] = [0, 0],
  { offset = 0, stride = 1 }: { readonly offset?: number; readonly stride?: number } = {},
): readonly Step[] {
  if (count === 0) return []
  return [
    {
      kernel: FILL,
      operands: [destination],
      params: [width, count, low, high, offset * width, stride * width],
      shared: count >= SHARED_FROM,
    },
  ]
}
