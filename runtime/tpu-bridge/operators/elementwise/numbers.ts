/** Functions of one operand of doubles or integers, and what asks for NaNs and infinities. */
import { elementCount, UtnetError, type Dtype } from '../../../core/index.ts'
import type { LowerContext, Lowered, LowerInput } from '../lowering.ts'
import { input, output } from '../operands.ts'
import { intOf } from '../../graph/index.ts'
import { needed, unsupported } from '../read.ts'
import { WORTH_SHARING } from './float-input.ts'

/** As `guest/operators/exact/assembly/elementwise/numbers.ts` numbers them. */
const KERNELS: Partial<Record<Dtype, number>> = { f64: 212, s8: 213, u8: 214, s16: 215, s32: 216, u32: 217, s64: 218, u64: 219 }
const IS_SPECIAL = 222

/** Relu, Clip, Neg, Abs, Sign. */
const OF_INTEGERS = new Set([0, 1, 7, 8, 14])
/** Those and Reciprocal, Sqrt, Floor, Ceil, Round, Exp, Log. */
const OF_DOUBLES = new Set([...OF_INTEGERS, 9, 10, 11, 12, 13, 21, 33])

/** Whether another dtype than f32 has a kernel for that operation. */
const hasNumbers = (dtype: Dtype, operation: number): boolean =>
  KERNELS[dtype] !== undefined && (dtype === 'f64' ? OF_DOUBLES : OF_INTEGERS).has(operation)

/** The bounds of a Clip as 64 bits each, of which the kernel reads what the dtype has. */
export function lowerNumbers(op: string, x: LowerInput, operation: number, bounds: readonly number[] = [0, 0, 0, 0]): Lowered {
  if (!hasNumbers(x.dtype, operation)) throw unsupported({ op }, `for ${x.dtype}`)
  const n = elementCount(x.shape, `output of ${op}`)
  return {
    outputs: [{ dtype: x.dtype, shape: x.shape }],
    temps: [],
    steps:
      n === 0
        ? []
        : [
            {
              kernel: KERNELS[x.dtype] as number,
              operands: [input(0), output(0)],
              params: [operation, n, ...bounds],
              shared: n >= WORTH_SHARING,
            },
          ],
    inPlace: [[0, 0]],
    cost: n,
  }
}

const WIDTH: Partial<Record<Dtype, number>> = { f64: 8, s8: 1, u8: 1, s16: 2, s32: 4, u32: 4, s64: 8, u64: 8 }

/** Least and greatest of a dtype, as its bytes. */
function extremes(dtype: Dtype): [Uint8Array, Uint8Array] {
  const width = WIDTH[dtype] as number
  if (dtype === 'f64')
    return [-Number.MAX_VALUE, Number.MAX_VALUE].map((v) => new Uint8Array(Float64Array.of(v).buffer)) as [Uint8Array, Uint8Array]
  const signed = dtype.startsWith('s')
  const low = new Uint8Array(width)
  const high = new Uint8Array(width).fill(255)
  if (signed) {
    low[width - 1] = 0x80
    high[width - 1] = 0x7f
  }
  return [low, high]
}

/** Two words of what has at most 8 bytes. */
function words(bytes: Uint8Array): number[] {
  const padded = new Uint8Array(8)
  padded.set(bytes)
  return [...new Int32Array(padded.buffer)]
}

/** Clip since opset 11, its bounds inputs of the same dtype. */
export function lowerClipNumbers({ node, inputs }: LowerContext, x: LowerInput): Lowered {
  if (!hasNumbers(x.dtype, 1)) throw unsupported(node, `for ${x.dtype}`)
  const bounds = extremes(x.dtype).map((otherwise, i) => {
    const given = inputs[i + 1]
    if (given === undefined) return otherwise
    if (given.dtype !== x.dtype || given.value().length !== WIDTH[x.dtype])
      throw new UtnetError('model_invalid', `${node.op}: bound ${i} is no ${x.dtype}`)
    return given.value()
  })
  return lowerNumbers(node.op, x, 1, bounds.flatMap(words))
}

export const special =
  (kind: 'nan' | 'infinity') =>
  (context: LowerContext): Lowered => {
    const { op } = context.node
    const x = needed(context, 0)
    if (x.dtype !== 'f32' && x.dtype !== 'f64') throw unsupported({ op }, `for ${x.dtype}`)
    const n = elementCount(x.shape, `output of ${op}`)
    const flags = kind === 'nan' ? [1, 0, 0] : [0, intOf(context.node, 'detect_negative') ?? 1, intOf(context.node, 'detect_positive') ?? 1]
    return {
      outputs: [{ dtype: 'boolean', shape: x.shape }],
      temps: [],
      steps:
        n === 0
          ? []
          : [
              {
                kernel: IS_SPECIAL,
                operands: [input(0), output(0)],
                params: [n, x.dtype === 'f64' ? 8 : 4, ...flags],
                shared: n >= WORTH_SHARING,
              },
            ],
      cost: n,
    }
  }
