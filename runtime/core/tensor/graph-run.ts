/** The port between who runs tensor graphs and who checks them: a run whose values can be looked at, and one operator of it alone. */
import type { CID } from 'multiformats/cid'
import type { NamedTensor, Tensor } from './tensor.ts'

/** A tensor without its data. */
export type TensorType = Pick<Tensor, 'dtype' | 'shape'>

/** An operator as it was run. */
export interface TraceEntry {
  /** Place of the node in the model: its index among the graph's nodes; of one in a subgraph the index of the node that holds it, the number of the subgraph among its attributes, its index there. */
  readonly path: readonly number[]
  /** `Conv`, `com.microsoft.FusedConv`. */
  readonly operator: string
  /** Name of the node, for people. */
  readonly node: string
  /** Names of values, each given once in a run; '' for one left out. Constants of the model are among them. */
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  /** What each output is. */
  readonly types: readonly TensorType[]
  /** Multiply-adds, or elements moved: what places checkpoints and weights sampling. */
  readonly cost: number
  /** Of what ran it, where that is not what ran the rest: an operator that no exact device has. */
  readonly arithmetic?: string
}

/** A run of a model, all of its values in reach. */
export interface GraphRun {
  readonly model: CID
  /** Arithmetic id of the device. */
  readonly arithmetic: string
  /** In the order in which they ran, which is that of the file: for equal inputs the same on every node. */
  readonly trace: readonly TraceEntry[]
  readonly inputs: readonly NamedTensor[]
  /** NaNs canonical, as everywhere. */
  readonly outputs: readonly NamedTensor[]
  /** Values by name, constants too. The run is repeated where they were not kept. Throws `core_bad_argument` for a name that no entry has. */
  values(names: readonly string[]): Promise<readonly Tensor[]>
  close(): Promise<void>
}

/** Runs graphs operator by operator. */
export interface GraphRunner {
  readonly arithmetic: string
  /** Throws what `infer` of the bridge does. */
  run(model: CID, inputs: readonly NamedTensor[]): Promise<GraphRun>
  /**
   * The operator at `path` alone, from its operands in order (undefined for one left out; constants are taken from the model, whatever stands in their place):
   * the same bytes as in the whole run. Throws `operator_unsupported`, `tensor_shape`, `core_bad_argument` for a path that leads nowhere.
   */
  runOperator(model: CID, path: readonly number[], operands: readonly (Tensor | undefined)[]): Promise<readonly Tensor[]>
}
