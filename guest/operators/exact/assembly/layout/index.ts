import { UNKNOWN } from '../status'
import { CAST, cast } from './cast'
import { BITS, COMPARE, NOT, WHERE, bits, compare, not, where } from './compare'
import { COPY, FILL, copy, fill } from './copy'
import { AFFINE_GRID, COL_TO_IM, affineGrid, colToIm } from './fold'
import { GATHER, GATHER_ELEMENTS, GATHER_ND, gather, gatherElements, gatherNd } from './gather'
import { GRID_SAMPLE, gridSample } from './grid-sample'
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
import { SCATTER_ELEMENTS, SCATTER_ND, scatterElements, scatterNd } from './scatter'
import { COMPRESS, NON_ZERO, ONE_HOT, RANGE, REVERSE, TRILU, compress, nonZero, oneHot, range, reverse, trilu } from './select'
import { TOP_K, topK } from './top-k'

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
    case COMPARE:
      return compare(p, part, parts)
    case BITS:
      return bits(p, part, parts)
    case NOT:
      return not(p, part, parts)
    case WHERE:
      return where(p, part, parts)
    case GATHER:
      return gather(p, part, parts)
    case GATHER_ELEMENTS:
      return gatherElements(p, part, parts)
    case GATHER_ND:
      return gatherNd(p, part, parts)
    case SCATTER_ELEMENTS:
      return scatterElements(p)
    case SCATTER_ND:
      return scatterNd(p)
    case TRILU:
      return trilu(p, part, parts)
    case ONE_HOT:
      return oneHot(p, part, parts)
    case NON_ZERO:
      return nonZero(p)
    case COMPRESS:
      return compress(p)
    case REVERSE:
      return reverse(p, part, parts)
    case RANGE:
      return range(p)
    case TOP_K:
      return topK(p)
    case GRID_SAMPLE:
      return gridSample(p, part, parts)
    case COL_TO_IM:
      return colToIm(p, part, parts)
    case AFFINE_GRID:
      return affineGrid(p, part, parts)
    default:
      return UNKNOWN
  }
}
