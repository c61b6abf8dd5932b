/**
 * The heart of products: four rows of A at once against panels of B. A sum runs over k in ascending order, from zero: one block of it, which is then added to the blocks
 * before it, as onnxruntime's MLAS does. Multiply, round, add, round: nothing fused. How rows and columns are tiled changes no sum.
 *
 * A panel holds eight columns of B: for each k eight values, 32 bytes; those of columns that are not there are zero.
 */

/** Columns of a panel. */
export const PANEL: u32 = 8
/** Rows of A that are worked on at once. */
export const ROWS: u32 = 4

/** Stores the first `n` (1 to 7) of eight values. */
function storePart(c: usize, low: v128, high: v128, n: u32): void {
  if (n >= 4) {
    v128.store(c, low)
    c += 16
    low = high
    n -= 4
  }
  if (n >= 2) {
    v128.store64_lane(c, low, 0)
    c += 8
    low = v128.shuffle<f32>(low, low, 2, 3, 2, 3)
    n -= 2
  }
  if (n == 1) v128.store32_lane(c, low, 0)
}

/**
 * c[rows, n] = alpha a[rows, k] b[k, n], or that and what c holds where `add` says so; rows 1 to 4. `lda` and `ldc` are bytes from row to row, `panel` bytes from panel to
 * panel.
 */
function multiplyBlock(a: usize, lda: usize, rows: u32, b: usize, panel: usize, n: u32, k: u32, alpha: f32, add: bool, c: usize, ldc: usize): void {
  // rows that are not there are read as the last one, and not stored
  const d1 = rows > 1 ? lda : 0
  const d2 = rows > 2 ? d1 + lda : d1
  const d3 = rows > 3 ? d2 + lda : d2
  const e1 = rows > 1 ? ldc : 0
  const e2 = rows > 2 ? e1 + ldc : e1
  const e3 = rows > 3 ? e2 + ldc : e2
  const whole = a + ((k & ~3) << 2)
  const end = a + (k << 2)
  for (;;) {
    let q = b
    let at = a
    let p1 = a + d1
    let p2 = a + d2
    let p3 = a + d3
    let s00 = f32x4.splat(0)
    let s01 = f32x4.splat(0)
    let s10 = f32x4.splat(0)
    let s11 = f32x4.splat(0)
    let s20 = f32x4.splat(0)
    let s21 = f32x4.splat(0)
    let s30 = f32x4.splat(0)
    let s31 = f32x4.splat(0)
    while (at < whole) {
      let b0 = v128.load(q)
      let b1 = v128.load(q, 16)
      let w = v128.load32_splat(at)
      s00 = f32x4.add(s00, f32x4.mul(w, b0))
      s01 = f32x4.add(s01, f32x4.mul(w, b1))
      w = v128.load32_splat(p1)
      s10 = f32x4.add(s10, f32x4.mul(w, b0))
      s11 = f32x4.add(s11, f32x4.mul(w, b1))
      w = v128.load32_splat(p2)
      s20 = f32x4.add(s20, f32x4.mul(w, b0))
      s21 = f32x4.add(s21, f32x4.mul(w, b1))
      w = v128.load32_splat(p3)
      s30 = f32x4.add(s30, f32x4.mul(w, b0))
      s31 = f32x4.add(s31, f32x4.mul(w, b1))
      b0 = v128.load(q, 32)
      b1 = v128.load(q, 48)
      w = v128.load32_splat(at, 4)
      s00 = f32x4.add(s00, f32x4.mul(w, b0))
      s01 = f32x4.add(s01, f32x4.mul(w, b1))
      w = v128.load32_splat(p1, 4)
      s10 = f32x4.add(s10, f32x4.mul(w, b0))
      s11 = f32x4.add(s11, f32x4.mul(w, b1))
      w = v128.load32_splat(p2, 4)
      s20 = f32x4.add(s20, f32x4.mul(w, b0))
      s21 = f32x4.add(s21, f32x4.mul(w, b1))
      w = v128.load32_splat(p3, 4)
      s30 = f32x4.add(s30, f32x4.mul(w, b0))
      s31 = f32x4.add(s31, f32x4.mul(w, b1))
      b0 = v128.load(q, 64)
      b1 = v128.load(q, 80)
      w = v128.load32_splat(at, 8)
      s00 = f32x4.add(s00, f32x4.mul(w, b0))
      s01 = f32x4.add(s01, f32x4.mul(w, b1))
      w = v128.load32_splat(p1, 8)
      s10 = f32x4.add(s10, f32x4.mul(w, b0))
      s11 = f32x4.add(s11, f32x4.mul(w, b1))
      w = v128.load32_splat(p2, 8)
      s20 = f32x4.add(s20, f32x4.mul(w, b0))
      s21 = f32x4.add(s21, f32x4.mul(w, b1))
      w = v128.load32_splat(p3, 8)
      s30 = f32x4.add(s30, f32x4.mul(w, b0))
      s31 = f32x4.add(s31, f32x4.mul(w, b1))
      b0 = v128.load(q, 96)
      b1 = v128.load(q, 112)
      w = v128.load32_splat(at, 12)
      s00 = f32x4.add(s00, f32x4.mul(w, b0))
      s01 = f32x4.add(s01, f32x4.mul(w, b1))
      w = v128.load32_splat(p1, 12)
      s10 = f32x4.add(s10, f32x4.mul(w, b0))
      s11 = f32x4.add(s11, f32x4.mul(w, b1))
      w = v128.load32_splat(p2, 12)
      s20 = f32x4.add(s20, f32x4.mul(w, b0))
      s21 = f32x4.add(s21, f32x4.mul(w, b1))
      w = v128.load32_splat(p3, 12)
      s30 = f32x4.add(s30, f32x4.mul(w, b0))
      s31 = f32x4.add(s31, f32x4.mul(w, b1))
      at += 16
      p1 += 16
      p2 += 16
      p3 += 16
      q += 128
    }
    while (at < end) {
      const b0 = v128.load(q)
      const b1 = v128.load(q, 16)
      let w = v128.load32_splat(at)
      s00 = f32x4.add(s00, f32x4.mul(w, b0))
      s01 = f32x4.add(s01, f32x4.mul(w, b1))
      w = v128.load32_splat(p1)
      s10 = f32x4.add(s10, f32x4.mul(w, b0))
      s11 = f32x4.add(s11, f32x4.mul(w, b1))
      w = v128.load32_splat(p2)
      s20 = f32x4.add(s20, f32x4.mul(w, b0))
      s21 = f32x4.add(s21, f32x4.mul(w, b1))
      w = v128.load32_splat(p3)
      s30 = f32x4.add(s30, f32x4.mul(w, b0))
      s31 = f32x4.add(s31, f32x4.mul(w, b1))
      at += 4
      p1 += 4
      p2 += 4
      p3 += 4
      q += 32
    }
    if (alpha != 1) {
      const by = f32x4.splat(alpha)
      s00 = f32x4.mul(s00, by)
      s01 = f32x4.mul(s01, by)
      s10 = f32x4.mul(s10, by)
      s11 = f32x4.mul(s11, by)
      s20 = f32x4.mul(s20, by)
      s21 = f32x4.mul(s21, by)
      s30 = f32x4.mul(s30, by)
      s31 = f32x4.mul(s31, by)
    }
    const c1 = c + e1
    const c2 = c + e2
    const c3 = c + e3
    if (add) {
      // values behind the last column are read, and thrown away
      s00 = f32x4.add(s00, v128.load(c))
      s01 = f32x4.add(s01, v128.load(c, 16))
      s10 = f32x4.add(s10, v128.load(c1))
      s11 = f32x4.add(s11, v128.load(c1, 16))
      s20 = f32x4.add(s20, v128.load(c2))
      s21 = f32x4.add(s21, v128.load(c2, 16))
      s30 = f32x4.add(s30, v128.load(c3))
      s31 = f32x4.add(s31, v128.load(c3, 16))
    }
    if (n < PANEL) {
      storePart(c, s00, s01, n)
      if (rows > 1) storePart(c1, s10, s11, n)
      if (rows > 2) storePart(c2, s20, s21, n)
      if (rows > 3) storePart(c3, s30, s31, n)
      return
    }
    v128.store(c, s00)
    v128.store(c, s01, 16)
    if (rows > 1) {
      v128.store(c1, s10)
      v128.store(c1, s11, 16)
    }
    if (rows > 2) {
      v128.store(c2, s20)
      v128.store(c2, s21, 16)
    }
    if (rows > 3) {
      v128.store(c3, s30)
      v128.store(c3, s31, 16)
    }
    n -= PANEL
    if (n == 0) return
    c += 32
    b += panel
  }
}

/** The same over all blocks: `block` values of k make up one. */
export function multiplyRows(a: usize, lda: usize, rows: u32, b: usize, n: u32, k: u32, block: u32, alpha: f32, add: bool, c: usize, ldc: usize): void {
  for (let from: u32 = 0; from < k; from += block) {
    multiplyBlock(a + (from << 2), lda, rows, b + (from << 5), k << 5, n, min(block, k - from), alpha, add || from > 0, c, ldc)
  }
}
