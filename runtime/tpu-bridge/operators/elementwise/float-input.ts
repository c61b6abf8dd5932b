/** What lowerings of float functions ask of their inputs, and from where on their work is divided. */
import type { LowerContext, LowerInput } from '../lowering.ts'
import { integers, invalid, needed, unsupported } from '../read.ts'
import type { Node } from '../../graph/index.ts'

/** The input of that place, which must have f32. */
export function neededF32(context: LowerContext, index: number): LowerInput {
  const found = needed(context, index)
  if (found.dtype !== 'f32') throw unsupported(context.node, `not for ${found.dtype}`)
  return found
}

/** Axes as numbers; the standard has them as 64-bit integers only. */
export function integersOf(node: Node, given: LowerInput): readonly number[] {
  if (given.dtype !== 's64') throw invalid(node, `${given.dtype} where 64-bit integers belong`)
  return integers(given)
}

/** Product of sides. */
export const product = (sides: readonly number[]): number => sides.reduce((n, side) => n * side, 1)

/** Steps that write at least so many elements are worth dividing among threads. */
export const WORTH_SHARING = 32_768
