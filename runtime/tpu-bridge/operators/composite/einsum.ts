/** Einsum as onnxruntime has it: inputs two by two, each pair a product of matrices; axes that one of them has alone are summed up before. */
import { UtnetError, type Dtype } from '../../../core/index.ts'
import { stridesOf } from '../layout/index.ts'
import type { LowerContext, Lowered } from '../lowering.ts'
import { Composition, ints, type Part } from './compose.ts'
import { equationOf } from './equation.ts'

/** A value with a side and a stride (in elements) for every axis of the equation. */
interface View {
  readonly part: Part
  readonly sides: readonly number[]
  readonly strides: readonly number[]
}

const DTYPES_HERE: readonly Dtype[] = ['f32', 'f64', 's32']
const product = (sides: readonly number[]): number => sides.reduce((n, side) => n * side, 1)
const isDense = (sides: readonly number[], strides: readonly number[]): boolean => {
  const dense = stridesOf(sides)
  return sides.every((side, d) => side === 1 || strides[d] === dense[d])
}

class Contraction {
  readonly composition: Composition
  readonly axes: readonly number[]

  constructor(composition: Composition, axes: number) {
    this.composition = composition
    this.axes = Array.from({ length: axes }, (_, axis) => axis)
  }

  /** An input along the axes of the equation: a label that stands twice is a diagonal. */
  view(part: Part, axes: readonly number[]): View {
    const own = stridesOf(part.shape)
    const sides = this.axes.map((axis) => (axes.includes(axis) ? (part.shape[axes.indexOf(axis)] as number) : 1))
    const strides = this.axes.map((axis) => axes.reduce((sum, a, d) => (a === axis ? sum + (own[d] as number) : sum), 0))
    return { part, sides, strides }
  }

  /** Its elements with the axes in that order. */
  dense({ part, sides, strides }: View, order: readonly number[]): Part {
    const [to, from] = [order.map((axis) => sides[axis] as number), order.map((axis) => strides[axis] as number)]
    return isDense(to, from) ? this.composition.reshaped(part, to) : this.composition.copied(part, to, from)
  }

  sum(view: View, axes: readonly number[]): View {
    const part = this.composition.op('ReduceSum', [this.dense(view, this.axes)], { axes: ints(axes) }, 11)
    return { part, sides: part.shape, strides: stridesOf(part.shape) }
  }

  pair(a: View, b: View, gone: readonly number[]): View {
    let [left, right] = [a, b]
    const [both, onlyLeft, rest]: [number[], number[], number[]] = [[], [], []]
    let inner = 1
    for (const axis of this.axes) {
      const [l, r] = [a.sides[axis] as number, b.sides[axis] as number]
      if (gone.includes(axis)) {
        if (l > 1 && r > 1) inner *= l
        else if (l > 1) left = this.sum(left, [axis])
        else if (r > 1) right = this.sum(right, [axis])
      } else if (l > 1 && r > 1) both.push(axis)
      else (l > 1 ? onlyLeft : rest).push(axis)
    }
    const sideOf = (view: View, axes: readonly number[]): number => product(axes.map((axis) => view.sides[axis] as number))
    const [batch, m, n] = [sideOf(left, both), sideOf(left, onlyLeft), sideOf(right, rest)]
    const l = this.composition.reshaped(this.dense(left, [...both, ...onlyLeft, ...gone, ...rest]), [batch, m, inner])
    const r = this.composition.reshaped(this.dense(right, [...both, ...gone, ...rest, ...onlyLeft]), [batch, inner, n])
    const part = this.matrices(l, r)
    const order = [...both, ...onlyLeft, ...gone, ...rest]
    const sides = this.axes.map((axis) => (gone.includes(axis) ? 1 : Math.max(left.sides[axis] as number, right.sides[axis] as number)))
    const dense = stridesOf(order.map((axis) => sides[axis] as number))
    return { part, sides, strides: this.axes.map((axis) => dense[order.indexOf(axis)] as number) }
  }

  /** [batch, m, k] times [batch, k, n]. Of others than f32 there are no matrix kernels: all products first, then their sums, in the order of k. */
  matrices(l: Part, r: Part): Part {
    if (l.dtype === 'f32') return this.composition.op('MatMul', [l, r])
    const [batch, m, k] = l.shape as readonly [number, number, number]
    const n = r.shape[2] as number
    const turned = this.composition.copied(l, [batch, k, m, 1], [m * k, 1, k, 0])
    const products = this.composition.op('Mul', [turned, this.composition.reshaped(r, [batch, k, 1, n])])
    return this.composition.reshaped(this.composition.op('ReduceSum', [products], { axes: ints([1]) }, 11), [batch, m, n])
  }
}

export function lowerEinsum(context: LowerContext): Lowered {
  const { node, inputs } = context
  const equation = node.attributes.get('equation')
  if (equation?.kind !== 'string') throw new UtnetError('model_invalid', 'Einsum has no equation')
  const composition = new Composition(context)
  const parts = inputs.map((_, i) => composition.given(i))
  for (const { dtype, shape } of parts) {
    if (dtype !== parts[0]?.dtype) throw new UtnetError('model_invalid', 'Einsum of several types')
    if (!DTYPES_HERE.includes(dtype)) throw new UtnetError('operator_unsupported', `Einsum of ${dtype}`)
    if (shape.includes(0)) throw new UtnetError('operator_unsupported', 'Einsum of nothing')
  }
  const {
    axes,
    inputs: terms,
    output: named,
    sides,
  } = equationOf(
    equation.value,
    parts.map((part) => part.shape),
  )
  const contraction = new Contraction(composition, axes)
  const views = parts.map((part, i) => contraction.view(part, terms[i] as readonly number[]))
  /** Axes that go with that input: no later one has them, nor the output. */
  const lastOf = (index: number): readonly number[] =>
    contraction.axes.filter((axis) => !named.includes(axis) && terms.findLastIndex((term) => term.includes(axis)) === index)
  let result = views[0] as View
  const alone = lastOf(0)
  if (alone.length > 0) result = contraction.sum(result, alone)
  for (const [i, view] of views.entries()) if (i > 0) result = contraction.pair(result, view, lastOf(i))
  const part = contraction.dense(result, named)
  return composition.finish([
    composition.reshaped(
      part,
      named.map((axis) => sides[axis] as number),
    ),
  ])
}
