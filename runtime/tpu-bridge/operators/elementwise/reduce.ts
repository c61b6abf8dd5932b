/** Axes reduced to one value. */
import { elementCount, type Dtype } from '../../../core/index.ts'
import type { LowerContext, Lowered, Lowering, Step } from '../lowering.ts'
import { input, output } from '../operands.ts'
import { intOf, intsOf } from '../../graph/index.ts'
import { axisOf, needed, unsupported } from '../read.ts'
import { WORTH_SHARING, integersOf } from './float-input.ts'

/** As `guest/operators/exact/assembly/elementwise/reduce.ts` numbers them. */
const KERNELS: Partial<Record<Dtype, number>> = { f32: 240, f64: 241, s32: 242, s64: 243, s8: 244, u8: 245, boolean: 245 }
const OPERATIONS = { Sum: 0, Mean: 1, Max: 2, Min: 3, Prod: 4, L1: 5, L2: 6, LogSum: 7, LogSumExp: 8, SumSquare: 9 } as const
type Operation = keyof typeof OPERATIONS

/** Sides that lie together and are all kept or all reduced, as one. */
interface Segment {
  readonly side: number
  readonly reduced: boolean
}

function segmentsOf(shape: readonly number[], axes: ReadonlySet<number>): Segment[] {
  const found: Segment[] = []
  shape.forEach((side, i) => {
    const last = found.at(-1)
    // a side of 1 parts nothing
    if (side === 1) return
    if (last !== undefined && last.reduced === axes.has(i)) found[found.length - 1] = { ...last, side: last.side * side }
    else found.push({ side, reduced: axes.has(i) })
  })
  return found
}

/** Attribute `axes` at first, an input later (opset 13 for ReduceSum, 18 for the others). Undefined: none are named. */
function axesOf(context: LowerContext, rank: number): number[] | undefined {
  const { node, inputs } = context
  const named = inputs[1] === undefined ? intsOf(context.node, 'axes') : integersOf(node, inputs[1])
  if (named === undefined || named.length === 0) return undefined
  return named.map((axis) => axisOf(node, axis, rank))
}

/** What Eigen sums begin with their first element, if all is one run. */
const FROM_FIRST: ReadonlySet<Operation> = new Set(['Sum', 'Mean', 'LogSum', 'LogSumExp', 'Prod'])

/** How onnxruntime begins each output: it decides the sign of a zero, and the order of sums down columns. */
function beginOf(operation: Operation, pattern: string): number {
  if (operation === 'Max' || operation === 'Min') return 1
  if (pattern === 'R') return FROM_FIRST.has(operation) ? 1 : 0
  if (operation !== 'Sum' && operation !== 'Mean') return 0
  return pattern === 'K' || pattern === 'KR' || pattern === 'RK' ? 1 : pattern === 'KRK' ? 2 : pattern === 'RKR' ? 3 : 0
}

/** Kept and reduced axes, where sums of 64-bit integers go in order. */
const KNOWN_ORDER: ReadonlySet<string> = new Set(['', 'K', 'R', 'KR', 'RK', 'KRK'])

/** What each becomes where there is nothing to reduce (ONNX, since opset 18). */
const NEUTRAL: Readonly<Record<Operation, number>> = {
  Sum: 0,
  Mean: Number.NaN,
  Max: Number.NEGATIVE_INFINITY,
  Min: Number.POSITIVE_INFINITY,
  Prod: 1,
  L1: 0,
  L2: 0,
  LogSum: Number.NEGATIVE_INFINITY,
  LogSumExp: Number.NEGATIVE_INFINITY,
  SumSquare: 0,
}

function ofNothing(op: string, operation: Operation, dtype: Dtype, shape: readonly number[], outputs: number): Lowered {
  if (dtype !== 'f32' || operation === 'Mean') throw unsupported({ op }, `of nothing of ${dtype}`)
  const bytes = new Uint8Array(new Float32Array(outputs).fill(NEUTRAL[operation]).buffer)
  return { outputs: [{ dtype, shape }], temps: [], steps: [], known: new Map([[0, bytes]]), cost: outputs }
}

const reduce =
  (operation: Operation, dtypes: readonly Dtype[]): Lowering =>
  (context) => {
    const { node, opset } = context
    const x = needed(context, 0)
    const kernel = KERNELS[x.dtype]
    if (kernel === undefined || !dtypes.includes(x.dtype)) throw unsupported(node, `for ${x.dtype}`)
    const rank = x.shape.length
    const named = axesOf(context, rank)
    const keep = (intOf(context.node, 'keepdims') ?? 1) !== 0
    if (named === undefined && (intOf(context.node, 'noop_with_empty_axes') ?? 0) !== 0 && opset >= 13)
      return { outputs: [x], temps: [], steps: [], aliases: [[0, 0]], cost: 0 }
    const axes = new Set(named ?? x.shape.map((_, i) => i))
    const shape = x.shape.flatMap((side, i) => (axes.has(i) ? (keep ? [1] : []) : [side]))
    const n = elementCount(x.shape, `input of ${node.op}`)
    const outputs = elementCount(shape, `output of ${node.op}`)
    if (n === 0 && outputs > 0) return ofNothing(node.op, operation, x.dtype, shape, outputs)
    return {
      outputs: [{ dtype: x.dtype, shape }],
      temps: [],
      steps: n === 0 ? [] : [stepOf()],
      cost: n * (operation === 'LogSumExp' ? 8 : 1),
    }

    function stepOf(): Step {
      const segments = segmentsOf(x.shape, axes)
      const pattern = segments.map((s) => (s.reduced ? 'R' : 'K')).join('')
      // beyond 2^53 the order of a sum shows, and that of these is not known
      if (x.dtype === 's64' && operation !== 'Max' && operation !== 'Min' && !KNOWN_ORDER.has(pattern))
        throw unsupported(node, `for s64 along axes that do not lie together`)
      const inner = segments.at(-1) ?? { side: 1, reduced: true }
      const kept: number[] = []
      const reduced: number[] = []
      let step = inner.side
      for (const { side, reduced: gone } of segments.slice(0, -1).reverse()) {
        ;(gone ? reduced : kept).push(side, step)
        step *= side
      }
      return {
        kernel: kernel as number,
        operands: [input(0), output(0)],
        params: [
          OPERATIONS[operation],
          beginOf(operation, pattern === '' ? 'R' : pattern),
          inner.side,
          inner.reduced ? 1 : 0,
          outputs,
          n / outputs,
          kept.length / 2,
          ...kept,
          reduced.length / 2,
          ...reduced,
        ],
        shared: n >= WORTH_SHARING,
      }
    }
  }

export const REDUCE: readonly (readonly [string, Lowering])[] = [
  ['ReduceSum', reduce('Sum', ['f32', 'f64', 's32', 's64'])],
  ['ReduceMean', reduce('Mean', ['f32', 'f64', 's32'])],
  ['ReduceMax', reduce('Max', ['f32', 'f64', 's32', 's64', 's8', 'u8', 'boolean'])],
  ['ReduceMin', reduce('Min', ['f32', 'f64', 's32', 's64', 's8', 'u8', 'boolean'])],
  ['ReduceProd', reduce('Prod', ['f32', 'f64', 's32'])],
  ['ReduceL1', reduce('L1', ['f32', 'f64', 's32'])],
  ['ReduceL2', reduce('L2', ['f32', 'f64', 's32'])],
  ['ReduceLogSum', reduce('LogSum', ['f32'])],
  ['ReduceLogSumExp', reduce('LogSumExp', ['f32', 'f64'])],
  ['ReduceSumSquare', reduce('SumSquare', ['f32', 'f64', 's32'])],
]
