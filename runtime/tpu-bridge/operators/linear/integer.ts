/** MatMulInteger: products of integers of eight bits, exact. */
import { elementCount, UtnetError } from '../../../core/index.ts'
import type { LowerContext, Lowered, LowerInput, Operand, Step } from '../lowering.ts'
import { input, output, temp } from '../operands.ts'
import { SHARED_COST } from './matmul.ts'
import { productOf } from './product.ts'

const WIDEN_ROWS = 130
const WIDEN_COLUMNS = 131
const INTEGER_PRODUCT = 132

/** The input of that place, of eight bits. */
export function bytesInput({ node, inputs }: LowerContext, at: number): LowerInput {
  const found = inputs[at]
  if (found === undefined) throw new UtnetError('model_invalid', `${node.op} takes an input ${at}`)
  if (found.dtype !== 'u8' && found.dtype !== 's8') throw new UtnetError('operator_unsupported', `${node.op} of ${found.dtype}`)
  return found
}

const product = (sides: readonly number[]): number => sides.reduce((n, d) => n * d, 1)

/** How many zero points there are: 0 for none or one for all, else `many`. */
function zerosOf({ node, inputs }: LowerContext, at: number, of: LowerInput, many: number): number {
  const zeros = inputs[at]
  if (zeros === undefined) return 0
  const count = product(zeros.shape)
  if (zeros.dtype !== of.dtype) throw new UtnetError('model_invalid', `a zero point of ${node.op} is ${zeros.dtype}, not ${of.dtype}`)
  if (count === 1) return 0
  if (count !== many || zeros.shape.length > 1)
    throw new UtnetError('operator_unsupported', `${node.op} with zero points [${zeros.shape.join()}]`)
  return many
}

interface Places {
  readonly a: number
  readonly b: number
  readonly zeroA: number
  readonly zeroB: number
}

/** The product of inputs `at.a` and `at.b` into `out`, by two temporaries. */
export function integerSteps(context: LowerContext, at: Places, out: Operand) {
  const { node, inputs } = context
  const [a, b] = [bytesInput(context, at.a), bytesInput(context, at.b)]
  const { m, k, n, matrices, ofB, shape, batch } = productOf(node.op, a.shape, b.shape)
  const cost = matrices * m * n * k
  if (elementCount(shape, `output of ${node.op}`) === 0 || k === 0) throw new UtnetError('operator_unsupported', `${node.op} of nothing`)
  const rows = product(a.shape) / k
  // onnxruntime takes one zero point for all rows
  if (zerosOf(context, at.zeroA, a, 1) !== 0) throw new UtnetError('operator_unsupported', `${node.op} with a zero point a row`)
  const columns = zerosOf(context, at.zeroB, b, n)
  const pairs = Math.ceil(k / 2)
  const zero = (place: number): Operand => (inputs[place] === undefined ? null : input(place))
  const steps: readonly Step[] = [
    { kernel: WIDEN_ROWS, operands: [input(at.a), zero(at.zeroA), temp(0)], params: [rows, k, a.dtype === 's8' ? 1 : 0], shared: false },
    {
      kernel: WIDEN_COLUMNS,
      operands: [input(at.b), zero(at.zeroB), temp(1)],
      params: [ofB, k, n, b.dtype === 's8' ? 1 : 0, columns === 0 ? 0 : 1],
      shared: false,
      once: b.constant && (inputs[at.zeroB]?.constant ?? true),
    },
    { kernel: INTEGER_PRODUCT, operands: [temp(0), temp(1), out], params: [m, k, n, ...batch], shared: cost > SHARED_COST },
  ]
  return { shape, n, cost, temps: [4 * rows * pairs, 32 * ofB * Math.ceil(n / 8) * pairs], steps }
}

export function lowerMatMulInteger(context: LowerContext): Lowered {
  const { shape, temps, steps, cost } = integerSteps(context, { a: 0, b: 1, zeroA: 2, zeroB: 3 }, output(0))
  return { outputs: [{ dtype: 's32', shape }], temps, steps, cost }
}
