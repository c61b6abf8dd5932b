/** Gemm of f32: alpha A B + beta C. */
import { elementCount, UtnetError } from '../../../core/index.ts'
import type { LowerContext, Lowered, LowerInput, Operand, Step } from '../lowering.ts'
import { floatBits, input, output, temp } from '../operands.ts'
import { floatOf, intOf } from '../../graph/index.ts'
import { gemmBlock, PACKED_BLOCK, TRANSPOSED_BLOCK } from './blocks.ts'
import { f32Inputs, MATMUL, packedBytes, packStep, SHARED_COST, TRANSPOSE, VECTOR } from './matmul.ts'

export const ADDEND = 104

/** Values of C from row to row and from column to column. Throws `tensor_shape` where it does not broadcast to [m, n]. */
function stepsOf(c: readonly number[], m: number, n: number): readonly [number, number] {
  const [rows, columns] = [c.at(-2) ?? 1, c.at(-1) ?? 1]
  if (c.length > 2 || (rows !== 1 && rows !== m) || (columns !== 1 && columns !== n))
    throw new UtnetError('tensor_shape', `Gemm adds [${c.join()}] to [${m},${n}]`)
  return [rows === 1 ? 0 : columns, columns === 1 ? 0 : 1]
}

export function lowerGemm(context: LowerContext): Lowered {
  const { node, inputs } = context
  const [a, b] = f32Inputs(context, 2) as [LowerInput, LowerInput]
  const c = inputs[2]
  const [transA, transB] = [(intOf(node, 'transA') ?? 0) !== 0, (intOf(node, 'transB') ?? 0) !== 0]
  const [alpha, wantedBeta] = [Math.fround(floatOf(node, 'alpha') ?? 1), Math.fround(floatOf(node, 'beta') ?? 1)]
  if (a.shape.length !== 2 || b.shape.length !== 2) throw new UtnetError('tensor_shape', 'Gemm takes matrices')
  if (c !== undefined && c.dtype !== 'f32') throw new UtnetError('operator_unsupported', `Gemm of ${c.dtype}`)
  const [m, k] = (transA ? [...a.shape].reverse() : a.shape) as [number, number]
  const [inner, n] = (transB ? [...b.shape].reverse() : b.shape) as [number, number]
  if (inner !== k) throw new UtnetError('tensor_shape', `Gemm of [${a.shape.join()}] and [${b.shape.join()}]`)
  const shape = [m, n]
  const outputs = [{ dtype: 'f32', shape }] as const
  const cost = m * n * k
  const shared = cost > SHARED_COST
  const beta = c === undefined ? 0 : wantedBeta
  const [rowStep, step] = c === undefined ? [0, 0] : stepsOf(c.shape, m, n)
  if (elementCount(shape, 'output of Gemm') === 0) return { outputs, temps: [], steps: [], cost }
  const add = beta === 0 ? 0 : 1
  // without anything to multiply, onnxruntime leaves C as it is
  const factor = k === 0 ? 1 : beta
  const addend: Step[] =
    add === 0 ? [] : [{ kernel: ADDEND, operands: [input(2), output(0)], params: [m, n, rowStep, step, floatBits(factor)], shared: false }]
  const packed = b.constant
  // one row, unpacked and as it lies: MLAS has a kernel of its own
  if (m === 1 && !packed && !transA && !transB && alpha === 1 && (beta === 0 || beta === 1) && k > 0) {
    const vector: Step = { kernel: VECTOR, operands: [input(0), input(1), output(0)], params: [k, n, add, 0], shared }
    return { outputs, temps: [], steps: [...addend, vector], cost }
  }
  const block = packed ? PACKED_BLOCK : transA ? TRANSPOSED_BLOCK : gemmBlock(n, k)
  const left: Operand = transA ? temp(1) : input(0)
  const turn: Step = { kernel: TRANSPOSE, operands: [input(0), temp(1)], params: [1, k, m], shared: false, once: a.constant }
  return {
    outputs,
    temps: [packedBytes(k, n), ...(transA ? [4 * m * k] : [])],
    steps: [
      packStep(input(1), 0, 1, k, n, transB, b.constant),
      ...(transA ? [turn] : []),
      ...addend,
      { kernel: MATMUL, operands: [left, temp(0), output(0)], params: [m, k, n, block, floatBits(alpha), add, 0], shared },
    ],
    cost,
  }
}
