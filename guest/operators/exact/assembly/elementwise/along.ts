import { DONE, UNKNOWN } from '../status'
import { shareFrom, shareTo } from '../share'

/** Which element of a row is greatest or least. Operands: x, out (s64). Parameters: rows; elements of a row; how far one lies from the next; 1 for the least; 1 for the last of equals; 1 where a NaN, the first of them, stands above all. */
export const ARG_F32: i32 = 250
export const ARG_F64: i32 = 251
export const ARG_S32: i32 = 252
export const ARG_S64: i32 = 253
export const ARG_S8: i32 = 254
export const ARG_U8: i32 = 255

@inline
function arg<T>(p: usize, part: i32, parts: i32): i32 {
  const rows = load<u32>(p, 8)
  const n = load<u32>(p, 12)
  const stride = load<u32>(p, 16)
  const least = load<u32>(p, 20) != 0
  const lastOfEquals = load<u32>(p, 24) != 0
  const nanFirst = load<u32>(p, 28) != 0
  const to = shareTo(rows, 1, part, parts)
  for (let row = shareFrom(rows, 1, part, parts); row < to; row++) {
    const x: usize = load<u32>(p) + ((row / stride) * stride * n + (row % stride)) * sizeof<T>()
    let best = load<T>(x)
    let at: u32 = 0
    for (let i: u32 = 1; i < n; i++) {
      const v = load<T>(x + i * stride * sizeof<T>())
      if ((least ? v < best : best < v) || (isFloat<T>() && nanFirst && v != v && best == best)) {
        best = v
        at = i
      } else if (lastOfEquals && v == best) at = i
    }
    store<u64>(load<u32>(p, 4) + (row << 3), at)
  }
  return DONE
}

export function argKernel(id: i32, p: usize, part: i32, parts: i32): i32 {
  switch (id) {
    case ARG_F32:
      return arg<f32>(p, part, parts)
    case ARG_F64:
      return arg<f64>(p, part, parts)
    case ARG_S32:
      return arg<i32>(p, part, parts)
    case ARG_S64:
      return arg<i64>(p, part, parts)
    case ARG_S8:
      return arg<i8>(p, part, parts)
    case ARG_U8:
      return arg<u8>(p, part, parts)
    default:
      return UNKNOWN
  }
}

/** Sums up to each element. Operands: x, out. Parameters: rows; elements of a row; how far one lies from the next; 1 without the element; 1 from the end; 1 for products. */
export const CUMSUM_F32: i32 = 260
export const CUMSUM_F64: i32 = 261
export const CUMSUM_S32: i32 = 262
export const CUMSUM_S64: i32 = 263

@inline
function cumulate<T>(p: usize, part: i32, parts: i32): i32 {
  const rows = load<u32>(p, 8)
  const n = load<u32>(p, 12)
  const stride = load<u32>(p, 16)
  const exclusive = load<u32>(p, 20) != 0
  const reverse = load<u32>(p, 24) != 0
  const products = load<u32>(p, 28) != 0
  const to = shareTo(rows, 1, part, parts)
  for (let row = shareFrom(rows, 1, part, parts); row < to; row++) {
    const first: usize = ((row / stride) * stride * n + (row % stride)) * sizeof<T>()
    let sum: T = products ? 1 : 0
    let started = exclusive
    for (let i: u32 = 0; i < n; i++) {
      const at = first + (reverse ? n - 1 - i : i) * stride * sizeof<T>()
      const v = load<T>(load<u32>(p) + at)
      if (exclusive) store<T>(load<u32>(p, 4) + at, sum)
      // taken with the element, the first is as it is: -0 stays
      sum = started ? (products ? <T>(sum * v) : <T>(sum + v)) : v
      started = true
      if (!exclusive) store<T>(load<u32>(p, 4) + at, sum)
    }
  }
  return DONE
}

export function cumsumKernel(id: i32, p: usize, part: i32, parts: i32): i32 {
  switch (id) {
    case CUMSUM_F32:
      return cumulate<f32>(p, part, parts)
    case CUMSUM_F64:
      return cumulate<f64>(p, part, parts)
    case CUMSUM_S32:
      return cumulate<i32>(p, part, parts)
    default:
      return cumulate<i64>(p, part, parts)
  }
}

/** 1 where a row is greatest for the first time, else 0. Operands: x, out. Parameters: rows; elements of a row; how far one lies from the next. */
export const HARDMAX_F32: i32 = 264

export function hardmaxF32(p: usize, part: i32, parts: i32): i32 {
  const rows = load<u32>(p, 8)
  const n = load<u32>(p, 12)
  const stride = load<u32>(p, 16)
  const step: usize = stride << 2
  const to = shareTo(rows, 1, part, parts)
  for (let row = shareFrom(rows, 1, part, parts); row < to; row++) {
    const first: usize = ((row / stride) * stride * n + (row % stride)) << 2
    const x = load<u32>(p) + first
    const out = load<u32>(p, 4) + first
    let most = load<f32>(x)
    for (let i: u32 = 1; i < n; i++) {
      const v = load<f32>(x + i * step)
      most = most < v ? v : most
    }
    let found = false
    for (let i: u32 = 0; i < n; i++) {
      const here = !found && load<f32>(x + i * step) == most
      store<f32>(out + i * step, here ? 1 : 0)
      found = found || here
    }
  }
  return DONE
}
