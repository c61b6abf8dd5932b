/** Normalizations that take their mean and deviation from what they normalize. */
import { elementCount, UtnetError } from '../../../core/index.ts'
import type { LowerContext, Lowered, Lowering, ValueType } from '../lowering.ts'
import { floatBits, input, output, temp } from '../operands.ts'
import { floatOf, intOf } from '../../graph/index.ts'
import { axisOf, unsupported } from '../read.ts'
import { WORTH_SHARING, neededF32, product } from './float-input.ts'

/** As `guest/operators/exact/assembly/elementwise/norms.ts` numbers them. */
const LAYER_NORM_F32 = 231
const INSTANCE_NORM_F32 = 232
const LP_NORM_F32 = 233
const LRN_F32 = 234
const GROUP_NORM_F32 = 235

const sizeError = (op: string, what: string): UtnetError =>
  new UtnetError('tensor_shape', `${what} of ${op} is not as long as what it scales`)

/** Rows from `axis` on. `simple` takes the mean for zero (RMSNormalization). */
const layer =
  (simple: boolean): Lowering =>
  (context) => {
    const { node } = context
    const { shape } = neededF32(context, 0)
    const axis = axisOf(node, intOf(context.node, 'axis') ?? -1, shape.length)
    if ((intOf(context.node, 'stash_type') ?? 1) !== 1) throw unsupported(node, 'with another stash_type than float')
    const n = elementCount(shape, `output of ${node.op}`)
    const row = product(shape.slice(axis))
    const hasBias = !simple && context.inputs[2] !== undefined
    for (const i of hasBias ? [1, 2] : [1]) if (product(neededF32(context, i).shape) !== row) throw sizeError(node.op, `input ${i}`)
    const perRow: ValueType = { dtype: 'f32', shape: shape.map((side, i) => (i < axis ? side : 1)) }
    const asked = (i: number): boolean => node.outputs[i] !== undefined && node.outputs[i] !== ''
    const inverse = simple ? 1 : 2
    return {
      outputs: [{ dtype: 'f32', shape }, ...node.outputs.slice(1).map(() => perRow)],
      temps: [],
      steps:
        n === 0
          ? []
          : [
              {
                kernel: LAYER_NORM_F32,
                operands: [
                  input(0),
                  input(1),
                  hasBias ? input(2) : null,
                  output(0),
                  !simple && asked(1) ? output(1) : null,
                  asked(inverse) ? output(inverse) : null,
                ],
                params: [n / row, row, floatBits(floatOf(context.node, 'epsilon') ?? 1e-5), simple ? 1 : 0],
                shared: n * 2 >= WORTH_SHARING,
              },
            ],
      cost: n * 2,
    }
  }

function lowerInstance(context: LowerContext): Lowered {
  const { node } = context
  const { shape } = neededF32(context, 0)
  if (shape.length < 3) throw new UtnetError('tensor_shape', `${node.op} of rank ${shape.length}`)
  const channels = shape[1] as number
  for (const i of [1, 2]) if (neededF32(context, i).shape.join() !== String(channels)) throw sizeError(node.op, `input ${i}`)
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
              kernel: INSTANCE_NORM_F32,
              operands: [input(0), input(1), input(2), output(0)],
              params: [n / plane, channels, plane, floatBits(floatOf(context.node, 'epsilon') ?? 1e-5)],
              shared: n * 3 >= WORTH_SHARING,
            },
          ],
    cost: n * 3,
  }
}

function lowerGroup(context: LowerContext): Lowered {
  const { node, opset } = context
  const { shape } = neededF32(context, 0)
  if (opset < 21) throw unsupported(node, 'before opset 21')
  const [batch = 1, channels = 1] = shape
  const groups = intOf(context.node, 'num_groups') ?? 1
  if (groups < 1 || channels % groups !== 0) throw new UtnetError('model_invalid', `${node.op}: ${channels} channels in ${groups} groups`)
  for (const i of [1, 2]) if (neededF32(context, i).shape.join() !== String(channels)) throw sizeError(node.op, `input ${i}`)
  const n = elementCount(shape, `output of ${node.op}`)
  return {
    outputs: [{ dtype: 'f32', shape }],
    temps: [],
    steps:
      n === 0
        ? []
        : [
            {
              kernel: GROUP_NORM_F32,
              operands: [input(0), input(1), input(2), output(0)],
              params: [batch, channels, groups, product(shape.slice(2)), floatBits(floatOf(context.node, 'epsilon') ?? 1e-5)],
              shared: n * 2 >= WORTH_SHARING,
            },
          ],
    cost: n * 2,
  }
}

function lowerLp(context: LowerContext): Lowered {
  const { node } = context
  const { shape } = neededF32(context, 0)
  const axis = axisOf(node, intOf(context.node, 'axis') ?? -1, shape.length)
  const p = intOf(context.node, 'p') ?? 2
  if (p !== 1 && p !== 2) throw new UtnetError('model_invalid', `${node.op}: p = ${p}`)
  const n = elementCount(shape, `output of ${node.op}`)
  const row = shape[axis] as number
  return {
    outputs: [{ dtype: 'f32', shape }],
    temps: [],
    steps:
      n === 0
        ? []
        : [
            {
              kernel: LP_NORM_F32,
              operands: [input(0), output(0)],
              params: [n / row, row, product(shape.slice(axis + 1)), p],
              shared: n * 2 >= WORTH_SHARING,
            },
          ],
    cost: n * 2,
  }
}

function lowerLrn(context: LowerContext): Lowered {
  const { node } = context
  const { shape } = neededF32(context, 0)
  if (shape.length !== 4) throw unsupported(node, `of rank ${shape.length}`)
  const size = intOf(context.node, 'size') ?? 0
  if (size < 1 || size % 2 === 0) throw new UtnetError('model_invalid', `${node.op}: size ${size}`)
  const n = elementCount(shape, `output of ${node.op}`)
  const alpha = Math.fround(Math.fround(floatOf(context.node, 'alpha') ?? 1e-4) / size)
  return {
    outputs: [{ dtype: 'f32', shape }],
    temps: [n * 4],
    steps:
      n === 0
        ? []
        : [
            {
              kernel: LRN_F32,
              operands: [input(0), output(0), temp(0)],
              params: [
                shape[0] as number,
                shape[1] as number,
                product(shape.slice(2)),
                size,
                floatBits(alpha),
                floatBits(floatOf(context.node, 'beta') ?? 0.75),
                floatBits(floatOf(context.node, 'bias') ?? 1),
              ],
              shared: n * 8 >= WORTH_SHARING,
            },
          ],
    cost: n * 8,
  }
}

export const NORMS: readonly (readonly [string, Lowering])[] = [
  ['LayerNormalization', layer(false)],
  ['RMSNormalization', layer(true)],
  ['InstanceNormalization', lowerInstance],
  ['GroupNormalization', lowerGroup],
  ['LpNormalization', lowerLp],
  ['LRN', lowerLrn],
]
