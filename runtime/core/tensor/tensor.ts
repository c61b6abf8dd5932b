/** Tensors: dtype, shape, little-endian row-major bytes; checks at the door and the digest that receipts commit to. */
import { limitError, shown, UtnetError } from '../errors.ts'
import { sha256 } from '../codec/index.ts'
import { LIMITS } from '../limits.ts'

/** Bytes of one element by dtype; names as in the WIT enum `dtype`. */
export const DTYPES = { f32: 4, f64: 8, u8: 1, s8: 1, u16: 2, s16: 2, u32: 4, s32: 4, u64: 8, s64: 8, boolean: 1 } as const

/** Type of an element, by its name in the WIT enum `dtype`. */
export type Dtype = keyof typeof DTYPES

/** A tensor: as many elements as the product of its shape, one where the shape is empty. */
export interface Tensor {
  readonly dtype: Dtype
  readonly shape: readonly number[]
  /** Little-endian, row-major. */
  readonly data: Uint8Array
}

/** A tensor under the name of an input or output. */
export interface NamedTensor extends Tensor {
  readonly name: string
}

/** What a caller accepts: any device, one with a derived error bound, or only bit-exact arithmetic. */
export type ArithmeticClass = 'any' | 'bounded' | 'exact'

/** Number of elements of a shape; throws `tensor_shape` over the limits. */
export function elementCount(shape: readonly number[], what: string): number {
  if (shape.length > LIMITS.tensorRank) throw limitError('tensor_shape', 'tensorRank', shape.length, LIMITS.tensorRank, `rank of ${what}`)
  let n = 1
  for (const d of shape) {
    if (!Number.isSafeInteger(d) || d < 0)
      throw new UtnetError('tensor_shape', `${what} has a dimension that is not an unsigned integer: ${shown(d)}`)
    n *= d
    if (n > LIMITS.tensorElements) throw limitError('tensor_shape', 'tensorElements', n, LIMITS.tensorElements, `elements of ${what}`)
  }
  return n
}

/** Returns the tensor when dtype, shape and byte length agree; throws `tensor_dtype` or `tensor_shape` naming `what`. */
export function atensor(tensor: Tensor, what: string): Tensor {
  if (!Object.hasOwn(DTYPES, tensor.dtype)) throw new UtnetError('tensor_dtype', `${what} has an unknown dtype ${shown(tensor.dtype)}`)
  const bytes = elementCount(tensor.shape, what) * DTYPES[tensor.dtype]
  if (!(tensor.data instanceof Uint8Array) || tensor.data.length !== bytes) {
    throw new UtnetError(
      'tensor_shape',
      `${what} of shape [${tensor.shape.join(',')}] and dtype ${tensor.dtype} needs ${bytes} bytes, has ${tensor.data?.length}`,
    )
  }
  return tensor
}

/** What stands for a tensor in logs and digests: name, dtype, shape, sha256 of its data. */
export type TensorHead = readonly [name: string, dtype: Dtype, shape: readonly number[], sha256: Uint8Array]

/** The heads of tensors, in their order. */
export function tensorHeads(tensors: readonly NamedTensor[]): readonly TensorHead[] {
  return tensors.map((t) => [t.name, t.dtype, [...t.shape], sha256(t.data)])
}
