/** Functions of one f32 operand. */
import { elementCount } from '../../../core/index.ts'
import type { LowerContext, Lowered, Lowering, LowerInput } from '../lowering.ts'
import { floatBits, input, output } from '../operands.ts'
import { attribute, needed, neededF32, textAttribute, unsupported, WORTH_SHARING } from './attributes.ts'

/** As `guest/operators/exact/assembly/elementwise/unary.ts` numbers them. */
const UNARY_F32 = 210
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
  const cost = n * (operation >= FIRST_SCALAR || operation === 5 || operation === 6 || operation === 17 || operation === 18 ? 8 : 1)
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
  (context) =>
    lowered({
      op: context.node.op,
      x: neededF32(context, 0),
      operation,
      first: first === undefined ? 0 : attribute(context, first[0], 'float', first[1]),
      second: second === undefined ? 0 : attribute(context, second[0], 'float', second[1]),
    })

const LOWEST = -3.4028234663852886e38

/** A bound is an attribute before opset 11, an input since. */
function bound(context: LowerContext, index: number, name: string, otherwise: number): number {
  if (context.opset < 11) return attribute(context, name, 'float', otherwise)
  const given = context.inputs[index]
  if (given === undefined) return otherwise
  const bytes = given.value()
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getFloat32(0, true)
}

function lowerClip(context: LowerContext): Lowered {
  const x = neededF32(context, 0)
  return lowered({ op: 'Clip', x, operation: CLIP, first: bound(context, 1, 'min', LOWEST), second: bound(context, 2, 'max', -LOWEST) })
}

function lowerGelu(context: LowerContext): Lowered {
  if (textAttribute(context, 'approximate', 'none') !== 'none') throw unsupported('Gelu', 'with an approximation')
  return lowered({ op: 'Gelu', x: neededF32(context, 0), operation: 18 })
}

const hardSwish: Lowering = (context) =>
  lowered({ op: 'HardSwish', x: needed(context, 0), operation: 4, first: Math.fround(1 / 6), second: 0.5 })

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
]
