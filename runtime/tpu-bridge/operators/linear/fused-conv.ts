/** com.microsoft.FusedConv: Conv, a tensor added to the products, bias, activation. */
import { UtnetError } from '../../../core/index.ts'
import type { Node } from '../../graph/index.ts'
import type { LowerContext, Lowered, LowerInput, Step } from '../lowering.ts'
import { floatBits, input, output } from '../operands.ts'
import { ADDEND } from './gemm.ts'
import { floatsOf, textOf } from '../../graph/index.ts'
import { biasOf, convShape, lowerConvStep } from './conv.ts'
import type { Activation } from './finish.ts'
import { f32Inputs } from './matmul.ts'

/** Kernel of element-wise functions, and which of them; they take the whole output. */
const UNARY_F32 = 210
const WHOLE: Readonly<Record<string, number>> = { Sigmoid: 5, Tanh: 6 }

/** Undefined where there is none, or it is none of those that convolutions do themselves. */
function activationOf(node: Node, name: string): Activation | undefined {
  const given = floatsOf(node, 'activation_params') ?? []
  const values = (count: number): readonly [number, number] => {
    if (given.length !== count)
      throw new UtnetError('model_invalid', `${name} of FusedConv takes ${count} activation_params, got ${given.length}`)
    return [Math.fround(given[0] ?? 0), Math.fround(given[1] ?? 0)]
  }
  switch (name) {
    case 'Relu':
      return { kind: 'relu', values: values(0) }
    case 'LeakyRelu':
      return { kind: 'leaky-relu', values: values(1) }
    case 'Clip':
      return { kind: 'clip', values: values(2) }
    case 'HardSigmoid':
      return { kind: 'hard-sigmoid', values: values(2) }
    case 'HardSwish':
      values(0)
      return { kind: 'hard-swish', values: [Math.fround(1 / 6), 0.5] }
    case '':
    case 'Sigmoid':
    case 'Tanh':
      return undefined
    default:
      throw new UtnetError('operator_unsupported', `activation ${name} of FusedConv`)
  }
}

export function lowerFusedConv(context: LowerContext): Lowered {
  const { node, inputs } = context
  const [x, w] = f32Inputs(context, 2) as [LowerInput, LowerInput]
  const conv = convShape(context, x.shape, w.shape)
  const z = inputs[3]
  if (z !== undefined && (z.dtype !== 'f32' || z.shape.join() !== conv.shape.join()))
    throw new UtnetError('tensor_shape', `FusedConv adds ${z.dtype}[${z.shape.join()}] to [${conv.shape.join()}]`)
  const name = textOf(node, 'activation') ?? ''
  const lowered = lowerConvStep(conv, { bias: biasOf(context, conv), activation: activationOf(node, name) }, z !== undefined)
  if (lowered.steps.length === 0) return lowered
  const values = conv.shape.reduce((n, d) => n * d, 1)
  const copy: Step[] =
    z === undefined ? [] : [{ kernel: ADDEND, operands: [input(3), output(0)], params: [1, values, 0, 1, floatBits(1)], shared: false }]
  const whole = WHOLE[name]
  const after: Step[] =
    whole === undefined
      ? []
      : [{ kernel: UNARY_F32, operands: [output(0), output(0)], params: [whole, values, 0, 0], shared: values > 65_536 }]
  return { ...lowered, steps: [...copy, ...lowered.steps, ...after], cost: lowered.cost + (whole === undefined ? 0 : 8 * values) }
}
