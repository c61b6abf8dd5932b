import { DONE } from '../status'
import { shareFrom, shareTo } from '../share'
import { put } from './gates'

/** Operands: x, out. Parameters: matrices, rows, columns of each. Rows become columns. Divided by columns of x. */
export const TRANSPOSE_F32: i32 = 300

export function transposeF32(p: usize, part: i32, parts: i32): i32 {
  const matrices = load<u32>(p, 8)
  const rows = load<u32>(p, 12)
  const columns = load<u32>(p, 16)
  const from = shareFrom(columns, 1, part, parts)
  const to = shareTo(columns, 1, part, parts)
  for (let m: u32 = 0; m < matrices; m++) {
    const x: usize = load<u32>(p) + ((m * rows * columns) << 2)
    const out: usize = load<u32>(p, 4) + ((m * rows * columns) << 2)
    for (let c = from; c < to; c++)
      for (let r: u32 = 0; r < rows; r++) store<f32>(out + ((c * rows + r) << 2), load<f32>(x + ((r * columns + c) << 2)))
  }
  return DONE
}

/** Rows of a times b. Operands: a, b, out. Parameters: rows, columns of b, rows of b (K), how many of K make one sum, and matrices b: the same a times each. */
export const ROWS_F32: i32 = 301

export function rowsF32(p: usize, part: i32, parts: i32): i32 {
  const rows = load<u32>(p, 12)
  const n = load<u32>(p, 16)
  const k = load<u32>(p, 20)
  const block = load<u32>(p, 24)
  const matrices = load<u32>(p, 28)
  const from = shareFrom(n, 16, part, parts)
  const to = shareTo(n, 16, part, parts)
  for (let m: u32 = 0; m < matrices; m++)
    for (let row: u32 = 0; row < rows; row++)
      rowTimes(load<u32>(p) + ((row * k) << 2), load<u32>(p, 4) + ((m * k * n) << 2), load<u32>(p, 8) + (((m * rows + row) * n) << 2), n, k, block, from, to, false)
  return DONE
}

/**
 * Columns `from` to `to` of one row times a matrix of k rows and n columns: blocks of k summed from zero, in order, then added to what the blocks before (or, where
 * `onto`, out itself) made. onnxruntime's order (MLAS); where one lies beside the other changes no bit.
 */
export function rowTimes(a: usize, b: usize, out: usize, n: u32, k: u32, block: u32, from: u32, to: u32, onto: bool): void {
  const step: usize = n << 2
  for (let first: u32 = 0; first < k; first += block) {
    const last = min(k, first + block)
    const add = onto || first > 0
    let column = from
    for (; column < to; column += 16) {
      let s0 = f32x4.splat(0)
      let s1 = s0
      let s2 = s0
      let s3 = s0
      let at: usize = b + first * step + (column << 2)
      const end: usize = a + (last << 2)
      for (let e: usize = a + (first << 2); e < end; e += 4) {
        const v = v128.load32_splat(e)
        s0 = f32x4.add(s0, f32x4.mul(v, v128.load(at)))
        s1 = f32x4.add(s1, f32x4.mul(v, v128.load(at, 16)))
        s2 = f32x4.add(s2, f32x4.mul(v, v128.load(at, 32)))
        s3 = f32x4.add(s3, f32x4.mul(v, v128.load(at, 48)))
        at += step
      }
      const to4 = out + (column << 2)
      const left: usize = (to - column) << 2
      if (add) {
        s0 = f32x4.add(v128.load(to4), s0)
        s1 = f32x4.add(v128.load(to4, 16), s1)
        s2 = f32x4.add(v128.load(to4, 32), s2)
        s3 = f32x4.add(v128.load(to4, 48), s3)
      }
      put(to4, s0, left)
      if (left > 16) put(to4 + 16, s1, left - 16)
      if (left > 32) put(to4 + 32, s2, left - 32)
      if (left > 48) put(to4 + 48, s3, left - 48)
    }
  }
}

/** Where step `step` of sequence `b` lies: from its end, where it is read backwards. */
@inline
export function timeOf(step: u32, length: u32, backwards: bool): u32 {
  return backwards && step < length ? length - 1 - step : step
}

@inline
export function lengthOf(lengths: usize, b: u32, steps: u32): u32 {
  if (lengths == 0) return steps
  const n = load<i32>(lengths + (b << 2))
  return n < 0 ? 0 : min<u32>(<u32>n, steps)
}
