import { UNKNOWN } from '../status'

/** Kernels 400 to 599: where values lie, integers, comparisons. */
export function layoutKernel(id: i32, p: usize, part: i32, parts: i32): i32 {
  return UNKNOWN
}
