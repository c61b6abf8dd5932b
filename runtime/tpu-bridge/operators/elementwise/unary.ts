/** Functions of one f32 operand. */
import { elementCount, UtnetError } from '../../../core/index.ts'
import type { LowerContext, Lowered, Lowering, LowerInput, Operand, Step } from '../lowering.ts'
import { floatBits, input, output, temp } from '../operands.ts'
import { floatOf, textOf } from '../../graph/index.ts'
import { needed } from '../read.ts'
import { WORTH_SHARING, neededF32 } from './float-input.ts'
import { broadcast } from './broadcast.ts'
import { lowerClipNumbers, lowerNumbers, special } from './numbers.ts'

/** As `guest/operators/exact/assembly/elementwise/unary.ts` numbers them. */
const UNARY_F32 = 210
const BINARY_F32 = 200
const MULTIPLY = 2
const CLIP = 1
const FIRST_SCALAR = 32

interface Shape1 {
  readonly op: string
  readonly x: LowerInput
  readonly operation: number
  readonly first?: number
  readonly second?: number
}

function lowered({ op, x, operation, first = 0, second = 0 }: Shape1): Lowered {
  const n = elementCount(x.shape, `output of ${op}`)
  const cost = n * (operation >= FIRST_SCALAR || operation === 5 || operation === 6 || (operation >= 17 && operation <= 22) ? 8 : 1)
  return {
    outputs: [{ dtype: 'f32', shape: x.shape }],
    temps: [],
    steps:
      n === 0
        ? []
        : [
            {
              kernel: UNARY_F32,
              operands: [input(0), output(0)],
              params: [operation, n, floatBits(first), floatBits(second)],
              shared: cost >= WORTH_SHARING,
            },
          ],
    inPlace: [[0, 0]],
    cost,
  }
}

/** With up to two attributes, [name, default]. */
const plain =
  (operation: number, first?: readonly [string, number], second?: readonly [string, number]): Lowering =>
  (context) => {
    const { op } = context.node
    const x = needed(context, 0)
    if (x.dtype !== 'f32') return lowerNumbers(op, x, operation)
    return lowered({
      op,
      x,
      operation,
      first: first === undefined ? 0 : (floatOf(context.node, first[0]) ?? first[1]),
      second: second === undefined ? 0 : (floatOf(context.node, second[0]) ?? second[1]),
    })
  }

const LOWEST = -3.4028234663852886e38

/** A bound is an attribute before opset 11, an input since. */
function bound(context: LowerContext, index: number, name: string, otherwise: number): number {
  if (context.opset < 11) return floatOf(context.node, name) ?? otherwise
  const given = context.inputs[index]
  if (given === undefined) return otherwise
  const bytes = given.value()
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getFloat32(0, true)
}

function lowerClip(context: LowerContext): Lowered {
  const x = needed(context, 0)
  if (x.dtype !== 'f32') return context.opset < 11 ? lowerNumbers('Clip', x, -1) : lowerClipNumbers(context, x)
  return lowered({ op: 'Clip', x, operation: CLIP, first: bound(context, 1, 'min', LOWEST), second: bound(context, 2, 'max', -LOWEST) })
}

function lowerGelu(context: LowerContext): Lowered {
  const approximate = textOf(context.node, 'approximate') ?? 'none'
  if (approximate !== 'none' && approximate !== 'tanh') throw new UtnetError('model_invalid', `Gelu: approximate ${approximate}`)
  return lowered({ op: 'Gelu', x: neededF32(context, 0), operation: approximate === 'none' ? 18 : 22 })
}

/** x times tanh of softplus, as three steps: what onnxruntime makes of it. */
function lowerMish(context: LowerContext): Lowered {
  const x = neededF32(context, 0)
  const n = elementCount(x.shape, 'output of Mish')
  const one = (operation: number, from: Operand, to: Operand): Step => ({
    kernel: UNARY_F32,
    operands: [from, to],
    params: [operation, n, 0, 0],
    shared: n * 8 >= WORTH_SHARING,
  })
  const times: Step = {
    kernel: BINARY_F32,
    operands: [input(0), temp(1), output(0)],
    params: [MULTIPLY, ...broadcast('Mish', [n], [n]).params],
    shared: n >= WORTH_SHARING,
  }
  return {
    outputs: [{ dtype: 'f32', shape: x.shape }],
    temps: [n * 4, n * 4],
    steps: n === 0 ? [] : [one(48, input(0), temp(0)), one(6, temp(0), temp(1)), times],
    cost: n * 17,
  }
}

const hardSwish: Lowering = (context) =>
  lowered({ op: 'HardSwish', x: neededF32(context, 0), operation: 4, first: Math.fround(1 / 6), second: 0.5 })

export const UNARY: readonly (readonly [string, Lowering])[] = [
  ['Relu', plain(0)],
  ['Clip', lowerClip],
  ['LeakyRelu', plain(2, ['alpha', 0.01])],
  ['HardSigmoid', plain(3, ['alpha', 0.2], ['beta', 0.5])],
  ['HardSwish', hardSwish],
  ['Sigmoid', plain(5)],
  ['Tanh', plain(6)],
  ['Neg', plain(7)],
  ['Abs', plain(8)],
  ['Reciprocal', plain(9)],
  ['Sqrt', plain(10)],
  ['Floor', plain(11)],
  ['Ceil', plain(12)],
  ['Round', plain(13)],
  ['Sign', plain(14)],
  ['ThresholdedRelu', plain(15, ['alpha', 1])],
  ['Softsign', plain(16)],
  ['Erf', plain(17)],
  ['Gelu', lowerGelu],
  ['Mish', lowerMish],
  ['Swish', plain(19, ['alpha', 1])],
  ['com.microsoft.Gelu', lowerGelu],
  ['com.microsoft.QuickGelu', plain(19, ['alpha', 1.702])],
  ['IsNaN', special('nan')],
  ['IsInf', special('infinity')],
  ['Exp', plain(21)],
  ['Log', plain(33)],
  ['Sin', plain(34)],
  ['Cos', plain(35)],
  ['Tan', plain(36)],
  ['Asin', plain(37)],
  ['Acos', plain(38)],
  ['Atan', plain(39)],
  ['Sinh', plain(40)],
  ['Cosh', plain(41)],
  ['Asinh', plain(42)],
  ['Acosh', plain(43)],
  ['Atanh', plain(44)],
  ['Elu', plain(45, ['alpha', 1])],
  ['Selu', plain(46, ['alpha', 1.67326319217681884765625], ['gamma', 1.05070102214813232421875])],
  ['Celu', plain(47, ['alpha', 1])],
  ['Softplus', plain(48)],
  ['Shrink', plain(49, ['lambd', 0.5], ['bias', 0])],
]
