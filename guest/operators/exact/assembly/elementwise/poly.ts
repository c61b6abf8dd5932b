/** onnxruntime's (MLAS) approximations in single precision, four values at a time: every product and every sum rounds by itself. */

@inline
function fma(a: v128, b: v128, c: v128): v128 {
  return f32x4.add(f32x4.mul(a, b), c)
}

@inline
function splat(x: f32): v128 {
  return f32x4.splat(x)
}

/** 1 / (1 + e^-x): a quotient of polynomials on -18 to 18. NaN stays NaN. */
@inline
export function logistic(x: v128): v128 {
  const v = f32x4.min(splat(18), f32x4.max(splat(-18), x))
  const s = f32x4.mul(v, v)
  let p = fma(s, splat(4.37031012579801e-11), splat(1.15627324459942e-7))
  p = fma(p, s, splat(6.08574864600143e-5))
  p = fma(p, s, splat(8.51377133304701e-3))
  p = fma(p, s, splat(2.48287947061529e-1))
  p = f32x4.mul(p, v)
  let q = fma(s, splat(6.10247389755681e-13), splat(5.76102136993427e-9))
  q = fma(q, s, splat(6.29106785017040e-6))
  q = fma(q, s, splat(1.70198817374094e-3))
  q = fma(q, s, splat(1.16817656904453e-1))
  q = fma(q, s, splat(9.93151921023180e-1))
  return f32x4.min(f32x4.max(f32x4.add(f32x4.div(p, q), splat(0.5)), splat(0)), splat(1))
}

/** tanh on -9 to 9; beyond, what is there. */
@inline
export function tanh(x: v128): v128 {
  return tanhQuotient(f32x4.min(splat(9), f32x4.max(splat(-9), x)))
}

/** A quotient of polynomials near tanh. */
@inline
export function tanhQuotient(v: v128): v128 {
  const s = f32x4.mul(v, v)
  let p = fma(s, splat(-2.76076847742355e-16), splat(2.00018790482477e-13))
  p = fma(p, s, splat(-8.60467152213735e-11))
  p = fma(p, s, splat(5.12229709037114e-8))
  p = fma(p, s, splat(1.48572235717979e-5))
  p = fma(p, s, splat(6.37261928875436e-4))
  p = fma(p, s, splat(4.89352455891786e-3))
  p = f32x4.mul(p, v)
  let q = fma(s, splat(1.19825839466702e-6), splat(1.18534705686654e-4))
  q = fma(q, s, splat(2.26843463243900e-3))
  q = fma(q, s, splat(4.89352518554385e-3))
  return f32x4.div(p, q)
}

const MAGIC: f32 = 12582912 // 1.5 * 2^23: adding it rounds to an integer that then stands in the low bits
const LOG2E: f32 = 1.44269504088896341
const LN2_HIGH: f32 = -6.93145752e-1
const LN2_LOW: f32 = -1.42860677e-6

/** e^r for the rest of a power of two, up to its last term. */
@inline
function expPolynomial(r: v128): v128 {
  let p = fma(splat(reinterpret<f32>(0x3ab4a000)), r, splat(reinterpret<f32>(0x3c092f6e)))
  p = fma(p, r, splat(reinterpret<f32>(0x3d2aadad)))
  p = fma(p, r, splat(reinterpret<f32>(0x3e2aaa28)))
  p = fma(p, r, splat(reinterpret<f32>(0x3efffffb)))
  return fma(p, r, splat(1))
}

/** e^x for what is not above zero; below -88.38 it stays at the value there. */
@inline
export function expNegative(x: v128): v128 {
  let r = f32x4.max(splat(-88.3762626647949), x)
  const biased = fma(r, splat(LOG2E), splat(MAGIC))
  const m = f32x4.sub(biased, splat(MAGIC))
  r = fma(m, splat(LN2_HIGH), r)
  r = fma(m, splat(LN2_LOW), r)
  const p = fma(expPolynomial(r), r, splat(1))
  return f32x4.mul(p, i32x4.add(i32x4.shl(biased, 23), i32x4.splat(0x3f800000)))
}

/** e^x; 2^m is applied in two steps, so that results reach down to the smallest numbers. */
@inline
export function exp(x: v128): v128 {
  let r = f32x4.min(splat(88.776262664795), f32x4.max(splat(-103.9720840454), x))
  const biased = fma(r, splat(LOG2E), splat(MAGIC))
  const m = f32x4.sub(biased, splat(MAGIC))
  r = fma(m, splat(LN2_HIGH), r)
  r = fma(m, splat(LN2_LOW), r)
  const whole = i32x4.shl(biased, 23)
  const most = i32x4.max_s(i32x4.min_s(whole, i32x4.splat(0x3f800000)), i32x4.splat(0xc1000000))
  const rest = i32x4.add(i32x4.sub(whole, most), i32x4.splat(0x3f800000))
  const p = fma(expPolynomial(r), f32x4.mul(r, rest), rest)
  return f32x4.mul(p, i32x4.add(most, i32x4.splat(0x3f800000)))
}
