import { DONE } from '../status'
import { shareFrom, shareTo } from '../share'
import { PANEL } from './tile'

export const PACK: i32 = 100

/** Panels of `n` columns (from the row at `b` on) and `k` rows that lie `ldb` bytes apart, each panel `panel` bytes from the one before. */
export function packColumns(b: usize, ldb: usize, n: u32, k: u32, out: usize, panel: usize): void {
  for (; n >= PANEL; n -= PANEL) {
    let at = b
    const end = out + (k << 5)
    for (let o = out; o < end; o += 32) {
      v128.store(o, v128.load(at))
      v128.store(o, v128.load(at, 16), 16)
      at += ldb
    }
    b += 32
    out += panel
  }
  if (n == 0) return
  // columns that are not there are read, from what lies behind, and masked
  const low = mask(n)
  const high = mask(n > 4 ? n - 4 : 0)
  let at = b
  const end = out + (k << 5)
  for (let o = out; o < end; o += 32) {
    v128.store(o, v128.and(v128.load(at), low))
    v128.store(o, v128.and(v128.load(at, 16), high), 16)
    at += ldb
  }
}

/** Ones in the first `n` lanes. */
// @ts-ignore: decorator
@inline
function mask(n: u32): v128 {
  return i32x4.lt_u(i32x4(0, 1, 2, 3), i32x4.splat(n))
}

/** The same of a matrix that lies transposed: `n` rows, `ldb` bytes apart, of `k` values. */
export function packRows(b: usize, ldb: usize, n: u32, k: u32, out: usize, panel: usize): void {
  for (; n > 0; n -= min<u32>(n, PANEL)) {
    const whole = n < PANEL ? n : PANEL
    for (let j: u32 = 0; j < PANEL; j++) {
      const row = b + j * ldb
      let o = out + (j << 2)
      if (j < whole) {
        for (let x: u32 = 0; x < k; x++) {
          store<f32>(o, load<f32>(row + (x << 2)))
          o += 32
        }
      } else {
        for (let x: u32 = 0; x < k; x++) {
          store<u32>(o, 0)
          o += 32
        }
      }
    }
    b += ldb << 3
    out += panel
  }
}

/** Packs matrices one behind the other into panels. Operands: b, out. Parameters: matrices, k, n, transposed (b is [n, k] instead of [k, n]). */
export function pack(p: usize, part: i32, parts: i32): i32 {
  const b = load<u32>(p)
  const out = load<u32>(p, 4)
  const matrices = load<u32>(p, 8)
  const k = load<u32>(p, 12)
  const n = load<u32>(p, 16)
  const transposed = load<u32>(p, 20) != 0
  const panels = (n + PANEL - 1) / PANEL
  const panel = k << 5
  const to = shareTo(matrices * panels, 1, part, parts)
  for (let at = shareFrom(matrices * panels, 1, part, parts); at < to; ) {
    const matrix = at / panels
    const first = at - matrix * panels
    const count = min(panels - first, to - at)
    const columns = min(count * PANEL, n - first * PANEL)
    const from = b + ((matrix * k * n) << 2)
    const o = out + at * panel
    if (transposed) packRows(from + ((first * PANEL * k) << 2), k << 2, columns, k, o, panel)
    else packColumns(from + ((first * PANEL) << 2), n << 2, columns, k, o, panel)
    at += count
  }
  return DONE
}
