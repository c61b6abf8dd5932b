/** What an operator becomes: calls of kernels of `guest/operators/exact`, with the shapes that the inputs have. A function of node, shapes, dtypes and the values it asks for. */
import type { Dtype } from '../../core/index.ts'
import type { Node } from '../graph/index.ts'

/** An input as a lowering sees it. */
export interface LowerInput {
  readonly dtype: Dtype
  readonly shape: readonly number[]
  /** An initializer or the value of a `Constant` node: what may be packed once, and what decides the order of some sums. */
  readonly constant: boolean
  /**
   * Its bytes, little-endian. For what shapes hang on (sides, axes, indices); a lowering that asks is good only for inputs with this value, so tensors of
   * weights or activations are never asked for.
   */
  value(): Uint8Array
}

/** The node, with all that is known of its operands before anything runs. */
export interface LowerContext {
  readonly node: Node
  /** Version of the operator set of the node's domain. */
  readonly opset: number
  /** Undefined for one left out. */
  readonly inputs: readonly (LowerInput | undefined)[]
  /** Whether anything takes the output of that place. */
  readonly wanted: readonly boolean[]
}

/** Type of a value; sides are never negative. */
export interface ValueType {
  readonly dtype: Dtype
  readonly shape: readonly number[]
}

/** What a step works on. Memory of an operand begins at a multiple of 16; 64 bytes behind its end may be read, not written. */
export type Operand =
  | { readonly of: 'input' | 'output' | 'temp'; readonly index: number }
  /** One left out: its address is 0. */
  | null

/** One call of a kernel. */
export interface Step {
  /** Number of the kernel. */
  readonly kernel: number
  readonly operands: readonly Operand[]
  /** i32 words as the kernel says; a float stands as its bits (`floatBits`). */
  readonly params: readonly number[]
  /** Worth dividing among threads. Steps run in order, each after all shares of the one before. */
  readonly shared: boolean
  /** Takes constants only (packing of weights): run once where a model stays loaded; the temporaries that it writes are then kept. */
  readonly once?: boolean
}

/** What a node becomes. */
export interface Lowered {
  /** One for each output of the node. */
  readonly outputs: readonly ValueType[]
  /** Bytes of each temporary. */
  readonly temps: readonly number[]
  readonly steps: readonly Step[]
  /** Outputs that are bytes of an input under another shape, [output, input]: no step writes them. */
  readonly aliases?: readonly (readonly [number, number])[]
  /** Outputs that may lie where an input lies, if nothing else needs that: [output, input], equal in bytes. */
  readonly inPlace?: readonly (readonly [number, number])[]
  /** Outputs known without running anything (the sides of `Shape`); no step writes them. */
  readonly known?: ReadonlyMap<number, Uint8Array>
  /** Multiply-adds, or elements moved: what places checkpoints, weights sampling and prices. Never time. */
  readonly cost: number
}

/** Throws `operator_unsupported` where the kernels do not cover this form of the operator, `model_invalid` or `tensor_shape` where it is no valid form. */
export type Lowering = (context: LowerContext) => Lowered
