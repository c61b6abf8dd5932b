import { UNKNOWN } from '../status'
import { CAST, cast } from './cast'
import { COPY, FILL, copy, fill } from './copy'
import {
  RESIZE_CUBIC,
  RESIZE_FILTER,
  RESIZE_LINEAR,
  RESIZE_NEAREST,
  resizeCubic,
  resizeFilter,
  resizeLinear,
  resizeNearest,
} from './resize'

/** Kernels 400 to 599: where values lie, integers, comparisons. */
export function layoutKernel(id: i32, p: usize, part: i32, parts: i32): i32 {
  switch (id) {
    case COPY:
      return copy(p, part, parts)
    case FILL:
      return fill(p, part, parts)
    case CAST:
      return cast(p, part, parts)
    case RESIZE_NEAREST:
      return resizeNearest(p, part, parts)
    case RESIZE_LINEAR:
      return resizeLinear(p, part, parts)
    case RESIZE_CUBIC:
      return resizeCubic(p, part, parts)
    case RESIZE_FILTER:
      return resizeFilter(p, part, parts)
    default:
      return UNKNOWN
  }
}
