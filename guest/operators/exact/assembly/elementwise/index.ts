import { UNKNOWN } from '../status'
import { BATCH_NORM_F32, batchNormF32 } from './batch'
import { BINARY_F32, BINARY_F64, BINARY_U16, MEAN_F32, binaryF32, binaryF64, binaryInteger, meanF32 } from './binary'
import { REDUCE_F32, REDUCE_U8, reduceKernel } from './reduce'
import { SOFTMAX_F32, softmaxF32 } from './softmax'
import { UNARY_F32, unaryF32 } from './unary'

/** Kernels 200 to 399: values one by one, and along an axis. */
export function elementwiseKernel(id: i32, p: usize, part: i32, parts: i32): i32 {
  if (id > BINARY_F64 && id <= BINARY_U16) return binaryInteger(id, p, part, parts)
  if (id >= REDUCE_F32 && id <= REDUCE_U8) return reduceKernel(id, p, part, parts)
  switch (id) {
    case BINARY_F32:
      return binaryF32(p, part, parts)
    case BINARY_F64:
      return binaryF64(p, part, parts)
    case MEAN_F32:
      return meanF32(p, part, parts)
    case UNARY_F32:
      return unaryF32(p, part, parts)
    case SOFTMAX_F32:
      return softmaxF32(p, part, parts)
    case BATCH_NORM_F32:
      return batchNormF32(p, part, parts)
    default:
      return UNKNOWN
  }
}
