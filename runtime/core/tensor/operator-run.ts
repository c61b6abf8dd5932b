/** The port of who runs single operators as a referee does: whole or in part, from operands that others opened. */
import type { CID } from 'multiformats/cid'
import type { TensorType } from './graph-run.ts'
import type { Tensor } from './tensor.ts'

/** What the model says of a node. */
export interface NodeFacts {
  readonly operator: string
  /** Attributes that are numbers, text or lists of numbers; a float as the f32 that it is. */
  readonly attributes: ReadonlyMap<string, number | string | readonly number[]>
  /** In the places of operands; undefined for what is no constant of the model. */
  readonly constants: readonly (Tensor | undefined)[]
}

/** Part of a tensor: from (inclusive) and to (exclusive) along each axis. */
export type Box = readonly (readonly [from: number, to: number])[]

/** A part of an output that runs alone and has the bits that it has in the whole. */
export interface OperatorPart {
  /** What it takes of each operand; undefined for those left out and for constants of the model. */
  readonly operands: readonly (Box | undefined)[]
  readonly output: number
  readonly box: Box
  readonly cost: number
}

/** Runs single operators. */
export interface OperatorRunner {
  readonly arithmetic: string
  /** Throws `core_bad_argument` for a path that leads nowhere. */
  node(model: CID, path: readonly number[]): Promise<NodeFacts>
  /**
   * The least part that has the element (its number in row-major order) of an output of `shape`; undefined where the operator runs whole only. `operands` are types in their
   * places. The runner that gave a part runs it.
   */
  part(
    model: CID,
    path: readonly number[],
    operands: readonly (TensorType | undefined)[],
    output: number,
    shape: readonly number[],
    element: number,
  ): Promise<OperatorPart | undefined>
  /**
   * All outputs in their places; of a part its boxes of operands in, one tensor out: its box of the output. Constants are taken from the model. With `magnitudes` on the absolute values of
   * all operands, constants too: of sums of products the sum of what the products weigh (an activation behind them left out). Throws what `GraphRunner.runOperator` does.
   */
  run(
    model: CID,
    path: readonly number[],
    operands: readonly (Tensor | undefined)[],
    options?: { readonly part?: OperatorPart | undefined; readonly magnitudes?: boolean },
  ): Promise<readonly Tensor[]>
}
