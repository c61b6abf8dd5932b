/** Tensors, and inferences on them. */

import { Arithmetic, infer_ } from './raw/host-tensor'
import { Result } from './raw/abi'
import { NamedTensor } from './tensor-value'

export { Dtype, NamedTensor, Tensor, elementCount, elementSize } from './tensor-value'
export { Arithmetic }

export type InferResult = Result<Array<NamedTensor>, string>

/** Runs a model through the node's tensor bridge. `isErr` tells whether `ok` (the outputs) or `err` (why not) may be read. */
export function infer(model: string, inputs: Array<NamedTensor>, arithmetic: Arithmetic = Arithmetic.any): InferResult {
  return infer_(model, inputs, <u8>arithmetic)
}
