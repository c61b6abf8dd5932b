/**
 * The error function in single precision as onnxruntime (MLAS) has it: near zero a polynomial in x, farther out 1 - e^-p(x). Every product and sum
 * rounds by itself.
 */

@inline
function fma(a: v128, b: v128, c: f32): v128 {
  return f32x4.add(f32x4.mul(a, b), f32x4.splat(c))
}

const MOST: f32 = 3.925
const SPLIT: f32 = 0.921875
const EXP_LOWEST: f32 = -88.3762626647949
const MAGIC: f32 = 12582912
const LOG2E: f32 = 1.44269504088896341
const LN2_HIGH: f32 = -6.93145752e-1
const LN2_LOW: f32 = -1.42860677e-6

@inline
export function erf(x: v128): v128 {
  const sign = v128.and(x, i32x4.splat(0x80000000))
  const v = f32x4.min(f32x4.splat(MOST), f32x4.abs(x))
  const s = f32x4.mul(v, v)
  const far = f32x4.gt(v, f32x4.splat(SPLIT))
  let near = fma(f32x4.splat(-5.99104969e-4), s, 4.99339588e-3)
  near = fma(near, s, -2.67667342e-2)
  near = fma(near, s, 1.12818025e-1)
  near = fma(near, s, -3.76124859e-1)
  near = fma(near, s, 1.28379151e-1)
  near = f32x4.add(f32x4.mul(near, v), v)
  let p = fma(f32x4.splat(1.72948930e-5), v, -3.83208680e-4)
  p = fma(p, v, 3.88393435e-3)
  p = fma(p, v, -2.42545605e-2)
  p = fma(p, v, 1.06777847e-1)
  p = fma(p, v, 6.34846687e-1)
  p = fma(p, v, 1.28717512e-1)
  p = f32x4.add(f32x4.mul(p, v), v)
  p = f32x4.max(f32x4.splat(EXP_LOWEST), f32x4.neg(p))
  const biased = fma(f32x4.splat(LOG2E), p, MAGIC)
  const r = f32x4.sub(biased, f32x4.splat(MAGIC))
  let f = f32x4.add(f32x4.mul(r, f32x4.splat(LN2_HIGH)), p)
  f = f32x4.add(f32x4.mul(r, f32x4.splat(LN2_LOW)), f)
  let y = fma(f32x4.splat(1.38319808e-3), f, 8.37550033e-3)
  y = fma(y, f, 4.16689515e-2)
  y = fma(y, f, 1.66664466e-1)
  y = fma(y, f, 4.99999851e-1)
  y = fma(y, f, 1)
  y = fma(y, f, 1)
  const power = i32x4.shl(i32x4.add(i32x4.trunc_sat_f32x4_s(r), i32x4.splat(127)), 23)
  y = f32x4.sub(f32x4.splat(1), f32x4.mul(y, power))
  return v128.or(v128.or(v128.andnot(near, far), v128.and(y, far)), sign)
}
