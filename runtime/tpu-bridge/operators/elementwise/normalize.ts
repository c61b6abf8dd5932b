/** Softmax and the normalizations. */
import { elementCount, UtnetError } from '../../../core/index.ts'
import type { LowerContext, Lowered, Lowering } from '../lowering.ts'
import { floatBits, input, output, temp } from '../operands.ts'
import { floatOf, intOf } from '../../graph/index.ts'
import { axisOf, unsupported } from '../read.ts'
import { WORTH_SHARING, neededF32, product } from './float-input.ts'

/** As `guest/operators/exact/assembly/elementwise` numbers them. */
const SOFTMAX_F32 = 220
const BATCH_NORM_F32 = 230
const HARDMAX_F32 = 264

/** Before opset 13 an axis parts the shape in two: rows, and all behind it as one row. Since then rows go along that axis alone. */
const softmax =
  (logarithm: boolean): Lowering =>
  (context) => {
    const { node, opset } = context
    const { shape } = neededF32(context, 0)
    const axis = axisOf(node, intOf(context.node, 'axis') ?? (opset < 13 ? 1 : -1), shape.length)
    const n = elementCount(shape, `output of ${node.op}`)
    const row = opset < 13 ? product(shape.slice(axis)) : (shape[axis] as number)
    const stride = opset < 13 ? 1 : product(shape.slice(axis + 1))
    return {
      outputs: [{ dtype: 'f32', shape }],
      temps: stride === 1 ? [] : [n * 4],
      steps:
        n === 0
          ? []
          : [
              {
                kernel: SOFTMAX_F32,
                operands: [input(0), output(0), stride === 1 ? null : temp(0)],
                params: [n / row, row, stride, logarithm ? 1 : 0],
                shared: n * 8 >= WORTH_SHARING,
              },
            ],
      inPlace: [[0, 0]],
      cost: n * 8,
    }
  }

/** Rows as Softmax has them. */
function lowerHardmax(context: LowerContext): Lowered {
  const { node, opset } = context
  const { shape } = neededF32(context, 0)
  const axis = axisOf(node, intOf(context.node, 'axis') ?? (opset < 13 ? 1 : -1), shape.length)
  const n = elementCount(shape, `output of ${node.op}`)
  const row = opset < 13 ? product(shape.slice(axis)) : (shape[axis] as number)
  const params = [n / row, row, opset < 13 ? 1 : product(shape.slice(axis + 1))]
  return {
    outputs: [{ dtype: 'f32', shape }],
    temps: [],
    steps: n === 0 ? [] : [{ kernel: HARDMAX_F32, operands: [input(0), output(0)], params, shared: n >= WORTH_SHARING }],
    cost: n,
  }
}

function lowerBatchNorm(context: LowerContext): Lowered {
  const { node, opset } = context
  const { shape } = neededF32(context, 0)
  if ((intOf(context.node, 'training_mode') ?? 0) !== 0 || node.outputs.slice(1).some((name) => name !== ''))
    throw unsupported(node, 'for training')
  if (opset < 9 && (intOf(context.node, 'spatial') ?? 1) !== 1) throw unsupported(node, 'with spatial = 0')
  const channels = shape.length > 1 ? (shape[1] as number) : 1
  for (let i = 1; i <= 4; i++)
    if (neededF32(context, i).shape.join() !== String(channels))
      throw new UtnetError('tensor_shape', `input ${i} of ${node.op} has not one value for each of ${channels} channels`)
  const n = elementCount(shape, `output of ${node.op}`)
  const plane = product(shape.slice(2))
  return {
    outputs: [{ dtype: 'f32', shape }],
    temps: [],
    steps:
      n === 0
        ? []
        : [
            {
              kernel: BATCH_NORM_F32,
              operands: [input(0), input(1), input(2), input(3), input(4), output(0)],
              params: [n / plane, channels, plane, floatBits(floatOf(context.node, 'epsilon') ?? 1e-5)],
              shared: n >= WORTH_SHARING,
            },
          ],
    inPlace: [[0, 0]],
    cost: n,
  }
}

export const NORMALIZE: readonly (readonly [string, Lowering])[] = [
  ['Softmax', softmax(false)],
  ['LogSoftmax', softmax(true)],
  ['Hardmax', lowerHardmax],
  ['BatchNormalization', lowerBatchNorm],
]
