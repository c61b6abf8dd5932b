import { DONE } from '../status'
import { shareFrom, shareTo } from '../share'

export const ADDEND: i32 = 104

/**
 * What a product is added to: out[m, n] = factor c, broadcast. Operands: c, out. Parameters: m, n, values of c from row to row (0 or more), from column to column (0 or 1),
 * factor.
 */
export function addend(p: usize, part: i32, parts: i32): i32 {
  const c = load<u32>(p)
  const out = load<u32>(p, 4)
  const m = load<u32>(p, 8)
  const n = load<u32>(p, 12)
  const rowStep = load<u32>(p, 16) << 2
  const step = load<u32>(p, 20) << 2
  const factor = load<f32>(p, 24)
  const to = shareTo(m, 1, part, parts)
  for (let i = shareFrom(m, 1, part, parts); i < to; i++) {
    let from = c + i * rowStep
    let at = out + ((i * n) << 2)
    for (const end = at + (n << 2); at < end; at += 4) {
      store<f32>(at, factor == 1 ? load<f32>(from) : load<f32>(from) * factor)
      from += step
    }
  }
  return DONE
}
