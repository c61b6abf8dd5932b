/**
 * Products of integers of eight bits: exact in any order. Differences to the zero points are kept as i16, two values of k side by side, so that one instruction
 * multiplies and adds both.
 */
import { DONE } from '../status'
import { shareFrom, shareTo } from '../share'

export const WIDEN_ROWS: i32 = 130
export const WIDEN_COLUMNS: i32 = 131
export const INTEGER_PRODUCT: i32 = 132

// @ts-ignore: decorator
@inline
function byteOf(at: usize, signed: bool): i32 {
  return signed ? <i32>load<i8>(at) : <i32>load<u8>(at)
}

/**
 * Rows of a, less the zero point, each with an even number of values. Operands: a [rows, k], zero point or none, out. Parameters: rows, k, signed.
 */
export function widenRows(p: usize, part: i32, parts: i32): i32 {
  const a = load<u32>(p)
  const zeros = load<u32>(p, 4)
  const out = load<u32>(p, 8)
  const rows = load<u32>(p, 12)
  const k = load<u32>(p, 16)
  const signed = load<u32>(p, 20) != 0
  const zero = zeros == 0 ? 0 : byteOf(zeros, signed)
  const wide = (k + 1) & ~1
  const to = shareTo(rows, 1, part, parts)
  for (let i = shareFrom(rows, 1, part, parts); i < to; i++) {
    const from = a + i * k
    const at = out + ((i * wide) << 1)
    for (let x: u32 = 0; x < k; x++) store<i16>(at + (x << 1), <i16>(byteOf(from + x, signed) - zero))
    if (wide > k) store<i16>(at + (k << 1), 0)
  }
  return DONE
}

/**
 * Matrices b, less the zero points of their columns, in panels of eight columns: for each pair of k sixteen values. Operands: b [matrices, k, n], zero points or none, out.
 * Parameters: matrices, k, n, signed, zero points (0: none or one for all, 1: one a column).
 */
export function widenColumns(p: usize, part: i32, parts: i32): i32 {
  const b = load<u32>(p)
  const zeros = load<u32>(p, 4)
  const out = load<u32>(p, 8)
  const k = load<u32>(p, 16)
  const n = load<u32>(p, 20)
  const signed = load<u32>(p, 24) != 0
  const each = load<u32>(p, 28) != 0
  const panels = (n + 7) >> 3
  const pairs = (k + 1) >> 1
  const all = load<u32>(p, 12) * panels
  const to = shareTo(all, 1, part, parts)
  for (let i = shareFrom(all, 1, part, parts); i < to; i++) {
    const matrix = i / panels
    const first = (i - matrix * panels) << 3
    for (let j: u32 = 0; j < 8; j++) {
      const column = first + j
      let at = out + i * (pairs << 5) + (j << 2)
      const there = column < n
      const zero = zeros == 0 || !there ? 0 : byteOf(each ? zeros + column : zeros, signed)
      for (let x: u32 = 0; x < pairs << 1; x++) {
        store<i16>(at, there && x < k ? <i16>(byteOf(b + (matrix * k + x) * n + column, signed) - zero) : 0)
        at += x & 1 ? 30 : 2
      }
    }
  }
  return DONE
}

/** Operands: rows (kernel 130), panels (131), out [.., m, n] of s32. Parameters: m, k, n, dimensions of the batch, and these as kernel 101 has them. */
export function integerProduct(p: usize, part: i32, parts: i32): i32 {
  const a = load<u32>(p)
  const b = load<u32>(p, 4)
  const out = load<u32>(p, 8)
  const m = load<u32>(p, 12)
  const k = load<u32>(p, 16)
  const n = load<u32>(p, 20)
  const dims = load<u32>(p, 24)
  const batch = p + 28
  let matrices: u32 = 1
  for (let d: u32 = 0; d < dims; d++) matrices *= load<u32>(batch + d * 12)
  const pairs = (k + 1) >> 1
  const panels = (n + 7) >> 3
  const rows = matrices * m
  const to = shareTo(rows, 1, part, parts)
  for (let i = shareFrom(rows, 1, part, parts); i < to; i++) {
    const matrix = i / m
    let rest = matrix
    let ofA: u32 = 0
    let ofB: u32 = 0
    for (let d = dims; d > 0; d--) {
      const dim = batch + (d - 1) * 12
      const side = load<u32>(dim)
      const index = rest % side
      rest /= side
      ofA += index * load<u32>(dim, 4)
      ofB += index * load<u32>(dim, 8)
    }
    const row = a + ((ofA * m + (i - matrix * m)) * (pairs << 2))
    const end = row + (pairs << 2)
    let q = b + ofB * panels * (pairs << 5)
    let c = out + ((i * n) << 2)
    for (let left = n; ; ) {
      let low = i32x4.splat(0)
      let high = i32x4.splat(0)
      for (let at = row; at < end; at += 4) {
        const w = v128.load32_splat(at)
        low = i32x4.add(low, i32x4.dot_i16x8_s(w, v128.load(q)))
        high = i32x4.add(high, i32x4.dot_i16x8_s(w, v128.load(q, 16)))
        q += 32
      }
      if (left >= 8) {
        v128.store(c, low)
        v128.store(c, high, 16)
        left -= 8
        c += 32
        if (left == 0) break
      } else {
        if (left >= 4) {
          v128.store(c, low)
          low = high
          left -= 4
          c += 16
        }
        if (left >= 1) v128.store32_lane(c, low, 0)
        if (left >= 2) v128.store32_lane(c, low, 1, 4)
        if (left == 3) v128.store32_lane(c, low, 2, 8)
        break
      }
    }
  }
  return DONE
}
