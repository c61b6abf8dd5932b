import { DONE } from '../status'
import { shareFrom, shareTo } from '../share'
import { pow64 } from './libm'

/**
 * Powers of bases and exponents of different dtypes, or of integers: in double precision, then as the base's dtype. Operands: base, exponent, out. Parameters:
 * dtype of the base, of the exponent (0 f32, 1 f64, 2 s32, 3 s64); 1 where the exponent stands still in the innermost axis; elements; then the axes of the
 * output: their count, then side and steps of base and exponent of each, innermost first.
 */
export const POW_MIXED: i32 = 223

@inline
function number(dtype: i32, at: usize, i: u32): f64 {
  if (dtype == 0) return <f64>load<f32>(at + (i << 2))
  if (dtype == 1) return load<f64>(at + (i << 3))
  return dtype == 2 ? <f64>load<i32>(at + (i << 2)) : <f64>load<i64>(at + (i << 3))
}

/** Squares and cubes as products in the base's own dtype: what onnxruntime does where the exponent stands still. */
function product(dtype: i32, x: usize, out: usize, cube: bool): void {
  if (dtype == 0) {
    const v = load<f32>(x)
    store<f32>(out, cube ? v * v * v : v * v)
  } else if (dtype == 1) {
    const v = load<f64>(x)
    store<f64>(out, cube ? v * v * v : v * v)
  } else if (dtype == 2) {
    const v = load<i32>(x)
    store<i32>(out, cube ? v * v * v : v * v)
  } else {
    const v = load<i64>(x)
    store<i64>(out, cube ? v * v * v : v * v)
  }
}

export function powMixed(p: usize, part: i32, parts: i32): i32 {
  const a: usize = load<u32>(p)
  const b: usize = load<u32>(p, 4)
  const out: usize = load<u32>(p, 8)
  const base = load<i32>(p, 12)
  const exponent = load<i32>(p, 16)
  const still = load<u32>(p, 20) != 0
  const n = load<u32>(p, 24)
  const rank = load<u32>(p, 28)
  const wide: u32 = base & 1 ? 3 : 2
  const to = shareTo(n, 16, part, parts)
  for (let i = shareFrom(n, 16, part, parts); i < to; i++) {
    let rest = i
    let x: u32 = 0
    let y: u32 = 0
    for (let axis: u32 = 0; axis < rank; axis++) {
      const side = load<u32>(p + axis * 12, 32)
      const at = rest % side
      rest /= side
      x += at * load<u32>(p + axis * 12, 36)
      y += at * load<u32>(p + axis * 12, 40)
    }
    const e = number(exponent, b, y)
    const to1 = out + (i << wide)
    if (still && (e == 2 || e == 3)) {
      product(base, a + (x << wide), to1, e == 3)
      continue
    }
    const v = pow64(number(base, a, x), e)
    if (base == 0) store<f32>(to1, <f32>v)
    else if (base == 1) store<f64>(to1, v)
    else if (base == 2) store<i32>(to1, <i32>v)
    else store<i64>(to1, <i64>v)
  }
  return DONE
}
