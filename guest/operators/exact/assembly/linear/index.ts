import { UNKNOWN } from '../status'

/** Kernels 100 to 199: products and windows: matrices, convolutions, pools. */
export function linearKernel(id: i32, p: usize, part: i32, parts: i32): i32 {
  return UNKNOWN
}
