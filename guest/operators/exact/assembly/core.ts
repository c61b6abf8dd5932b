import { linearKernel } from './linear'
import { elementwiseKernel } from './elementwise'
import { layoutKernel } from './layout'

/**
 * One piece of work on memory. `p` is the address of its record: an i32 address for each operand, then its i32 parameters (what they are is said where the
 * kernel is). It does share `part` of `parts` of the work: shares write to places of their own, so that `parts` changes no bit. Gives 0, or a number of `status.ts`.
 */
export function kernel(id: i32, p: usize, part: i32, parts: i32): i32 {
  if (id < 200) return linearKernel(id, p, part, parts)
  if (id < 400) return elementwiseKernel(id, p, part, parts)
  return layoutKernel(id, p, part, parts)
}

/** Address of `bytes` of memory of its own, on a page's border; 0 where memory has no room. The caller's to divide. */
export function arena(bytes: u32): usize {
  const pages = <i32>((<u64>bytes + 0xffff) >> 16)
  const at = memory.grow(pages)
  return at < 0 ? 0 : (<usize>at) << 16
}
