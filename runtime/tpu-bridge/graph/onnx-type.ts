/** Our dtypes and the numbers of TensorProto.DataType (onnx.proto3). */
import type { Dtype } from '../../core/index.ts'

/** TensorProto.DataType of each dtype. */
export const ONNX_TYPES: Readonly<Record<Dtype, number>> = {
  f32: 1,
  u8: 2,
  s8: 3,
  u16: 4,
  s16: 5,
  s32: 6,
  s64: 7,
  boolean: 9,
  f64: 11,
  u32: 12,
  u64: 13,
}

const DTYPE_OF: ReadonlyMap<number, Dtype> = new Map((Object.keys(ONNX_TYPES) as Dtype[]).map((d) => [ONNX_TYPES[d], d]))

/** Types that a file can name and we do not carry. */
const OTHERS: ReadonlyMap<number, string> = new Map([
  [8, 'string'],
  [10, 'float16'],
  [14, 'complex64'],
  [15, 'complex128'],
  [16, 'bfloat16'],
])

/** Undefined for a type that we do not carry. */
export const dtypeOfOnnx = (type: number): Dtype | undefined => DTYPE_OF.get(type)

/** For messages: `float16`, `type 23`. */
export const onnxTypeName = (type: number): string => DTYPE_OF.get(type) ?? OTHERS.get(type) ?? `type ${type}`
