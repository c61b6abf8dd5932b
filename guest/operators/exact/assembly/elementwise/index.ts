import { UNKNOWN } from '../status'
import { ADD_F32, addF32 } from './binary'

/** Kernels 200 to 399: values one by one, and along an axis. */
export function elementwiseKernel(id: i32, p: usize, part: i32, parts: i32): i32 {
  switch (id) {
    case ADD_F32:
      return addF32(p, part, parts)
    default:
      return UNKNOWN
  }
}
