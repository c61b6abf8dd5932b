/**
 * One row times a matrix, as MLAS does it where nothing is packed: c += a[k] b[k, :], k ascending, the first product standing alone. Of the last n % 4 columns four
 * products at a time are summed before they are added.
 */
import { DONE } from '../status'
import { shareFrom, shareTo } from '../share'

export const VECTOR: i32 = 102

/** The last columns: one of them. `add`: to what c holds. Groups of four begin anew in each block. */
function lastColumn(a: usize, b: usize, ldb: usize, k: u32, block: u32, add: bool, c: usize): void {
  let sum: f32 = 0
  let x: u32 = 0
  if (add) sum = load<f32>(c)
  else {
    sum = load<f32>(a) * load<f32>(b)
    x = 1
  }
  for (let from: u32 = 0; from < k; from += block) {
    const to = min(from + block, k)
    if (from > 0) x = from
    for (; x + 4 <= to; x += 4) {
      const at = a + (x << 2)
      const row = b + x * ldb
      sum +=
        load<f32>(at) * load<f32>(row) +
        load<f32>(at, 4) * load<f32>(row + ldb) +
        load<f32>(at, 8) * load<f32>(row + 2 * ldb) +
        load<f32>(at, 12) * load<f32>(row + 3 * ldb)
    }
    for (; x < to; x++) sum += load<f32>(a + (x << 2)) * load<f32>(b + x * ldb)
  }
  store<f32>(c, sum)
}

/** c[n] = a[k] b[k, n], rows of b `ldb` bytes apart. `last`: the last n % 4 columns are those of the whole matrix. */
export function multiplyVector(a: usize, b: usize, ldb: usize, n: u32, k: u32, block: u32, add: bool, c: usize): void {
  const end = a + (k << 2)
  for (; n >= 16; n -= 16) {
    let s0 = f32x4.splat(-0.0)
    let s1 = f32x4.splat(-0.0)
    let s2 = f32x4.splat(-0.0)
    let s3 = f32x4.splat(-0.0)
    if (add) {
      s0 = f32x4.add(s0, v128.load(c))
      s1 = f32x4.add(s1, v128.load(c, 16))
      s2 = f32x4.add(s2, v128.load(c, 32))
      s3 = f32x4.add(s3, v128.load(c, 48))
    }
    let row = b
    for (let at = a; at < end; at += 4) {
      const w = v128.load32_splat(at)
      s0 = f32x4.add(s0, f32x4.mul(w, v128.load(row)))
      s1 = f32x4.add(s1, f32x4.mul(w, v128.load(row, 16)))
      s2 = f32x4.add(s2, f32x4.mul(w, v128.load(row, 32)))
      s3 = f32x4.add(s3, f32x4.mul(w, v128.load(row, 48)))
      row += ldb
    }
    v128.store(c, s0)
    v128.store(c, s1, 16)
    v128.store(c, s2, 32)
    v128.store(c, s3, 48)
    b += 64
    c += 64
  }
  for (; n >= 4; n -= 4) {
    let s0 = f32x4.splat(-0.0)
    if (add) s0 = f32x4.add(s0, v128.load(c))
    let row = b
    for (let at = a; at < end; at += 4) {
      s0 = f32x4.add(s0, f32x4.mul(v128.load32_splat(at), v128.load(row)))
      row += ldb
    }
    v128.store(c, s0)
    b += 16
    c += 16
  }
  for (; n > 0; n--) {
    lastColumn(a, b, ldb, k, block, add, c)
    b += 4
    c += 4
  }
}

/**
 * A row times a matrix, unpacked. Operands: a [.., 1, k], b [.., k, n], out [.., 1, n]. Parameters: k, n, add (to what out holds), dimensions of the batch, and these as
 * kernel 101 has them.
 */
export function vector(p: usize, part: i32, parts: i32): i32 {
  const a = load<u32>(p)
  const b = load<u32>(p, 4)
  const out = load<u32>(p, 8)
  const k = load<u32>(p, 12)
  const n = load<u32>(p, 16)
  const add = load<u32>(p, 20) != 0
  const dims = load<u32>(p, 24)
  const batch = p + 28
  let matrices: u32 = 1
  for (let d: u32 = 0; d < dims; d++) matrices *= load<u32>(batch + d * 12)
  const from = shareFrom(n, 16, part, parts)
  const to = shareTo(n, 16, part, parts)
  for (let i: u32 = 0; i < matrices; i++) {
    let rest = i
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
    multiplyVector(a + ((ofA * k) << 2), b + ((ofB * k * n + from) << 2), n << 2, to - from, k, k, add, out + ((i * n + from) << 2))
  }
  return DONE
}
