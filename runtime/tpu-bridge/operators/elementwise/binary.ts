import { elementCount, UtnetError } from '../../../core/index.ts'
import type { LowerContext, Lowered } from '../lowering.ts'
import { input, output } from '../operands.ts'

const ADD_F32 = 200

export function lowerAdd({ node, inputs }: LowerContext): Lowered {
  const [a, b] = inputs
  if (a === undefined || b === undefined) throw new UtnetError('model_invalid', `${node.op} takes two inputs`)
  if (a.dtype !== 'f32' || b.dtype !== 'f32' || a.shape.join() !== b.shape.join())
    throw new UtnetError('operator_unsupported', 'Add of this form')
  const n = elementCount(a.shape, 'output of Add')
  return {
    outputs: [{ dtype: 'f32', shape: a.shape }],
    temps: [],
    steps: [{ kernel: ADD_F32, operands: [input(0), input(1), output(0)], params: [n], shared: n > 65_536 }],
    inPlace: [
      [0, 0],
      [0, 1],
    ],
    cost: n,
  }
}
