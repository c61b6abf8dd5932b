/** MatMul of f32. */
import { elementCount, UtnetError } from '../../../core/index.ts'
import type { LowerContext, Lowered, LowerInput, Operand, Step } from '../lowering.ts'
import { floatBits, input, output, temp } from '../operands.ts'
import { gemmBlock, PACKED_BLOCK } from './blocks.ts'
import { productOf } from './product.ts'

const PACK = 100
export const MATMUL = 101
export const VECTOR = 102
export const TRANSPOSE = 103

/** Multiply-adds from which on it pays to wake another thread. */
export const SHARED_COST = 200_000

/** Bytes of a matrix [k, n] in panels of eight columns. */
export const packedBytes = (k: number, n: number): number => Math.ceil(n / 8) * 32 * k

/** Packs `matrices` matrices b, [k, n] or, transposed, [n, k], into temporary `out`. */
export const packStep = (b: Operand, out: number, matrices: number, k: number, n: number, transposed: boolean, once: boolean): Step => ({
  kernel: PACK,
  operands: [b, temp(out)],
  params: [matrices, k, n, transposed ? 1 : 0],
  shared: matrices * k * n > SHARED_COST,
  once,
})

/** The first `count` inputs, which must be there and f32. */
export function f32Inputs({ node, inputs }: LowerContext, count: number): LowerInput[] {
  return Array.from({ length: count }, (_, i) => {
    const found = inputs[i]
    if (found === undefined) throw new UtnetError('model_invalid', `${node.op} takes ${count} inputs at least`)
    if (found.dtype !== 'f32') throw new UtnetError('operator_unsupported', `${node.op} of ${found.dtype}`)
    return found
  })
}

export function lowerMatMul(context: LowerContext): Lowered {
  const [a, b] = f32Inputs(context, 2) as [LowerInput, LowerInput]
  const { m, k, n, matrices, ofB, shape, batch } = productOf('MatMul', a.shape, b.shape)
  const outputs = [{ dtype: 'f32', shape }] as const
  const cost = matrices * m * n * k
  const shared = cost > SHARED_COST
  if (elementCount(shape, 'output of MatMul') === 0) return { outputs, temps: [], steps: [], cost }
  // onnxruntime packs a constant matrix beforehand where it has two dimensions, and then has no special way for one row
  const packed = b.constant && b.shape.length === 2
  if (m === 1 && !packed && k > 0) {
    const step: Step = { kernel: VECTOR, operands: [input(0), input(1), output(0)], params: [k, n, 0, ...batch], shared }
    return { outputs, temps: [], steps: [step], cost }
  }
  const params = [m, k, n, packed ? PACKED_BLOCK : gemmBlock(n, k), floatBits(1), 0, ...batch]
  return {
    outputs,
    temps: [ofB * packedBytes(k, n)],
    steps: [
      packStep(input(1), 0, ofB, k, n, false, b.constant),
      { kernel: MATMUL, operands: [input(0), temp(0), output(0)], params, shared },
    ],
    cost,
  }
}
