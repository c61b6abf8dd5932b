import { BAD_VALUE, DONE } from '../status'
import { shareFrom, shareTo } from '../share'

export const TRILU: i32 = 417
export const ONE_HOT: i32 = 418
export const NON_ZERO: i32 = 419
export const COMPRESS: i32 = 420
export const REVERSE: i32 = 421
export const RANGE: i32 = 422

/** One triangle of each matrix, the rest is zero. Operands: input, output. Parameters: bytes of an element, matrices, rows, columns, diagonal, whether the upper one is kept. */
export function trilu(p: usize, part: i32, parts: i32): i32 {
  const width = load<u32>(p, 8)
  const rows = load<u32>(p, 16)
  const columns = load<i32>(p, 20)
  const diagonal = load<i32>(p, 24)
  const upper = load<i32>(p, 28) != 0
  const lines = load<u32>(p, 12) * rows
  const last = shareTo(lines, 16, part, parts)
  const bytes = columns * width
  for (let line = shareFrom(lines, 16, part, parts); line < last; line++) {
    const border = <i64>(line % rows) + diagonal + (upper ? 0 : 1)
    const at = <u32>max<i64>(0, min<i64>(border, columns)) * width
    const from = load<u32>(p) + line * bytes
    const to = load<u32>(p, 4) + line * bytes
    if (upper) {
      memory.fill(to, 0, at)
      memory.copy(to + at, from + at, bytes - at)
    } else {
      memory.copy(to, from, at)
      memory.fill(to + at, 0, bytes - at)
    }
  }
  return DONE
}

// @ts-ignore: decorator
@inline
function whole<T>(at: usize): i64 {
  return <i64>load<T>(at)
}

/** An element of any dtype as an integer, cut towards zero. */
function integerAt(dtype: i32, list: usize, i: u32): i64 {
  switch (dtype) {
    case 0:
      return whole<f32>(list + (i << 2))
    case 1:
      return whole<f64>(list + (i << 3))
    case 2:
    case 10:
      return whole<u8>(list + i)
    case 3:
      return whole<i8>(list + i)
    case 4:
      return whole<u16>(list + (i << 1))
    case 5:
      return whole<i16>(list + (i << 1))
    case 6:
      return whole<u32>(list + (i << 2))
    case 7:
      return whole<i32>(list + (i << 2))
    default:
      return load<i64>(list + (i << 3))
  }
}

/** Operands: indices, [off, on], output. Parameters: bytes of an element, dtype of the indices, outer, depth, inner. An index outside of the depth has no place that is on. */
export function oneHot(p: usize, part: i32, parts: i32): i32 {
  const list = load<u32>(p)
  const values = load<u32>(p, 4)
  const out = load<u32>(p, 8)
  const width = load<u32>(p, 12)
  const dtype = load<i32>(p, 16)
  const outer = load<u32>(p, 20)
  const depth = load<u32>(p, 24)
  const inner = load<u32>(p, 28)
  const n = outer * depth * inner
  const last = shareTo(n, 64, part, parts)
  for (let i = shareFrom(n, 64, part, parts); i < last; i++) {
    const line = i / inner
    const o = line / depth
    const raw = integerAt(dtype, list, o * inner + (i - line * inner))
    const on = (raw < 0 ? raw + <i64>depth : raw) == <i64>(line - o * depth)
    const from = on ? values + width : values
    if (width == 4) store<u32>(out + (i << 2), load<u32>(from))
    else if (width == 8) store<u64>(out + (i << 3), load<u64>(from))
    else if (width == 1) store<u8>(out + i, load<u8>(from))
    else store<u16>(out + (i << 1), load<u16>(from))
  }
  return DONE
}

// @ts-ignore: decorator
@inline
function isZero(dtype: i32, width: u32, input: usize, i: u32): bool {
  if (dtype == 0) return load<f32>(input + (i << 2)) == 0
  if (dtype == 1) return load<f64>(input + (i << 3)) == 0
  if (width == 1) return load<u8>(input + i) == 0
  if (width == 2) return load<u16>(input + (i << 1)) == 0
  if (width == 4) return load<u32>(input + (i << 2)) == 0
  return load<u64>(input + (i << 3)) == 0
}

/** Places (s64, one row for each axis) of elements that are not zero, of which there must be `count`. Operands: input, output. Parameters: dtype, bytes of an element, count, rank, the sides. One share only. */
export function nonZero(p: usize): i32 {
  const input = load<u32>(p)
  const out = load<u32>(p, 4)
  const dtype = load<i32>(p, 8)
  const width = load<u32>(p, 12)
  const count = load<u32>(p, 16)
  const rank = load<i32>(p, 20)
  let n: u32 = 1
  for (let d = 0; d < rank; d++) n *= load<u32>(p + (d << 2), 24)
  let found: u32 = 0
  for (let i: u32 = 0; i < n; i++) {
    if (isZero(dtype, width, input, i)) continue
    if (found == count) return BAD_VALUE
    let rest = i
    for (let d = rank - 1; d >= 0; d--) {
      const side = load<u32>(p + (d << 2), 24)
      const next = rest / side
      store<i64>(out + ((d * count + found) << 3), rest - next * side)
      rest = next
    }
    found++
  }
  return found == count ? DONE : BAD_VALUE
}

/** Blocks whose condition holds, of which there must be `kept`. Operands: input, condition, output. Parameters: outer, side of the axis, bytes of a block, conditions, kept. One share only. */
export function compress(p: usize): i32 {
  const condition = load<u32>(p, 4)
  let out: usize = load<u32>(p, 8)
  const outer = load<u32>(p, 12)
  const side = load<u32>(p, 16)
  const block = load<u32>(p, 20)
  const conditions = load<u32>(p, 24)
  const kept = load<u32>(p, 28)
  for (let o: u32 = 0; o < outer; o++) {
    let found: u32 = 0
    for (let i: u32 = 0; i < conditions; i++) {
      if (load<u8>(condition + i) == 0) continue
      if (found++ == kept) return BAD_VALUE
      memory.copy(out, load<u32>(p) + (o * side + i) * block, block)
      out += block
    }
    if (found != kept) return BAD_VALUE
  }
  return DONE
}

/**
 * Turns the first steps of each sequence around. Operands: input, lengths (s64), output. Parameters: sequences, steps, outer blocks are walked as [a][b] of which one is the sequence and
 * the other the step: whether the steps come first, bytes of a block.
 */
export function reverse(p: usize, part: i32, parts: i32): i32 {
  const lengths = load<u32>(p, 4)
  const sequences = load<u32>(p, 12)
  const steps = load<u32>(p, 16)
  const stepsFirst = load<i32>(p, 20) != 0
  const block = load<u32>(p, 24)
  const last = shareTo(sequences, 1, part, parts)
  for (let s = shareFrom(sequences, 1, part, parts); s < last; s++) {
    const length = load<i64>(lengths + (s << 3))
    if (length < 0 || length > <i64>steps) return BAD_VALUE
    for (let t: u32 = 0; t < steps; t++) {
      const from = <i64>t < length ? <u32>length - 1 - t : t
      const a = stepsFirst ? t * sequences + s : s * steps + t
      const b = stepsFirst ? from * sequences + s : s * steps + from
      memory.copy(load<u32>(p, 8) + a * block, load<u32>(p) + b * block, block)
    }
  }
  return DONE
}

/** Steps from a start. Operands: start, step, output. Parameters: dtype, elements. One share only: floats are summed step by step. */
export function range(p: usize): i32 {
  switch (load<i32>(p, 12)) {
    case 0:
      return steps<f32>(p)
    case 1:
      return steps<f64>(p)
    case 5:
      return steps<i16>(p)
    case 7:
      return steps<i32>(p)
    case 9:
      return steps<i64>(p)
    default:
      return BAD_VALUE
  }
}

function steps<T>(p: usize): i32 {
  let value = load<T>(load<u32>(p))
  const step = load<T>(load<u32>(p, 4))
  const out = load<u32>(p, 8)
  const n = load<u32>(p, 16)
  for (let i: u32 = 0; i < n; i++) {
    store<T>(out + i * sizeof<T>(), value)
    value += step
  }
  return DONE
}
