/** Cast and CastLike between the dtypes that tensors have here; 16-bit floats, 8-bit floats and texts are none of them. */
import { DTYPES } from '../../../core/index.ts'
import type { Dtype } from '../../../core/index.ts'
import type { LowerContext, Lowered } from '../lowering.ts'
import { input, output } from '../operands.ts'
import { intOf } from '../../graph/index.ts'
import { countOf, invalid, needed, unsupported } from '../read.ts'
import { SHARED_FROM } from './strided.ts'

const CAST = 402
const NUMBERS = Object.keys(DTYPES) as readonly Dtype[]

/** Number of a dtype in the WIT enum, which kernels take. */
export const dtypeNumber = (dtype: Dtype): number => NUMBERS.indexOf(dtype)

/** By TensorProto.DataType. */
const BY_ONNX: Readonly<Record<number, Dtype>> = {
  1: 'f32',
  2: 'u8',
  3: 's8',
  4: 'u16',
  5: 's16',
  6: 's32',
  7: 's64',
  9: 'boolean',
  11: 'f64',
  12: 'u32',
  13: 'u64',
}

/** The dtype that an attribute names. Throws `operator_unsupported` for one that tensors do not have here. */
export function dtypeAttribute({ node }: LowerContext, name: string, otherwise?: Dtype): Dtype {
  const type = intOf(node, name)
  if (type === undefined && otherwise !== undefined) return otherwise
  if (type === undefined) throw invalid(node, `there is no attribute ${name}`)
  const found = BY_ONNX[type]
  if (found === undefined) throw unsupported(node, `tensors of type ${type}`)
  return found
}

function castTo(context: LowerContext, dtype: Dtype): Lowered {
  const given = needed(context, 0)
  const { shape } = given
  if (given.dtype === dtype) return { outputs: [{ dtype, shape }], temps: [], steps: [], aliases: [[0, 0]], cost: 0 }
  const n = countOf(context.node, shape)
  return {
    outputs: [{ dtype, shape }],
    temps: [],
    steps: [
      {
        kernel: CAST,
        operands: [input(0), output(0)],
        params: [dtypeNumber(given.dtype), dtypeNumber(dtype), n],
        shared: n >= SHARED_FROM,
      },
    ],
    cost: n,
  }
}

export function lowerCast(context: LowerContext): Lowered {
  if (context.opset < 6) throw unsupported(context.node, 'the form before operator set 6')
  return castTo(context, dtypeAttribute(context, 'to'))
}

export const lowerCastLike = (context: LowerContext): Lowered => castTo(context, needed(context, 1).dtype)
