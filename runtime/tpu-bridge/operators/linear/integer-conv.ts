/** ConvInteger, and the products whose result has eight bits again: QLinearConv and QLinearMatMul. */
import { elementCount, UtnetError } from '../../../core/index.ts'
import type { LowerContext, Lowered, LowerInput, Operand, Step } from '../lowering.ts'
import { input, output, temp } from '../operands.ts'
import { convShape } from './conv.ts'
import { geometryParams } from './geometry.ts'
import { bytesInput, integerSteps } from './integer.ts'
import { SHARED_COST } from './matmul.ts'

const INTEGER_CONV = 133
const REQUANTIZE = 143

const product = (sides: readonly number[]): number => sides.reduce((n, d) => n * d, 1)
const given = ({ inputs }: LowerContext, at: number): Operand => (inputs[at] === undefined ? null : input(at))

/** Whether there is one value for each of `many`; throws where there is neither that nor one for all. */
function each({ node, inputs }: LowerContext, at: number, many: number): boolean {
  const found = inputs[at]
  const count = found === undefined ? 1 : product(found.shape)
  if (count !== 1 && (count !== many || found?.shape.length !== 1))
    throw new UtnetError('operator_unsupported', `input ${at} of ${node.op} is [${found?.shape.join() ?? ''}]`)
  return count !== 1
}

/** Windows over x (input `x`) with filters w; zero points stand where `zeros` says. */
function convolve(
  context: LowerContext,
  at: { readonly x: number; readonly w: number; readonly zeroX: number; readonly zeroW: number },
  out: Operand,
) {
  const [x, w] = [bytesInput(context, at.x), bytesInput(context, at.w)]
  const conv = convShape(context, x.shape, w.shape)
  const filters = conv.groups * conv.filters
  if (each(context, at.zeroX, 1)) throw new UtnetError('operator_unsupported', `${context.node.op} with many zero points of its input`)
  const step: Step = {
    kernel: INTEGER_CONV,
    operands: [input(at.x), input(at.w), given(context, at.zeroX), given(context, at.zeroW), out],
    params: [
      ...geometryParams(conv.geometry),
      conv.images,
      conv.groups,
      conv.channels,
      conv.filters,
      x.dtype === 's8' ? 1 : 0,
      w.dtype === 's8' ? 1 : 0,
      each(context, at.zeroW, filters) ? 1 : 0,
    ],
    shared: conv.cost > SHARED_COST,
  }
  return { conv, filters, steps: conv.cost === 0 ? [] : [step] }
}

export function lowerConvInteger(context: LowerContext): Lowered {
  const { conv, steps } = convolve(context, { x: 0, w: 1, zeroX: 2, zeroW: 3 }, output(0))
  return { outputs: [{ dtype: 's32', shape: conv.shape }], temps: [], steps, cost: conv.cost }
}

function scaled({ node, inputs }: LowerContext, places: readonly number[]): void {
  for (const at of places)
    if (inputs[at]?.dtype !== 'f32') throw new UtnetError('model_invalid', `input ${at} of ${node.op} must be an f32 scale`)
}

function resultOf({ node, inputs }: LowerContext, at: number): LowerInput {
  const zero = inputs[at]
  if (zero === undefined || (zero.dtype !== 'u8' && zero.dtype !== 's8') || product(zero.shape) !== 1)
    throw new UtnetError('operator_unsupported', `${node.op} with a result of ${zero?.dtype ?? 'no type'}`)
  return zero
}

export function lowerQLinearConv(context: LowerContext): Lowered {
  const { conv, filters, steps } = convolve(context, { x: 0, w: 3, zeroX: 2, zeroW: 5 }, temp(0))
  scaled(context, [1, 4, 6])
  const { dtype } = resultOf(context, 7)
  const bias = context.inputs[8]
  if (bias !== undefined && (bias.dtype !== 's32' || bias.shape.join() !== String(filters)))
    throw new UtnetError('tensor_shape', `the bias of QLinearConv is ${bias.dtype}[${bias.shape.join()}] for ${filters} filters`)
  const pixels = product(conv.geometry.result)
  const params = [conv.images, filters, pixels, each(context, 4, filters) ? 1 : 0, dtype === 's8' ? 1 : 0]
  const back: Step = {
    kernel: REQUANTIZE,
    operands: [temp(0), input(1), input(4), input(6), input(7), given(context, 8), output(0)],
    params,
    shared: conv.cost > SHARED_COST,
  }
  return {
    outputs: [{ dtype, shape: conv.shape }],
    temps: [4 * product(conv.shape)],
    steps: steps.length === 0 ? [] : [...steps, back],
    cost: conv.cost,
  }
}

export function lowerQLinearMatMul(context: LowerContext): Lowered {
  scaled(context, [1, 4, 6])
  const { dtype } = resultOf(context, 7)
  const { shape, n, temps, steps, cost } = integerSteps(context, { a: 0, b: 3, zeroA: 2, zeroB: 5 }, temp(2))
  const values = elementCount(shape, 'output of QLinearMatMul')
  if (each(context, 1, 1)) throw new UtnetError('operator_unsupported', 'QLinearMatMul with a scale a row')
  const params = [values / n, n, 1, each(context, 4, n) ? 1 : 0, dtype === 's8' ? 1 : 0]
  return {
    outputs: [{ dtype, shape }],
    temps: [...temps, 4 * values],
    steps: [
      ...steps,
      {
        kernel: REQUANTIZE,
        operands: [temp(2), input(1), input(4), input(6), input(7), null, output(0)],
        params,
        shared: values > SHARED_COST,
      },
    ],
    cost,
  }
}
