/** QuantizeLinear, DequantizeLinear and DynamicQuantizeLinear, to and from eight bits. */
import { elementCount, UtnetError } from '../../../core/index.ts'
import type { LowerContext, Lowered, LowerInput, Operand } from '../lowering.ts'
import { input, output } from '../operands.ts'
import { intOf } from '../../graph/index.ts'
import { f32Inputs } from './matmul.ts'

const QUANTIZE = 140
const DEQUANTIZE = 141
const QUANTIZATION = 142

const SHARED_VALUES = 200_000

const product = (sides: readonly number[]): number => sides.reduce((n, d) => n * d, 1)

/** Outer, scales, inner: how values and scales lie. */
function slices({ node, inputs }: LowerContext, x: LowerInput): readonly [number, number, number] {
  const [scale, zero] = [inputs[1], inputs[2]]
  if (scale === undefined) throw new UtnetError('model_invalid', `${node.op} takes a scale`)
  if (scale.dtype !== 'f32' || (intOf(node, 'block_size') ?? 0) !== 0)
    throw new UtnetError('operator_unsupported', `${node.op} in blocks, or by ${scale.dtype}`)
  const many = product(scale.shape)
  if (scale.shape.length > 1 || (zero !== undefined && product(zero.shape) !== many))
    throw new UtnetError('tensor_shape', `${node.op} has scales [${scale.shape.join()}] and zero points [${zero?.shape.join() ?? ''}]`)
  if (many === 1) return [1, 1, product(x.shape)]
  const given = intOf(node, 'axis') ?? 1
  const axis = given < 0 ? given + x.shape.length : given
  if (x.shape[axis] !== many) throw new UtnetError('tensor_shape', `${node.op} has ${many} scales for [${x.shape.join()}]`)
  return [product(x.shape.slice(0, axis)), many, product(x.shape.slice(axis + 1))]
}

const zeroOf = ({ inputs }: LowerContext): Operand => (inputs[2] === undefined ? null : input(2))

export function lowerQuantizeLinear(context: LowerContext): Lowered {
  const [x] = f32Inputs(context, 1) as [LowerInput]
  const dtype = context.inputs[2]?.dtype ?? 'u8'
  if ((dtype !== 'u8' && dtype !== 's8') || (intOf(context.node, 'output_dtype') ?? 0) !== 0)
    throw new UtnetError('operator_unsupported', `QuantizeLinear to ${dtype}`)
  const values = elementCount(x.shape, 'output of QuantizeLinear')
  const params = [...slices(context, x), dtype === 's8' ? 1 : 0]
  return {
    outputs: [{ dtype, shape: x.shape }],
    temps: [],
    steps:
      values === 0
        ? []
        : [{ kernel: QUANTIZE, operands: [input(0), input(1), zeroOf(context), output(0)], params, shared: values > SHARED_VALUES }],
    cost: values,
  }
}

export function lowerDequantizeLinear(context: LowerContext): Lowered {
  const x = context.inputs[0]
  if (x === undefined) throw new UtnetError('model_invalid', 'DequantizeLinear takes an input')
  if (x.dtype !== 'u8' && x.dtype !== 's8' && x.dtype !== 's32')
    throw new UtnetError('operator_unsupported', `DequantizeLinear of ${x.dtype}`)
  const zero = context.inputs[2]
  if (zero !== undefined && zero.dtype !== x.dtype)
    throw new UtnetError('model_invalid', `the zero point of DequantizeLinear is ${zero.dtype}, not ${x.dtype}`)
  const values = elementCount(x.shape, 'output of DequantizeLinear')
  const params = [...slices(context, x), x.dtype === 's8' ? 1 : 0, x.dtype === 's32' ? 4 : 1]
  return {
    outputs: [{ dtype: 'f32', shape: x.shape }],
    temps: [],
    steps:
      values === 0
        ? []
        : [{ kernel: DEQUANTIZE, operands: [input(0), input(1), zeroOf(context), output(0)], params, shared: values > SHARED_VALUES }],
    cost: values,
  }
}

export function lowerDynamicQuantizeLinear(context: LowerContext): Lowered {
  const [x] = f32Inputs(context, 1) as [LowerInput]
  const values = elementCount(x.shape, 'output of DynamicQuantizeLinear')
  if (values === 0) throw new UtnetError('operator_unsupported', 'DynamicQuantizeLinear of nothing')
  return {
    outputs: [
      { dtype: 'u8', shape: x.shape },
      { dtype: 'f32', shape: [] },
      { dtype: 'u8', shape: [] },
    ],
    temps: [],
    steps: [
      { kernel: QUANTIZATION, operands: [input(0), output(1), output(2)], params: [values], shared: false },
      { kernel: QUANTIZE, operands: [input(0), output(1), output(2), output(0)], params: [1, 1, values, 0], shared: false },
    ],
    cost: 2 * values,
  }
}
