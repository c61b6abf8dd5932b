import { DONE, UNKNOWN } from '../status'
import { shareFrom, shareTo } from '../share'

/**
 * Axes are reduced. Operands: x, out. Parameters: operation; how an output begins (0 empty, 1 with its first element, 2 as 1 and then by fours, see
 * `columns`, 3 each run a sum of its own); elements of the innermost run; whether that run is reduced; outputs in all; elements that one takes; then kept axes but for a kept innermost
 * run, and reduced axes but for a reduced one: each list its count, then side and step of each, innermost first.
 */
export const REDUCE_F32: i32 = 240
export const REDUCE_F64: i32 = 241
export const REDUCE_S32: i32 = 242
export const REDUCE_S64: i32 = 243
export const REDUCE_S8: i32 = 244
export const REDUCE_U8: i32 = 245

const SUM: i32 = 0
const MEAN: i32 = 1
const MAX: i32 = 2
const MIN: i32 = 3
const PROD: i32 = 4
const L1: i32 = 5
const L2: i32 = 6
const LOG_SUM: i32 = 7
const LOG_SUM_EXP: i32 = 8
const SUM_SQUARE: i32 = 9

@inline
function empty<T>(op: i32): T {
  return op == PROD ? <T>1 : <T>0
}

@inline
function first<T>(op: i32, x: T): T {
  if (op == L1) return x > <T>0 ? x : <T>-x
  if (op == L2 || op == SUM_SQUARE) return <T>(x * x)
  return x
}

function take<T>(op: i32, sum: T, x: T): T {
  if (op == MAX) return sum < x ? x : sum
  if (op == MIN) return x < sum ? x : sum
  if (op == PROD) return <T>(sum * x)
  return <T>(sum + first<T>(op, x))
}

@inline
function last<T>(op: i32, sum: T, count: u32): T {
  if (op == MEAN) return <T>(sum / <T>count)
  if (op == L2) return isFloat<T>() ? sqrt<T>(sum) : <T>sqrt<f64>(<f64>sum)
  if (op == LOG_SUM) return sizeof<T>() == 4 && isFloat<T>() ? <T>Mathf.log(<f32>sum) : <T>NativeMath.log(<f64>sum)
  return sum
}

/** Where item `i` of the axes at `list` lies, in elements. */
@inline
function offset(list: usize, i: u32): u32 {
  let at: u32 = 0
  const rank = load<u32>(list)
  for (let axis: u32 = 0; axis < rank; axis++) {
    const side = load<u32>(list + axis * 8, 4)
    at += (i % side) * load<u32>(list + axis * 8, 8)
    i /= side
  }
  return at
}

@inline
function ofRun<T>(x: usize, n: u32): T {
  let sum = load<T>(x)
  for (let i: u32 = 1; i < n; i++) sum = <T>(sum + load<T>(x + i * sizeof<T>()))
  return sum
}

/** One output: runs of `n` elements that lie together, in order. */
function runs<T>(op: i32, begin: i32, x: usize, n: u32, count: u32, reduced: usize): T {
  let sum = empty<T>(op)
  let skip: usize = 0
  if (begin == 3) {
    for (let i: u32 = 0; i < count; i++) {
      const one = ofRun<T>(x + offset(reduced, i) * sizeof<T>(), n)
      sum = i == 0 ? one : <T>(sum + one)
    }
    return last<T>(op, sum, n * count)
  }
  if (begin != 0) {
    sum = first<T>(op, load<T>(x))
    skip = sizeof<T>()
  }
  for (let i: u32 = 0; i < count; i++) {
    const at = x + offset(reduced, i) * sizeof<T>()
    const end = at + n * sizeof<T>()
    if (op <= MEAN) for (let e = at + skip; e < end; e += sizeof<T>()) sum = <T>(sum + load<T>(e))
    else for (let e = at + skip; e < end; e += sizeof<T>()) sum = take<T>(op, sum, load<T>(e))
    skip = 0
  }
  return last<T>(op, sum, n * count)
}

/** Four rows of f32 that follow each other at once, each in its order: sums of a row depend on each other, those of four rows do not. */
function sumFourRows(begin: i32, x: usize, n: u32): v128 {
  const size: usize = n << 2
  const b = x + size
  const c = b + size
  const d = c + size
  let sums = f32x4.splat(0)
  let i: usize = 0
  if (begin != 0) {
    sums = column(x, b, c, d)
    i = 4
  }
  for (; i + 16 <= size; i += 16) {
    const r0 = v128.load(x + i)
    const r1 = v128.load(b + i)
    const r2 = v128.load(c + i)
    const r3 = v128.load(d + i)
    const low0 = v128.shuffle<i32>(r0, r1, 0, 4, 1, 5)
    const low1 = v128.shuffle<i32>(r2, r3, 0, 4, 1, 5)
    const high0 = v128.shuffle<i32>(r0, r1, 2, 6, 3, 7)
    const high1 = v128.shuffle<i32>(r2, r3, 2, 6, 3, 7)
    sums = f32x4.add(sums, v128.shuffle<i64>(low0, low1, 0, 2))
    sums = f32x4.add(sums, v128.shuffle<i64>(low0, low1, 1, 3))
    sums = f32x4.add(sums, v128.shuffle<i64>(high0, high1, 0, 2))
    sums = f32x4.add(sums, v128.shuffle<i64>(high0, high1, 1, 3))
  }
  for (; i < size; i += 4) sums = f32x4.add(sums, column(x + i, b + i, c + i, d + i))
  return sums
}

@inline
function column(a: usize, b: usize, c: usize, d: usize): v128 {
  return v128.load32_lane(d, v128.load32_lane(c, v128.load32_lane(b, v128.load32_splat(a), 1), 2), 3)
}

/** A row of the input goes into the outputs from byte `from` to byte `to`. */
function addRow<T>(op: i32, x: usize, out: usize, from: usize, to: usize): void {
  let i = from
  if (sizeof<T>() == 4 && isFloat<T>() && op <= MEAN) for (; i + 16 <= to; i += 16) v128.store(out + i, f32x4.add(v128.load(out + i), v128.load(x + i)))
  for (; i < to; i += sizeof<T>()) store<T>(out + i, take<T>(op, load<T>(out + i), load<T>(x + i)))
}

/**
 * `n` outputs side by side, each the sum down its column. Where `begin` is 2, as onnxruntime's product of a row of ones and a matrix does it: the first row,
 * then four rows at a time; the columns behind the last multiple of four take the sum of those four rows, the others one row after the other.
 */
function columns<T>(op: i32, begin: i32, x: usize, out: usize, n: u32, count: u32, reduced: usize): void {
  const size: usize = n * sizeof<T>()
  let i: u32 = 0
  if (begin != 0) {
    for (let at: usize = 0; at < size; at += sizeof<T>()) store<T>(out + at, first<T>(op, load<T>(x + at)))
    i = 1
  } else for (let at: usize = 0; at < size; at += sizeof<T>()) store<T>(out + at, empty<T>(op))
  const whole = begin == 2 ? size & ~15 : size
  if (whole < size)
    for (; i + 4 <= count; i += 4) {
      const r0 = x + offset(reduced, i) * sizeof<T>()
      const r1 = x + offset(reduced, i + 1) * sizeof<T>()
      const r2 = x + offset(reduced, i + 2) * sizeof<T>()
      const r3 = x + offset(reduced, i + 3) * sizeof<T>()
      addRow<T>(op, r0, out, 0, whole)
      addRow<T>(op, r1, out, 0, whole)
      addRow<T>(op, r2, out, 0, whole)
      addRow<T>(op, r3, out, 0, whole)
      for (let at = whole; at < size; at += sizeof<T>())
        store<T>(out + at, <T>(load<T>(out + at) + <T>(<T>(<T>(load<T>(r0 + at) + load<T>(r1 + at)) + load<T>(r2 + at)) + load<T>(r3 + at))))
    }
  for (; i < count; i++) addRow<T>(op, x + offset(reduced, i) * sizeof<T>(), out, 0, size)
  for (let at: usize = 0; at < size; at += sizeof<T>()) store<T>(out + at, last<T>(op, load<T>(out + at), count))
}

function reduce<T>(p: usize, part: i32, parts: i32): i32 {
  const op = load<i32>(p, 8)
  if (op > SUM_SQUARE || op == LOG_SUM_EXP) return UNKNOWN
  const x: usize = load<u32>(p)
  const out: usize = load<u32>(p, 4)
  const begin = load<i32>(p, 12)
  const n = load<u32>(p, 16)
  const alongRuns = load<u32>(p, 20) != 0
  const outputs = load<u32>(p, 24)
  const each = load<u32>(p, 28)
  const kept = p + 32
  const reduced = kept + 4 + load<u32>(kept) * 8
  if (alongRuns) {
    const to = shareTo(outputs, 4, part, parts)
    let i = shareFrom(outputs, 4, part, parts)
    if (sizeof<T>() == 4 && isFloat<T>() && op <= MEAN && each == n && load<u32>(kept) <= 1)
      for (; i + 4 <= to; i += 4) {
        const sums = sumFourRows(begin, x + i * (n << 2), n)
        store<T>(out + (i << 2), last<T>(op, <T>f32x4.extract_lane(sums, 0), n))
        store<T>(out + (i << 2), last<T>(op, <T>f32x4.extract_lane(sums, 1), n), 4)
        store<T>(out + (i << 2), last<T>(op, <T>f32x4.extract_lane(sums, 2), n), 8)
        store<T>(out + (i << 2), last<T>(op, <T>f32x4.extract_lane(sums, 3), n), 12)
      }
    for (; i < to; i++) store<T>(out + i * sizeof<T>(), runs<T>(op, begin, x + offset(kept, i) * sizeof<T>(), n, each / n, reduced))
    return DONE
  }
  const rows = outputs / n
  const to = shareTo(rows, 1, part, parts)
  for (let row = shareFrom(rows, 1, part, parts); row < to; row++)
    columns<T>(op, begin, x + offset(kept, row) * sizeof<T>(), out + row * n * sizeof<T>(), n, each, reduced)
  return DONE
}

@inline
function exponential<T>(x: T): T {
  return sizeof<T>() == 4 ? <T>Mathf.exp(<f32>x) : <T>NativeMath.exp(<f64>x)
}

@inline
function logarithm<T>(x: T): T {
  return sizeof<T>() == 4 ? <T>Mathf.log(<f32>x) : <T>NativeMath.log(<f64>x)
}

/**
 * log of the sum of e^(x - most), plus most. Infinities and NaNs are not taken for the greatest; where all is reduced (`begin` is 1) they are, and an infinite
 * one is the result.
 */
function logSumExp<T>(p: usize, part: i32, parts: i32): i32 {
  const x: usize = load<u32>(p)
  const out: usize = load<u32>(p, 4)
  const all = load<i32>(p, 12) != 0
  const n = load<u32>(p, 16)
  const alongRuns = load<u32>(p, 20) != 0
  const outputs = load<u32>(p, 24)
  const each = load<u32>(p, 28)
  const kept = p + 32
  const reduced = kept + 4 + load<u32>(kept) * 8
  const run = alongRuns ? n : 1
  const count = each / run
  const to = shareTo(outputs, 1, part, parts)
  for (let i = shareFrom(outputs, 1, part, parts); i < to; i++) {
    const from = x + ((alongRuns ? offset(kept, i) : offset(kept, i / n) + (i % n)) * <u32>sizeof<T>())
    let most = load<T>(from)
    if (!all && abs<T>(most) == Infinity) most = 0
    for (let j: u32 = 0; j < count; j++) {
      const at = from + (offset(reduced, j) * <u32>sizeof<T>())
      for (let k: u32 = 0; k < run; k++) {
        const v = load<T>(at + (k * <u32>sizeof<T>()))
        if (all) most = most < v ? v : most
        else if (abs<T>(v) < Infinity && !(v < most)) most = v
      }
    }
    if (abs<T>(most) == Infinity) {
      store<T>(out + (i * <u32>sizeof<T>()), most)
      continue
    }
    let sum: T = 0
    for (let j: u32 = 0; j < count; j++) {
      const at = from + (offset(reduced, j) * <u32>sizeof<T>())
      for (let k: u32 = 0; k < run; k++) sum = <T>(sum + exponential<T>(<T>(load<T>(at + k * <u32>sizeof<T>()) - most)))
    }
    store<T>(out + (i * <u32>sizeof<T>()), <T>(logarithm<T>(sum) + most))
  }
  return DONE
}

/** Sums and products of integers: in double precision, in order, then the nearest integer towards zero that fits, as onnxruntime does. */
function integers<T>(p: usize, part: i32, parts: i32): i32 {
  const op = load<i32>(p, 8)
  if (op == MAX || op == MIN) return reduce<T>(p, part, parts)
  const x: usize = load<u32>(p)
  const out: usize = load<u32>(p, 4)
  const n = load<u32>(p, 16)
  const alongRuns = load<u32>(p, 20) != 0
  const outputs = load<u32>(p, 24)
  const each = load<u32>(p, 28)
  const kept = p + 32
  const reduced = kept + 4 + load<u32>(kept) * 8
  const run = alongRuns ? n : 1
  const count = each / run
  const to = shareTo(outputs, 1, part, parts)
  for (let i = shareFrom(outputs, 1, part, parts); i < to; i++) {
    const from = x + (alongRuns ? offset(kept, i) : offset(kept, i / n) + (i % n)) * <u32>sizeof<T>()
    let sum = empty<f64>(op)
    for (let j: u32 = 0; j < count; j++) {
      const at = from + offset(reduced, j) * <u32>sizeof<T>()
      for (let k: u32 = 0; k < run; k++) sum = take<f64>(op, sum, <f64>load<T>(at + k * <u32>sizeof<T>()))
    }
    store<T>(out + i * <u32>sizeof<T>(), <T>last<f64>(op, sum, each))
  }
  return DONE
}

export function reduceKernel(id: i32, p: usize, part: i32, parts: i32): i32 {
  switch (id) {
    case REDUCE_F32:
      return load<i32>(p, 8) == LOG_SUM_EXP ? logSumExp<f32>(p, part, parts) : reduce<f32>(p, part, parts)
    case REDUCE_F64:
      return load<i32>(p, 8) == LOG_SUM_EXP ? logSumExp<f64>(p, part, parts) : reduce<f64>(p, part, parts)
    case REDUCE_S32:
      return integers<i32>(p, part, parts)
    case REDUCE_S64:
      return integers<i64>(p, part, parts)
    case REDUCE_S8:
      return reduce<i8>(p, part, parts)
    default:
      return reduce<u8>(p, part, parts)
  }
}
