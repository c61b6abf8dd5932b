/**
 * What a run would take on a weight-stationary systolic array: a model of time in whole cycles, never a measurement. Products go through the array, everything else through
 * the vector unit; memory is read and written beside the work (double buffering), so an operator takes the longer of the two. Form of the array: Jouppi et al., "In-Datacenter
 * Performance Analysis of a Tensor Processing Unit", 2017; the sizes are those of no product.
 */
import { DTYPES, type TensorType, type TraceEntry } from '../../../core/index.ts'

export interface Systolic {
  /** Rows and columns of the array: one int8 multiply-add each in a cycle. */
  readonly side: number
  /** Passes that one f32 product takes through an int8 array. */
  readonly floatPasses: number
  /** Elements that the vector unit does in a cycle. */
  readonly lanes: number
  /** Bytes that the device memory moves in a cycle. */
  readonly memoryBytes: number
  /** Cycles in a microsecond. */
  readonly megahertz: number
}

export const SYSTOLIC: Systolic = { side: 128, floatPasses: 4, lanes: 1_024, memoryBytes: 640, megahertz: 940 }

const PRODUCTS: ReadonlySet<string> = new Set([
  'Conv',
  'ConvTranspose',
  'MatMul',
  'Gemm',
  'com.microsoft.FusedConv',
  'ConvInteger',
  'MatMulInteger',
  'QLinearConv',
  'QLinearMatMul',
])

const bytesOf = ({ dtype, shape }: TensorType): number => shape.reduce((n, side) => n * side, DTYPES[dtype])

/** Cycles of one operator. `operands` are the types of its inputs, in any order. */
export function cyclesOf({ operator, types, cost }: TraceEntry, operands: readonly TensorType[], array: Systolic = SYSTOLIC): number {
  const moved = [...operands, ...types].reduce((n, t) => n + bytesOf(t), 0)
  const memory = Math.ceil(moved / array.memoryBytes)
  if (!PRODUCTS.has(operator)) return Math.max(memory, Math.ceil(cost / array.lanes))
  const passes = operands.every(({ dtype }) => DTYPES[dtype] === 1 || dtype === 's32') ? 1 : array.floatPasses
  // weights go in over one side, results come out over the other
  const compute = Math.ceil(cost / (array.side * array.side)) * passes + 2 * array.side
  return Math.max(memory, compute)
}

/** Nanoseconds of so many cycles, whole ones. */
export const nanosecondsOf = (cycles: number, { megahertz }: Systolic = SYSTOLIC): number => Math.ceil((cycles * 1_000) / megahertz)
