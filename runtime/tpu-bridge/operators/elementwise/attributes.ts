/** Attributes, inputs and axes of a node, checked. */
import { UtnetError } from '../../../core/index.ts'
import type { LowerContext, LowerInput } from '../lowering.ts'

const invalid = (op: string, why: string): UtnetError => new UtnetError('model_invalid', `${op}: ${why}`)

export const unsupported = (op: string, why: string): UtnetError =>
  new UtnetError('operator_unsupported', `the wasm device has no ${op} ${why}`)

export function attribute({ node }: Pick<LowerContext, 'node'>, name: string, kind: 'int' | 'float', otherwise: number): number {
  const found = node.attributes.get(name)
  if (found === undefined) return otherwise
  if (found.kind !== kind) throw invalid(node.op, `attribute ${name} is not of kind ${kind}`)
  return found.value as number
}

export function textAttribute({ node }: Pick<LowerContext, 'node'>, name: string, otherwise: string): string {
  const found = node.attributes.get(name)
  if (found === undefined) return otherwise
  if (found.kind !== 'string') throw invalid(node.op, `attribute ${name} is not of kind string`)
  return found.value
}

export function listAttribute({ node }: Pick<LowerContext, 'node'>, name: string): readonly number[] | undefined {
  const found = node.attributes.get(name)
  if (found === undefined) return undefined
  if (found.kind !== 'ints' && found.kind !== 'floats') throw invalid(node.op, `attribute ${name} is no list of numbers`)
  return found.value
}

/** The input of that place, which must be there. */
export function needed({ node, inputs }: LowerContext, index: number): LowerInput {
  const found = inputs[index]
  if (found === undefined) throw invalid(node.op, `input ${index} is missing`)
  return found
}

/** That input, which must have f32. */
export function neededF32(context: LowerContext, index: number): LowerInput {
  const found = needed(context, index)
  if (found.dtype !== 'f32') throw unsupported(context.node.op, `for ${found.dtype}`)
  return found
}

/** An axis from the front; throws `model_invalid` outside of -rank to rank - 1. */
export function axisOf(op: string, axis: number, rank: number): number {
  if (!Number.isSafeInteger(axis) || axis < -rank || axis >= rank) throw invalid(op, `axis ${axis} of ${rank}`)
  return axis < 0 ? axis + rank : axis
}

/** 64-bit integers, e.g. axes, as numbers. */
export function integersOf(op: string, { dtype, value }: LowerInput): number[] {
  if (dtype !== 's64') throw invalid(op, `${dtype} where 64-bit integers belong`)
  const bytes = value()
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return Array.from({ length: bytes.byteLength >> 3 }, (_, i) => Number(view.getBigInt64(i << 3, true)))
}

/** Product of sides. */
export const product = (sides: readonly number[]): number => sides.reduce((n, side) => n * side, 1)

/** Steps that write at least so many elements are worth dividing among threads. */
export const WORTH_SHARING = 32_768
