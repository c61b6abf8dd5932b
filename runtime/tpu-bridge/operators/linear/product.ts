/** Shapes of a product of matrices (ONNX, MatMul), as onnxruntime sees them: which rows make up one matrix decides which of its kernels runs. */
import { UtnetError } from '../../../core/index.ts'

interface Product {
  readonly m: number
  readonly k: number
  readonly n: number
  /** How often [m, k] is multiplied by [k, n]. */
  readonly matrices: number
  /** Matrices that b holds. */
  readonly ofB: number
  readonly shape: readonly number[]
  /** For the kernels: dimensions of the batch, then of each its side and how many matrices of a and b lie between two. */
  readonly batch: readonly number[]
}

const product = (sides: readonly number[]): number => sides.reduce((n, d) => n * d, 1)

/** Throws `tensor_shape` where a and b do not fit, `model_invalid` for scalars. */
export function productOf(op: string, a: readonly number[], b: readonly number[]): Product {
  if (a.length === 0 || b.length === 0) throw new UtnetError('model_invalid', `${op} takes no scalars`)
  const wrong = (): UtnetError => new UtnetError('tensor_shape', `${op} of [${a.join()}] and [${b.join()}]`)
  const k = a.at(-1) as number
  const n = b.length === 1 ? 1 : (b.at(-1) as number)
  if (b.at(b.length === 1 ? -1 : -2) !== k) throw wrong()
  const matricesB = b.slice(0, -2)
  const rows = a.slice(0, -1)
  // one matrix on the right: all rows of the left are one matrix
  if (b.length > 1 && a.length >= Math.max(2, b.length) && matricesB.every((d) => d === 1))
    return { m: product(rows), k, n, matrices: 1, ofB: 1, shape: [...rows, n], batch: [0] }
  // a vector on the right: each row of the left is a matrix of its own
  const matricesA = b.length === 1 ? rows : a.slice(0, -2)
  const m = b.length === 1 || a.length === 1 ? 1 : (a.at(-2) as number)
  const rank = Math.max(matricesA.length, matricesB.length)
  const sides: number[] = []
  const dims: number[] = []
  let [betweenA, betweenB] = [1, 1]
  for (let i = 1; i <= rank; i++) {
    const [l, r] = [matricesA.at(-i) ?? 1, matricesB.at(-i) ?? 1]
    if (l !== r && l !== 1 && r !== 1) throw wrong()
    const side = l === 1 ? r : l
    sides.unshift(side)
    dims.unshift(side, l === 1 ? 0 : betweenA, r === 1 ? 0 : betweenB)
    betweenA *= l
    betweenB *= r
  }
  const shape = [...sides, ...(b.length === 1 || a.length === 1 ? [] : [m]), ...(b.length === 1 ? [] : [n])]
  return { m, k, n, matrices: product(sides), ofB: product(matricesB), shape, batch: [rank, ...dims] }
}
