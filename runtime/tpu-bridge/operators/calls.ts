/** The calls of one operator as the guest `exact` takes them: how a node is run again by anyone (its form is said in `guest/operators/exact/assembly/calls.ts`). */
import { DTYPES, type Dtype } from '../../core/index.ts'
import type { Lowered, Operand } from './lowering.ts'

const DTYPE_NUMBERS = Object.keys(DTYPES) as readonly Dtype[]
const NONE = 0xffff_ffff

/** Words of the calls; `inputs` of the node, those left out included. Outputs that are aliases or known are not among the calls: `steps` may not write them. */
export function encodeCalls(lowered: Lowered, inputs: number): Uint8Array {
  const { outputs, temps, steps } = lowered
  const words: number[] = [outputs.length]
  for (const { dtype, shape } of outputs) words.push(DTYPE_NUMBERS.indexOf(dtype), shape.length, ...shape)
  words.push(temps.length, ...temps, steps.length)
  const place = (operand: Operand): number => {
    if (operand === null) return NONE
    if (operand.of === 'input') return operand.index
    return operand.of === 'output' ? inputs + operand.index : inputs + outputs.length + operand.index
  }
  for (const { kernel, operands, params } of steps) words.push(kernel, operands.length, params.length, ...operands.map(place), ...params)
  return new Uint8Array(Uint32Array.from(words).buffer)
}
