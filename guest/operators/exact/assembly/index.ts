import { Tensor } from '@utnet/sdk/tensor'
import { fail } from '@utnet/sdk/operator'
import { runCalls } from './calls'

/** The calls of `inputs[0]` on the tensors behind it: the form in which one operator of a graph is run again. */
export function run(inputs: Array<Tensor>): Array<Tensor> {
  if (inputs.length == 0) return fail('exact takes a tensor of calls, then the operands')
  return runCalls(inputs)
}
