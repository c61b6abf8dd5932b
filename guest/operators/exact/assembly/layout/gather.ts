import { BAD_INDEX, DONE } from '../status'
import { shareFrom, shareTo } from '../share'
import { itemsOf, placeOf } from './places'

export const GATHER: i32 = 412
export const GATHER_ELEMENTS: i32 = 413
export const GATHER_ND: i32 = 414

/** Index `i` of a list of i32 (width 4) or i64, counted from the end where it is below zero; -1 where it points outside of `side`. */
// @ts-ignore: decorator
@inline
export function indexAt(list: usize, i: u32, width: u32, side: u32): i64 {
  const raw = width == 4 ? <i64>load<i32>(list + (i << 2)) : load<i64>(list + (i << 3))
  const index = raw < 0 ? raw + <i64>side : raw
  return index < 0 || index >= <i64>side ? -1 : index
}

/** Whole blocks by index. Operands: data, indices, output. Parameters: outer, side of the axis, bytes of a block, indices, bytes of an index. */
export function gather(p: usize, part: i32, parts: i32): i32 {
  const data = load<u32>(p)
  const list = load<u32>(p, 4)
  const outer = load<u32>(p, 12)
  const side = load<u32>(p, 16)
  const block = load<u32>(p, 20)
  const count = load<u32>(p, 24)
  const width = load<u32>(p, 28)
  const last = shareTo(outer * count, 16, part, parts)
  let out: usize = load<u32>(p, 8) + shareFrom(outer * count, 16, part, parts) * block
  for (let row = shareFrom(outer * count, 16, part, parts); row < last; row++) {
    const o = row / count
    const index = indexAt(list, row - o * count, width, side)
    if (index < 0) return BAD_INDEX
    const from = data + (o * side + <u32>index) * block
    if (block == 4) store<u32>(out, load<u32>(from))
    else if (block == 8) store<u64>(out, load<u64>(from))
    else memory.copy(out, from, block)
    out += block
  }
  return DONE
}

/**
 * An index for each element. Operands: data, indices, output. Parameters: bytes of an element, bytes of an index, side of the axis, stride of the axis in the data, rank, the sides of
 * the indices, strides of the data (0 for the axis) in bytes.
 */
export function gatherElements(p: usize, part: i32, parts: i32): i32 {
  const data = load<u32>(p)
  const list = load<u32>(p, 4)
  const out = load<u32>(p, 8)
  const width = load<u32>(p, 12)
  const indexWidth = load<u32>(p, 16)
  const side = load<u32>(p, 20)
  const stride = load<u32>(p, 24)
  const rank = load<u32>(p, 28)
  const sides = p + 32
  const n = itemsOf(rank, sides)
  const last = shareTo(n, 64, part, parts)
  for (let i = shareFrom(n, 64, part, parts); i < last; i++) {
    const index = indexAt(list, i, indexWidth, side)
    if (index < 0) return BAD_INDEX
    const from = data + placeOf(i, rank, sides, sides + (rank << 2)) + <u32>index * stride
    if (width == 4) store<u32>(out + (i << 2), load<u32>(from))
    else if (width == 8) store<u64>(out + (i << 3), load<u64>(from))
    else if (width == 1) store<u8>(out + i, load<u8>(from))
    else store<u16>(out + (i << 1), load<u16>(from))
  }
  return DONE
}

/**
 * Blocks by tuples of indices. Operands: data, indices (s64), output. Parameters: batches, tuples of each, bytes of a batch, bytes of a block, indices in a tuple, then the sides that
 * they point into, the strides of these in bytes.
 */
export function gatherNd(p: usize, part: i32, parts: i32): i32 {
  const data = load<u32>(p)
  const list = load<u32>(p, 4)
  const batches = load<u32>(p, 12)
  const tuples = load<u32>(p, 16)
  const batch = load<u32>(p, 20)
  const block = load<u32>(p, 24)
  const n = load<u32>(p, 28)
  const sides = p + 32
  const last = shareTo(batches * tuples, 16, part, parts)
  for (let row = shareFrom(batches * tuples, 16, part, parts); row < last; row++) {
    let from = data + (row / tuples) * batch
    for (let k: u32 = 0; k < n; k++) {
      const index = indexAt(list, row * n + k, 8, load<u32>(sides + (k << 2)))
      if (index < 0) return BAD_INDEX
      from += <u32>index * load<u32>(sides + ((n + k) << 2))
    }
    memory.copy(load<u32>(p, 8) + row * block, from, block)
  }
  return DONE
}
