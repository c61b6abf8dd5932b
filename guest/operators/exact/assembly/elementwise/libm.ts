/** Single-precision functions of the C library that onnxruntime-web is built with (musl), where those of the AssemblyScript library round otherwise. */
import { powf_lut, pow_lut } from '~lib/util/math'

/** The rational approximation behind asin. */
@inline
function asinRational(z: f32): f32 {
  const p = z * (<f32>1.6666586697e-1 + z * (<f32>-4.2743422091e-2 + z * <f32>-8.656363003e-3))
  return p / (<f32>1 + z * <f32>-7.066296339e-1)
}

export function asin(x: f32): f32 {
  const v = Mathf.abs(x)
  const quarterTurn: f64 = 1.570796326794896558
  if (v >= 1) return v == 1 ? <f32>(<f64>x * quarterTurn) : NaN
  if (v < 0.5) return v < 0.000244140625 && v >= 1.17549435e-38 ? x : x + x * asinRational(x * x)
  const z = (<f32>1 - v) * <f32>0.5
  const s = sqrt<f64>(<f64>z)
  const y = <f32>(quarterTurn - 2 * (s + s * <f64>asinRational(z)))
  return x < 0 ? -y : y
}

/** e^x - 1. */
function expm1(x: f32): f32 {
  const bits = reinterpret<u32>(x) & 0x7fffffff
  const negative = reinterpret<u32>(x) >> 31 != 0
  if (bits >= 0x4195b844) {
    if (bits > 0x7f800000) return x
    if (negative) return -1
    if (bits > 0x42b17217) return x * reinterpret<f32>(0x7f000000)
  }
  let k: i32 = 0
  let c: f32 = 0
  if (bits > 0x3eb17218) {
    let high: f32
    let low: f32
    if (bits < 0x3f851592) {
      k = negative ? -1 : 1
      high = x - <f32>k * reinterpret<f32>(0x3f317180)
      low = <f32>k * reinterpret<f32>(0x3717f7d1)
    } else {
      k = <i32>(reinterpret<f32>(0x3fb8aa3b) * x + (negative ? <f32>-0.5 : <f32>0.5))
      high = x - <f32>k * reinterpret<f32>(0x3f317180)
      low = <f32>k * reinterpret<f32>(0x3717f7d1)
    }
    x = high - low
    c = high - x - low
  } else if (bits < 0x33000000) return x
  const half = <f32>0.5 * x
  const square = x * half
  const r = <f32>1 + square * (reinterpret<f32>(0xbd088868) + square * reinterpret<f32>(0x3acf3010))
  const t = <f32>3 - r * half
  let e = square * ((r - t) / (<f32>6 - x * t))
  if (k == 0) return x - (x * e - square)
  e = x * (e - c) - c
  e -= square
  if (k == -1) return <f32>0.5 * (x - e) - <f32>0.5
  if (k == 1) return x < -0.25 ? <f32>-2 * (e - (x + <f32>0.5)) : <f32>1 + <f32>2 * (x - e)
  const power = reinterpret<f32>((0x7f + k) << 23)
  if (k < 0 || k > 56) {
    const y = x - e + <f32>1
    return (k == 128 ? y * <f32>2 * reinterpret<f32>(0x7f000000) : y * power) - <f32>1
  }
  const inverse = reinterpret<f32>((0x7f - k) << 23)
  return k < 23 ? (x - e + (<f32>1 - inverse)) * power : (x - (e + inverse) + <f32>1) * power
}

export function sinh(x: f32): f32 {
  const v = Mathf.abs(x)
  const h: f32 = reinterpret<u32>(x) >> 31 ? -0.5 : 0.5
  if (reinterpret<u32>(v) >= 0x42b17217) return Mathf.sinh(x)
  const t = expm1(v)
  if (v >= 1) return h * (t + t / (t + <f32>1))
  return v < 0.000244140625 ? x : h * (<f32>2 * t - (t * t) / (t + <f32>1))
}

/** Of the C library; the operator Tanh has a polynomial of its own. */
export function tanhAlone(x: f32): f32 {
  const v = Mathf.abs(x)
  const bits = reinterpret<u32>(v)
  let t: f32 = v
  if (bits > 0x3f0c9f54) t = bits > 0x41200000 ? <f32>1 + <f32>0 / v : <f32>1 - <f32>2 / (expm1(<f32>2 * v) + <f32>2)
  else if (bits > 0x3e82c578) {
    const e = expm1(<f32>2 * v)
    t = e / (e + <f32>2)
  } else if (bits >= 0x00800000) {
    const e = expm1(<f32>-2 * v)
    t = -e / (e + <f32>2)
  }
  return copysign<f32>(t, x)
}

export function acosh(x: f32): f32 {
  const d = x - 1
  return (reinterpret<u32>(x) & 0x7fffffff) < 0x40000000 ? Mathf.log1p(d + Mathf.sqrt(d * d + <f32>2 * d)) : Mathf.acosh(x)
}

export function atanh(x: f32): f32 {
  let v = Mathf.abs(x)
  if (v < 0.5) {
    if (v >= 2.3283064365386963e-10) v = <f32>0.5 * Mathf.log1p(<f32>2 * v + (<f32>2 * v * v) / (<f32>1 - v))
  } else v = <f32>0.5 * Mathf.log1p(<f32>2 * (v / (<f32>1 - v)))
  return copysign<f32>(v, x)
}

/** Not inlined: the library's already is. As C has it: 1 to any power is 1, and so is -1 to an infinite one. */
export function pow(x: f32, y: f32): f32 {
  if (x == 1 || (x == -1 && Mathf.abs(y) == Infinity)) return 1
  return powf_lut(x, y)
}

export function pow64(x: f64, y: f64): f64 {
  if (x == 1 || (x == -1 && Math.abs(y) == Infinity)) return 1
  return pow_lut(x, y)
}

/** From here on the quarter turns of an angle do not fit into the products of the AssemblyScript library. */
const LARGE: u32 = 0x4dc90fdb
/** 2 / pi, its bits behind the point. */
const TWO_OVER_PI = memory.data<u32>([
  0xa2f9836e, 0x4e441529, 0xfc2757d1, 0xf534ddc0, 0xdb629599, 0x3c439041, 0xfe5163ab, 0xdebbc561, 0xb7246e3a, 0x424dd2e0,
])

@inline
function window(word: u32, shift: u32): u64 {
  const at = TWO_OVER_PI + (word << 2)
  const two = (load<u64>(at) << 32) | (load<u64>(at) >> 32)
  return (two << shift) >> 32
}

/** The rest of |x|, at least 2^28, in quarter turns: between -1/2 and 1/2, times pi / 2. The quarter goes to `quarter`. */
function restOfLarge(bits: u32): f64 {
  const mantissa = <u64>((bits & 0x007fffff) | 0x00800000)
  // 2 / pi times 2^exponent, without what only makes whole turns: 126 bits stand behind the point
  const from = ((bits >> 23) & 0xff) - 152
  const word = from >> 5
  const shift = from & 31
  let carry = mantissa * window(word + 3, shift)
  const p3 = carry & 0xffffffff
  carry = mantissa * window(word + 2, shift) + (carry >> 32)
  const p2 = carry & 0xffffffff
  carry = mantissa * window(word + 1, shift) + (carry >> 32)
  const p1 = carry & 0xffffffff
  carry = mantissa * window(word, shift) + (carry >> 32)
  const high = ((carry & 0xffffffff) << 32) | p1
  const low = (p2 << 32) | p3
  const rest = (high << 2) | (low >> 62)
  quarter = <i32>((high >> 62) + (rest >> 63))
  // as numbers with a sign: the upper 64 bits and what stands behind them
  return (<f64>(<i64>rest) * 5.421010862427522e-20 + <f64>(low << 2) * 2.938735877055719e-39) * 1.5707963267948966
}

let quarter: i32 = 0

@inline
function sinKernel(x: f64): f32 {
  const z = x * x
  const w = z * z
  const r = reinterpret<f64>(0xbf2a00f9e2cae774) + z * reinterpret<f64>(0x3ec6cd878c3b46a7)
  const s = z * x
  return <f32>(x + s * (reinterpret<f64>(0xbfc5555554cbac77) + z * reinterpret<f64>(0x3f811110896efbb2)) + s * w * r)
}

@inline
function cosKernel(x: f64): f32 {
  const z = x * x
  const w = z * z
  const r = reinterpret<f64>(0xbf56c087e80f1e27) + z * reinterpret<f64>(0x3ef99342e0ee5069)
  return <f32>(1 + z * reinterpret<f64>(0xbfdffffffd0c5e81) + w * reinterpret<f64>(0x3fa55553e1053a42) + w * z * r)
}

@inline
function tanKernel(x: f64, odd: bool): f32 {
  const z = x * x
  let r = reinterpret<f64>(0x3f685dadfcecf44e) + z * reinterpret<f64>(0x3f8362b9bf971bcd)
  const t = reinterpret<f64>(0x3fab54c91d865afe) + z * reinterpret<f64>(0x3f991df3908c33ce)
  const w = z * z
  const s = z * x
  const u = reinterpret<f64>(0x3fd5554d3418c99f) + z * reinterpret<f64>(0x3fc112fd38999f72)
  r = x + s * u + s * w * (t + w * r)
  return <f32>(odd ? -1 / r : r)
}

@inline
function isLarge(bits: u32): bool {
  return bits >= LARGE && bits < 0x7f800000
}

export function sin(x: f32): f32 {
  const bits = reinterpret<u32>(x) & 0x7fffffff
  if (!isLarge(bits)) return Mathf.sin(x)
  const y = restOfLarge(bits)
  const v = quarter & 1 ? cosKernel(y) : sinKernel(y)
  return ((quarter & 2) != 0) != (x < 0) ? -v : v
}

export function cos(x: f32): f32 {
  const bits = reinterpret<u32>(x) & 0x7fffffff
  if (!isLarge(bits)) return Mathf.cos(x)
  const y = restOfLarge(bits)
  const v = quarter & 1 ? sinKernel(-y) : cosKernel(y)
  return quarter & 2 ? -v : v
}

export function tan(x: f32): f32 {
  const bits = reinterpret<u32>(x) & 0x7fffffff
  if (!isLarge(bits)) return Mathf.tan(x)
  const v = tanKernel(restOfLarge(bits), (quarter & 1) != 0)
  return x < 0 ? -v : v
}
