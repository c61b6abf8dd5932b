/** Along one axis: where the greatest or least stands, and running sums. */
import { elementCount, UtnetError, type Dtype } from '../../../core/index.ts'
import type { LowerContext, Lowered, Lowering, LowerInput } from '../lowering.ts'
import { input, output } from '../operands.ts'
import { intOf } from '../../graph/index.ts'
import { axisOf, needed, unsupported } from '../read.ts'
import { WORTH_SHARING, product } from './float-input.ts'

/** As `guest/operators/exact/assembly/elementwise/along.ts` numbers them. */
const ARG: Partial<Record<Dtype, number>> = { f32: 250, f64: 251, s32: 252, s64: 253, s8: 254, u8: 255 }
const CUMULATE: Partial<Record<Dtype, number>> = { f32: 260, f64: 261, s32: 262, s64: 263 }

const arg =
  (least: boolean): Lowering =>
  (context) => {
    const { node } = context
    const x = needed(context, 0)
    const kernel = ARG[x.dtype]
    if (kernel === undefined) throw unsupported(node, `for ${x.dtype}`)
    if (x.shape.length === 0) throw unsupported(node, 'of rank 0')
    const axis = axisOf(node, intOf(context.node, 'axis') ?? 0, x.shape.length)
    const keep = (intOf(context.node, 'keepdims') ?? 1) !== 0
    const shape = x.shape.flatMap((side, i) => (i === axis ? (keep ? [1] : []) : [side]))
    const n = elementCount(x.shape, `input of ${node.op}`)
    const rows = elementCount(shape, `output of ${node.op}`)
    if (n === 0 && rows > 0) throw unsupported(node, 'of nothing')
    const last = intOf(context.node, 'select_last_index') ?? 0
    // of one axis alone, onnxruntime takes a NaN for greatest and for least
    const nanFirst = x.shape.length === 1 && last === 0 ? 1 : 0
    const params = [rows, x.shape[axis] as number, product(x.shape.slice(axis + 1)), least ? 1 : 0, last, nanFirst]
    return {
      outputs: [{ dtype: 's64', shape }],
      temps: [],
      steps: n === 0 ? [] : [{ kernel, operands: [input(0), output(0)], params, shared: n >= WORTH_SHARING }],
      cost: n,
    }
  }

function axisInput(op: string, axis: LowerInput, rank: number): number {
  const bytes = axis.value()
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (axis.dtype === 's64' && bytes.byteLength === 8) return axisOf({ op }, Number(view.getBigInt64(0, true)), rank)
  if (axis.dtype === 's32' && bytes.byteLength === 4) return axisOf({ op }, view.getInt32(0, true), rank)
  throw new UtnetError('model_invalid', `${op}: the axis is no integer`)
}

/** Sums, or products, up to each element. */
function lowerCumulation(context: LowerContext, products: boolean): Lowered {
  const { node } = context
  const x = needed(context, 0)
  const kernel = CUMULATE[x.dtype]
  if (kernel === undefined) throw unsupported(node, `for ${x.dtype}`)
  const axis = axisInput(node.op, needed(context, 1), x.shape.length)
  const n = elementCount(x.shape, `output of ${node.op}`)
  const row = x.shape[axis] as number
  const params = [
    n / row,
    row,
    product(x.shape.slice(axis + 1)),
    intOf(context.node, 'exclusive') ?? 0,
    intOf(context.node, 'reverse') ?? 0,
    products ? 1 : 0,
  ]
  return {
    outputs: [{ dtype: x.dtype, shape: x.shape }],
    temps: [],
    steps: n === 0 ? [] : [{ kernel, operands: [input(0), output(0)], params, shared: n >= WORTH_SHARING }],
    cost: n,
  }
}

export const ALONG: readonly (readonly [string, Lowering])[] = [
  ['ArgMax', arg(false)],
  ['ArgMin', arg(true)],
  ['CumProd', (context) => lowerCumulation(context, true)],
  ['CumSum', (context) => lowerCumulation(context, false)],
]
