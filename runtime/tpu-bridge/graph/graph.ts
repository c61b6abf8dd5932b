/** An ONNX graph as it was read: names, attributes and constants of any size, nothing of how it runs. */
import type { Tensor, TensorSpec } from '../../core/index.ts'

/** A whole model: what a file says. */
export interface Model {
  /** Version of each operator set that it uses; the default domain is ''. */
  readonly opsets: ReadonlyMap<string, number>
  readonly graph: Graph
}

/** A graph or subgraph. */
export interface Graph {
  readonly inputs: readonly TensorSpec[]
  /** -1 is a free dimension; of a subgraph, or where the file says nothing, there is a name only. */
  readonly outputs: readonly ({ readonly name: string } & Partial<TensorSpec>)[]
  /** Initializers and what `Constant` nodes give: known before any input is. What else could be computed from them alone is not among them (constness changes bits). */
  readonly constants: ReadonlyMap<string, Tensor>
  /** Those of the constants that the file lists as inputs too (IR version 4 and newer): defaults, which nobody can replace here, but no runtime packs them, which shows in the bits. */
  readonly defaults?: ReadonlySet<string>
  /** Each after the nodes that it takes values from. No `Constant` among them. */
  readonly nodes: readonly Node[]
}

/** One operator of a graph. */
export interface Node {
  /** As in the file; may be empty, and need not be unique. */
  readonly name: string
  readonly op: string
  /** '' for the operators of ONNX itself. */
  readonly domain: string
  /** Names of values; '' for one left out. */
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  readonly attributes: ReadonlyMap<string, Attribute>
}

/** Integers beyond 2^53 - 1 (ONNX has "to the end" as the greatest of 64 bits) stand as the nearest that a number holds. */
export type Attribute =
  | { readonly kind: 'int'; readonly value: number }
  | { readonly kind: 'float'; readonly value: number }
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'tensor'; readonly value: Tensor }
  | { readonly kind: 'graph'; readonly value: Graph }
  | { readonly kind: 'ints'; readonly value: readonly number[] }
  | { readonly kind: 'floats'; readonly value: readonly number[] }
  | { readonly kind: 'strings'; readonly value: readonly string[] }
