/** What lowerings read off the inputs that shapes hang on, axes among them, and how they refuse. */
import { DTYPES, elementCount, limitError, LIMITS, UtnetError } from '../../core/index.ts'
import type { Dtype } from '../../core/index.ts'
import { intsOf, type Node } from '../graph/index.ts'
import type { LowerContext, LowerInput } from './lowering.ts'

/** What a refusal names. */
type Named = Pick<Node, 'op'>

/** The input of that place. Throws `model_invalid` where it was left out. */
export function needed({ node, inputs }: LowerContext, index: number): LowerInput {
  const found = inputs[index]
  if (found === undefined) throw new UtnetError('model_invalid', `${node.op} lacks input ${index}`)
  return found
}

/** Integers of an input, of any integer dtype; those beyond 2^53 as the nearest that a number holds. */
export function integers(given: LowerInput): readonly number[] {
  const bytes = given.value()
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const width = DTYPES[given.dtype]
  return Array.from({ length: bytes.length / width }, (_, i) => integerAt(view, given.dtype, i * width))
}

function integerAt(view: DataView, dtype: Dtype, at: number): number {
  switch (dtype) {
    case 's64':
      return Number(view.getBigInt64(at, true))
    case 'u64':
      return Number(view.getBigUint64(at, true))
    case 's32':
      return view.getInt32(at, true)
    case 'u32':
      return view.getUint32(at, true)
    case 's16':
      return view.getInt16(at, true)
    case 'u16':
      return view.getUint16(at, true)
    case 's8':
      return view.getInt8(at)
    case 'u8':
    case 'boolean':
      return view.getUint8(at)
    default:
      throw new UtnetError('model_invalid', `integers are asked for, ${dtype} is given`)
  }
}

/** Values of an f32 or f64 input. */
export function floats(given: LowerInput): readonly number[] {
  const bytes = given.value()
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  if (given.dtype === 'f32') return Array.from({ length: bytes.length / 4 }, (_, i) => view.getFloat32(i * 4, true))
  if (given.dtype === 'f64') return Array.from({ length: bytes.length / 8 }, (_, i) => view.getFloat64(i * 8, true))
  throw new UtnetError('model_invalid', `floats are asked for, ${given.dtype} is given`)
}

/** An axis, counted from the end where it is below zero. Throws `model_invalid` outside the rank. */
export function axisOf(node: Named, axis: number, rank: number): number {
  const from = axis < 0 ? axis + rank : axis
  if (!Number.isInteger(from) || from < 0 || from >= rank)
    throw new UtnetError('model_invalid', `axis ${axis} of ${node.op} is outside a rank of ${rank}`)
  return from
}

/** Axes, each once. */
export function axesOf(node: Named, axes: readonly number[], rank: number): readonly number[] {
  const found = axes.map((axis) => axisOf(node, axis, rank))
  if (new Set(found).size !== found.length) throw new UtnetError('model_invalid', `${node.op} names an axis twice`)
  return found
}

/** What a node takes as an input from some operator set on, and had as an attribute before. */
export function intsAt(context: LowerContext, name: string, index: number, since: number): readonly number[] | undefined {
  if (context.opset < since) return intsOf(context.node, name)
  const given = context.inputs[index]
  return given === undefined ? undefined : integers(given)
}

/** Elements of a shape within the limits. */
export const countOf = (node: Node, shape: readonly number[]): number => elementCount(shape, `a value of ${node.op}`)

export const unsupported = (node: Named, why: string): UtnetError => new UtnetError('operator_unsupported', `${node.op}: ${why}`)
export const invalid = (node: Named, why: string): UtnetError => new UtnetError('model_invalid', `${node.op}: ${why}`)
/** Shapes of actual inputs that do not go together. */
export const misshapen = (node: Named, why: string): UtnetError => new UtnetError('tensor_shape', `${node.op}: ${why}`)

/** Parameters with tables in them, within the limit. Throws `operator_unsupported` over it; `count` is given where they are not made yet. */
export function tables(node: Node, params: readonly number[], count = params.length): readonly number[] {
  if (count > LIMITS.kernelWords)
    throw limitError('operator_unsupported', 'kernelWords', count, LIMITS.kernelWords, `places and weights of ${node.op}`)
  return params
}
