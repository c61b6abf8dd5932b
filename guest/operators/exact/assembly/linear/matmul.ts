import { DONE } from '../status'
import { shareFrom, shareTo } from '../share'
import { multiplyRows, PANEL, ROWS } from './tile'

export const MATMUL: i32 = 101

/** Bytes of packed columns that are gone over again and again: they should stay in the second cache. */
const CACHE: u32 = 1 << 20

/** c[m, n] = a[m, k] b[k, n] of packed panels, in stretches of columns that stay in the cache. The rest as `multiplyRows` says. */
export function multiply(
  a: usize,
  lda: usize,
  m: u32,
  b: usize,
  n: u32,
  k: u32,
  block: u32,
  alpha: f32,
  add: bool,
  c: usize,
  ldc: usize,
): void {
  const panel = k << 5
  const stretch = max<u32>(CACHE / panel, 1) * PANEL
  for (let j: u32 = 0; j < n; j += stretch) {
    const columns = min(stretch, n - j)
    for (let i: u32 = 0; i < m; i += ROWS) {
      multiplyRows(a + i * lda, lda, min(ROWS, m - i), b, columns, k, block, alpha, add, c + i * ldc, ldc)
    }
    b += (columns / PANEL) * panel
    c += columns << 2
  }
}

/**
 * Products of matrices, B packed (kernel 100). Operands: a [.., m, k], packed b, out [.., m, n]. Parameters: m, k, n, block (so many k are summed by themselves),
 * alpha, add (to what out holds), dimensions of the batch, and for each of these from the outermost on: its side, and how many matrices of a and of b lie between two.
 */
export function matmul(p: usize, part: i32, parts: i32): i32 {
  const a = load<u32>(p)
  const b = load<u32>(p, 4)
  const out = load<u32>(p, 8)
  const m = load<u32>(p, 12)
  const k = load<u32>(p, 16)
  const n = load<u32>(p, 20)
  const block = load<u32>(p, 24)
  const alpha = load<f32>(p, 28)
  const add = load<u32>(p, 32) != 0
  const dims = load<u32>(p, 36)
  const batch = p + 40
  let matrices: u32 = 1
  for (let d: u32 = 0; d < dims; d++) matrices *= load<u32>(batch + d * 12)
  if (k == 0) {
    if (part == 0 && !add) memory.fill(out, 0, (matrices * m * n) << 2)
    return DONE
  }
  const panels = (n + PANEL - 1) / PANEL
  const rows = (m + ROWS - 1) / ROWS
  const panel = k << 5
  // columns are dealt out, or rows where there are more of them
  const byRows = rows > panels
  const units = byRows ? rows : panels
  const to = shareTo(matrices * units, 1, part, parts)
  for (let at = shareFrom(matrices * units, 1, part, parts); at < to;) {
    const matrix = at / units
    const first = at - matrix * units
    const count = min(units - first, to - at)
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
    let x = a + ((ofA * m * k) << 2)
    let y = b + ofB * panels * panel
    let c = out + ((matrix * m * n) << 2)
    let height = m
    let width = n
    if (byRows) {
      x += first * ROWS * (k << 2)
      c += first * ROWS * (n << 2)
      height = min(count * ROWS, m - first * ROWS)
    } else {
      y += first * panel
      c += (first * PANEL) << 2
      width = min(count * PANEL, n - first * PANEL)
    }
    multiply(x, k << 2, height, y, width, k, block, alpha, add, c, n << 2)
    at += count
  }
  return DONE
}
