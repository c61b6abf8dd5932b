/** Nodes that multiply by constants and add constants, channel by channel: y = x * scale + shift. */
import type { Node } from '../graph.ts'
import { floatOf, intOf } from '../attributes.ts'
import { is } from './is.ts'
import type { Draft } from './draft.ts'

/** In f64, so that a chain of them is rounded once, when it goes into weights. Axis 1 is that of the channels. */
export interface Affine {
  readonly scale: Float64Array
  readonly shift: Float64Array
}

/** `first`, then `second`. */
export function compose(first: Affine, second: Affine): Affine {
  return {
    scale: first.scale.map((s, c) => s * (second.scale[c] as number)),
    shift: first.shift.map((t, c) => t * (second.scale[c] as number) + (second.shift[c] as number)),
  }
}

export const isFinite64 = ({ scale, shift }: Affine): boolean => scale.every(Number.isFinite) && shift.every(Number.isFinite)

/** The input of a node that could be one of these: its input that is no constant. */
export function affineInput(draft: Draft, node: Node): string | undefined {
  if (is(node, 'BatchNormalization')) return node.inputs[0]
  if (!is(node, 'Mul') && !is(node, 'Add') && !is(node, 'Sub') && !is(node, 'Div')) return undefined
  const [a = '', b = ''] = node.inputs
  if (draft.floats(b) !== undefined) return draft.constant(a) === undefined ? a : undefined
  return draft.floats(a) === undefined ? undefined : b
}

/** What the node does to its input `x` of that rank and that many channels; undefined where it is something else. */
export function affineOf(draft: Draft, node: Node, x: string, rank: number, channels: number): Affine | undefined {
  if (is(node, 'BatchNormalization')) return node.inputs[0] === x ? normalization(draft, node, channels) : undefined
  // broadcasting as it was before opset 7
  if (node.attributes.size > 0 || affineInput(draft, node) !== x) return undefined
  const [a = '', b = ''] = node.inputs
  const right = a === x
  const c = perChannel(draft, right ? b : a, rank, channels)
  if (c === undefined) return undefined
  const affine = (scale: (v: number) => number, shift: (v: number) => number): Affine => ({ scale: c.map(scale), shift: c.map(shift) })
  if (is(node, 'Mul'))
    return affine(
      (v) => v,
      () => 0,
    )
  if (is(node, 'Add'))
    return affine(
      () => 1,
      (v) => v,
    )
  if (is(node, 'Sub'))
    return right
      ? affine(
          () => 1,
          (v) => -v,
        )
      : affine(
          () => -1,
          (v) => v,
        )
  return is(node, 'Div') && right
    ? affine(
        (v) => 1 / v,
        () => 0,
      )
    : undefined
}

/** A constant that is one number for each channel, or for all, whatever the other axes of a value of that rank. */
export function perChannel(draft: Draft, name: string, rank: number, channels: number, channelAxis = 1): Float64Array | undefined {
  const found = draft.floats(name)
  if (found === undefined || found.shape.length > rank) return undefined
  const sides = [...Array.from({ length: rank - found.shape.length }, () => 1), ...found.shape]
  if (sides.some((side, axis) => side !== 1 && (axis !== channelAxis || side !== channels))) return undefined
  const { values } = found
  return Float64Array.from({ length: channels }, (_, c) => values[values.length === 1 ? 0 : c] as number)
}

function normalization(draft: Draft, node: Node, channels: number): Affine | undefined {
  const extra = node.outputs.slice(1).some((o) => o !== '')
  if (extra || (intOf(node, 'training_mode') ?? 0) !== 0 || (intOf(node, 'spatial') ?? 1) !== 1 || (intOf(node, 'is_test') ?? 1) !== 1)
    return undefined
  const [g, b, mean, variance] = node.inputs.slice(1, 5).map((name) => draft.floats(name)?.values)
  if (g === undefined || b === undefined || mean === undefined || variance === undefined) return undefined
  if ([g, b, mean, variance].some((v) => v.length !== channels)) return undefined
  const epsilon = floatOf(node, 'epsilon') ?? Math.fround(1e-5)
  const scale = Float64Array.from(g, (v, c) => v / Math.sqrt((variance[c] as number) + epsilon))
  return { scale, shift: scale.map((s, c) => (b[c] as number) - (mean[c] as number) * s) }
}
