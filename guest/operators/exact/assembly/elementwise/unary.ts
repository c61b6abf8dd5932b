import { DONE, UNKNOWN } from '../status'
import { shareFrom, shareTo } from '../share'
import { storeSome } from './binary'
import { exp, logistic, tanh } from './poly'
import { erf } from './erf'
import { acosh, asin, atanh, cos, sin, sinh, tan, tanhAlone } from './libm'

/** One f32 operand. Operands: x, out. Parameters: operation, elements, two numbers (f32) whose meaning stands beside the operation. */
export const UNARY_F32: i32 = 210

const RELU: i32 = 0
/** Not below the first, not above the second. */
const CLIP: i32 = 1
/** Times the first below zero. */
const LEAKY_RELU: i32 = 2
/** First times x plus second, in 0 to 1. */
const HARD_SIGMOID: i32 = 3
const HARD_SWISH: i32 = 4
const SIGMOID: i32 = 5
const TANH: i32 = 6
const NEG: i32 = 7
const ABS: i32 = 8
const RECIPROCAL: i32 = 9
const SQRT: i32 = 10
const FLOOR: i32 = 11
const CEIL: i32 = 12
const ROUND: i32 = 13
const SIGN: i32 = 14
/** x above the first, else 0. */
const THRESHOLDED_RELU: i32 = 15
const SOFTSIGN: i32 = 16
const ERF: i32 = 17
const GELU: i32 = 18
/** x times the logistic function of (first times x). */
const SWISH: i32 = 19
const EXP: i32 = 21
const GELU_TANH: i32 = 22

const FIRST_SCALAR: i32 = 32
const LOG: i32 = 33
const SIN: i32 = 34
const COS: i32 = 35
const TAN: i32 = 36
const ASIN: i32 = 37
const ACOS: i32 = 38
const ATAN: i32 = 39
const SINH: i32 = 40
const COSH: i32 = 41
const ASINH: i32 = 42
const ACOSH: i32 = 43
const ATANH: i32 = 44
/** First is alpha. */
const ELU: i32 = 45
/** Alpha, gamma. */
const SELU: i32 = 46
const CELU: i32 = 47
const SOFTPLUS: i32 = 48
/** Beyond the first (lambda) on either side, nearer by the second (bias); else 0. */
const SHRINK: i32 = 49
/** As a C library has it, which Attention takes for its softcap. */
const TANH_ALONE: i32 = 50
const LAST: i32 = 50

/** What onnxruntime's Eigen takes for a maximum: the first where neither is greater, so NaN and -0 of the first stay. */
@inline
function atLeast(x: v128, low: v128): v128 {
  return f32x4.pmax(x, low)
}

@inline
function atMost(x: v128, high: v128): v128 {
  return f32x4.pmin(x, high)
}

@inline
function vector(op: i32, x: v128, first: v128, second: v128): v128 {
  const zero = f32x4.splat(0)
  const one = f32x4.splat(1)
  if (op == RELU) return atLeast(x, zero)
  if (op == CLIP) return atMost(atLeast(x, first), second)
  if (op == LEAKY_RELU) return v128.bitselect(x, f32x4.mul(first, x), f32x4.ge(x, zero))
  if (op == HARD_SIGMOID) return atLeast(atMost(f32x4.add(f32x4.mul(first, x), second), one), zero)
  if (op == HARD_SWISH) return f32x4.mul(x, atLeast(atMost(f32x4.add(f32x4.mul(first, x), second), one), zero))
  if (op == SIGMOID) return logistic(x)
  if (op == TANH) return tanh(x)
  if (op == SQRT) return f32x4.sqrt(x)
  if (op == SWISH) return f32x4.mul(x, logistic(f32x4.mul(x, first)))
  if (op == ERF) return erf(x)
  if (op == EXP) return exp(x)
  if (op == GELU_TANH) {
    const inner = f32x4.add(f32x4.mul(f32x4.mul(f32x4.splat(0.035677408136300125), x), x), f32x4.splat(0.7978845608028654))
    return f32x4.mul(f32x4.mul(f32x4.splat(0.5), x), f32x4.add(tanh(f32x4.mul(x, inner)), one))
  }
  return f32x4.mul(f32x4.mul(f32x4.splat(0.5), x), f32x4.add(erf(f32x4.mul(x, f32x4.splat(0.70710678118654752440))), one))
}

function lane(op: i32, x: f32, first: f32, second: f32): f32 {
  if (op == LOG) return Mathf.log(x)
  if (op == SIN) return sin(x)
  if (op == COS) return cos(x)
  if (op == TAN) return tan(x)
  if (op == ASIN) return asin(x)
  if (op == ACOS) return Mathf.acos(x)
  if (op == ATAN) return Mathf.atan(x)
  if (op == SINH) return sinh(x)
  if (op == COSH) return Mathf.cosh(x)
  if (op == ASINH) return Mathf.asinh(x)
  if (op == ACOSH) return acosh(x)
  if (op == ATANH) return atanh(x)
  if (op == ELU) return x >= 0 ? x : first * (Mathf.exp(x) - 1)
  if (op == SELU) {
    return x > 0 ? second * x : second * first * (Mathf.exp(x) - 1)
  }
  if (op == CELU) {
    const up: f32 = x < 0 ? 0 : x
    const down = first * (Mathf.exp(x / first) - 1)
    return up + (0 < down ? 0 : down)
  }
  if (op == TANH_ALONE) return tanhAlone(x)
  if (op == SHRINK) return x < -first ? x + second : x > first ? x - second : 0
  return x > 0 ? x + Mathf.log1p(Mathf.exp(-x)) : Mathf.log1p(Mathf.exp(x))
}

@inline
function run(op: i32, p: usize, part: i32, parts: i32): i32 {
  const x: usize = load<u32>(p)
  const out: usize = load<u32>(p, 4)
  const n = load<u32>(p, 12)
  let i: usize = shareFrom(n, 16, part, parts) << 2
  const end: usize = shareTo(n, 16, part, parts) << 2
  const first = v128.load32_splat(p, 16)
  const second = v128.load32_splat(p, 20)
  for (; i + 32 <= end; i += 32) {
    const v0 = vector(op, v128.load(x + i), first, second)
    const v1 = vector(op, v128.load(x + i, 16), first, second)
    v128.store(out + i, v0)
    v128.store(out + i, v1, 16)
  }
  for (; i + 16 <= end; i += 16) v128.store(out + i, vector(op, v128.load(x + i), first, second))
  if (i < end) storeSome(out + i, vector(op, v128.load(x + i), first, second), end - i)
  return DONE
}

function seldomVector(op: i32, x: v128, first: v128): v128 {
  const zero = f32x4.splat(0)
  const one = f32x4.splat(1)
  if (op == NEG) return f32x4.neg(x)
  if (op == ABS) return f32x4.abs(x)
  if (op == RECIPROCAL) return f32x4.div(one, x)
  if (op == FLOOR) return f32x4.floor(x)
  if (op == CEIL) return f32x4.ceil(x)
  if (op == ROUND) return f32x4.nearest(x)
  if (op == SIGN)
    return v128.bitselect(f32x4.sub(v128.and(f32x4.gt(x, zero), one), v128.and(f32x4.lt(x, zero), one)), x, f32x4.eq(x, x))
  if (op == THRESHOLDED_RELU) return v128.and(x, f32x4.gt(x, first))
  return f32x4.mul(f32x4.div(one, f32x4.add(one, f32x4.abs(x))), x)
}

/** Which operation is asked for at every four elements. */
function seldom(op: i32, p: usize, part: i32, parts: i32): i32 {
  const x: usize = load<u32>(p)
  const out: usize = load<u32>(p, 4)
  const n = load<u32>(p, 12)
  const first = v128.load32_splat(p, 16)
  const end: usize = shareTo(n, 16, part, parts) << 2
  let i: usize = shareFrom(n, 16, part, parts) << 2
  for (; i + 16 <= end; i += 16) v128.store(out + i, seldomVector(op, v128.load(x + i), first))
  if (i < end) storeSome(out + i, seldomVector(op, v128.load(x + i), first), end - i)
  return DONE
}

/** One at a time. */
function scalars(op: i32, p: usize, part: i32, parts: i32): i32 {
  const x: usize = load<u32>(p)
  const out: usize = load<u32>(p, 4)
  const n = load<u32>(p, 12)
  const first = load<f32>(p, 16)
  const second = load<f32>(p, 20)
  const end: usize = shareTo(n, 16, part, parts) << 2
  for (let i: usize = shareFrom(n, 16, part, parts) << 2; i < end; i += 4) store<f32>(out + i, lane(op, load<f32>(x + i), first, second))
  return DONE
}

export function unaryF32(p: usize, part: i32, parts: i32): i32 {
  switch (load<i32>(p, 8)) {
    case RELU:
      return run(RELU, p, part, parts)
    case CLIP:
      return run(CLIP, p, part, parts)
    case LEAKY_RELU:
      return run(LEAKY_RELU, p, part, parts)
    case HARD_SIGMOID:
      return run(HARD_SIGMOID, p, part, parts)
    case HARD_SWISH:
      return run(HARD_SWISH, p, part, parts)
    case SIGMOID:
      return run(SIGMOID, p, part, parts)
    case TANH:
      return run(TANH, p, part, parts)
    case SQRT:
      return run(SQRT, p, part, parts)
    case ERF:
      return run(ERF, p, part, parts)
    case GELU:
      return run(GELU, p, part, parts)
    case SWISH:
      return run(SWISH, p, part, parts)
    case EXP:
      return run(EXP, p, part, parts)
    case GELU_TANH:
      return run(GELU_TANH, p, part, parts)
    default:
      break
  }
  const op = load<i32>(p, 8)
  if (op >= FIRST_SCALAR && op <= LAST) return scalars(op, p, part, parts)
  return op >= NEG && op <= SOFTSIGN ? seldom(op, p, part, parts) : UNKNOWN
}
