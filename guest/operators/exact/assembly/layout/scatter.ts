import { BAD_INDEX, BAD_VALUE, DONE } from '../status'
import { indexAt } from './gather'
import { itemsOf, placeOf } from './places'

export const SCATTER_ELEMENTS: i32 = 415
export const SCATTER_ND: i32 = 416

/** What becomes of an element that is written to: replaced, added to, multiplied, the greater, the smaller. */
// @ts-ignore: decorator
@inline
function put<T>(operation: i32, at: usize, value: T): void {
  if (operation == 0) {
    store<T>(at, value)
    return
  }
  const old = load<T>(at)
  if (operation == 1) store<T>(at, old + value)
  else if (operation == 2) store<T>(at, old * value)
  else if (operation == 3) store<T>(at, old > value ? old : value)
  else store<T>(at, old < value ? old : value)
}

/**
 * An index for each update, in their order; the output holds the data already. Operands: indices, updates, output. Parameters: operation (0 none, 1 add, 2 mul, 3 max, 4 min), dtype,
 * bytes of an index, side of the axis, stride of the axis, rank, the sides of the indices, strides of the output (0 for the axis) in bytes. One share only: later ones build on earlier ones.
 */
export function scatterElements(p: usize): i32 {
  switch (load<i32>(p, 16)) {
    case 0:
      return elements<f32>(p)
    case 1:
      return elements<f64>(p)
    case 2:
    case 10:
      return elements<u8>(p)
    case 3:
      return elements<i8>(p)
    case 4:
      return elements<u16>(p)
    case 5:
      return elements<i16>(p)
    case 6:
      return elements<u32>(p)
    case 7:
      return elements<i32>(p)
    case 8:
      return elements<u64>(p)
    case 9:
      return elements<i64>(p)
    default:
      return BAD_VALUE
  }
}

function elements<T>(p: usize): i32 {
  const list = load<u32>(p)
  const updates = load<u32>(p, 4)
  const out = load<u32>(p, 8)
  const operation = load<i32>(p, 12)
  const width = load<u32>(p, 20)
  const side = load<u32>(p, 24)
  const stride = load<u32>(p, 28)
  const rank = load<u32>(p, 32)
  const sides = p + 36
  const n = itemsOf(rank, sides)
  for (let i: u32 = 0; i < n; i++) {
    const index = indexAt(list, i, width, side)
    if (index < 0) return BAD_INDEX
    put<T>(operation, out + placeOf(i, rank, sides, sides + (rank << 2)) + <u32>index * stride, load<T>(updates + i * sizeof<T>()))
  }
  return DONE
}

/**
 * Blocks by tuples of indices (s64), in their order; the output holds the data already. Operands: indices, updates, output. Parameters: operation and dtype as above, tuples, elements of a
 * block, indices in a tuple, the sides that they point into, the strides of these in bytes. One share only.
 */
export function scatterNd(p: usize): i32 {
  switch (load<i32>(p, 16)) {
    case 0:
      return blocks<f32>(p)
    case 1:
      return blocks<f64>(p)
    case 2:
    case 10:
      return blocks<u8>(p)
    case 3:
      return blocks<i8>(p)
    case 4:
      return blocks<u16>(p)
    case 5:
      return blocks<i16>(p)
    case 6:
      return blocks<u32>(p)
    case 7:
      return blocks<i32>(p)
    case 8:
      return blocks<u64>(p)
    case 9:
      return blocks<i64>(p)
    default:
      return BAD_VALUE
  }
}

function blocks<T>(p: usize): i32 {
  const list = load<u32>(p)
  let update: usize = load<u32>(p, 4)
  const operation = load<i32>(p, 12)
  const tuples = load<u32>(p, 20)
  const block = load<u32>(p, 24)
  const n = load<u32>(p, 28)
  const sides = p + 32
  for (let row: u32 = 0; row < tuples; row++) {
    let to: usize = load<u32>(p, 8)
    for (let k: u32 = 0; k < n; k++) {
      const index = indexAt(list, row * n + k, 8, load<u32>(sides + (k << 2)))
      if (index < 0) return BAD_INDEX
      to += <u32>index * load<u32>(sides + ((n + k) << 2))
    }
    for (let i: u32 = 0; i < block; i++) {
      put<T>(operation, to + i * sizeof<T>(), load<T>(update))
      update += sizeof<T>()
    }
  }
  return DONE
}
