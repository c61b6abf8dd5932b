import { BAD_VALUE, DONE, UNKNOWN } from '../status'
import { shareFrom, shareTo } from '../share'
import { pow } from './libm'

/**
 * Two operands, broadcast. Operands: a, b, out. Parameters: operation; how the innermost run goes (0 both move on, 1 a stands still, 2 b stands still); its
 * elements; then a row of runs: how many, and by how many elements a and b go on from one to the next (0 stands still); then the count of the axes around
 * that, innermost first, each with its side and the steps of a and b.
 */
export const BINARY_F32: i32 = 200
export const BINARY_F64: i32 = 201
export const BINARY_S32: i32 = 202
export const BINARY_U32: i32 = 203
export const BINARY_S64: i32 = 204
export const BINARY_U64: i32 = 205
export const BINARY_S8: i32 = 206
export const BINARY_U8: i32 = 207
export const BINARY_S16: i32 = 208
export const BINARY_U16: i32 = 209

const ADD: i32 = 0
const SUB: i32 = 1
const MUL: i32 = 2
const DIV: i32 = 3
const MIN: i32 = 4
const MAX: i32 = 5
const POW: i32 = 6
/** C's fmod: the sign of the dividend. */
const FMOD: i32 = 7
/** Integers: the sign of the divisor. */
const MOD: i32 = 8
/** x, or x times the slope where x is below zero. */
const PRELU: i32 = 9

/** Runs of fewer than this many are divided among threads by their elements. */
const FEW: u32 = 8

function lane(isPow: bool, x: f32, y: f32): f32 {
  return isPow ? pow(x, y) : Mathf.mod(x, y)
}

function lanes(isPow: bool, a: v128, b: v128): v128 {
  let out = f32x4.splat(lane(isPow, f32x4.extract_lane(a, 0), f32x4.extract_lane(b, 0)))
  out = f32x4.replace_lane(out, 1, lane(isPow, f32x4.extract_lane(a, 1), f32x4.extract_lane(b, 1)))
  out = f32x4.replace_lane(out, 2, lane(isPow, f32x4.extract_lane(a, 2), f32x4.extract_lane(b, 2)))
  return f32x4.replace_lane(out, 3, lane(isPow, f32x4.extract_lane(a, 3), f32x4.extract_lane(b, 3)))
}

/** Of two that are equal (zeros of either sign) the first; NaNs come through. */
@inline
function least(x: v128, y: v128): v128 {
  return v128.bitselect(f32x4.pmin(x, y), y, f32x4.eq(y, y))
}

@inline
function greatest(x: v128, y: v128): v128 {
  return v128.bitselect(f32x4.pmax(x, y), y, f32x4.eq(y, y))
}

@inline
function vector(op: i32, mode: i32, a: v128, b: v128): v128 {
  if (op == ADD) return f32x4.add(a, b)
  if (op == SUB) return f32x4.sub(a, b)
  if (op == MUL) return f32x4.mul(a, b)
  if (op == DIV) return f32x4.div(a, b)
  if (op == MIN) return mode == 1 ? least(b, a) : least(a, b)
  if (op == MAX) return mode == 1 ? greatest(b, a) : greatest(a, b)
  if (op == PRELU) return v128.bitselect(a, f32x4.mul(a, b), f32x4.ge(a, f32x4.splat(0)))
  return lanes(op == POW, a, b)
}

/** Writes the first `bytes` (4, 8 or 12) of four lanes. */
@inline
export function storeSome(at: usize, v: v128, bytes: usize): void {
  if (bytes & 8) {
    v128.store64_lane(at, v, 0)
    if (bytes & 4) v128.store32_lane(at + 8, v, 2)
  } else v128.store32_lane(at, v, 0)
}

/** One operand that stands still is four times the same; over-reading a moving one is allowed. */
@inline
function runF32(op: i32, mode: i32, a: usize, b: usize, out: usize, n: usize): void {
  const x = v128.load32_splat(a)
  const y = v128.load32_splat(b)
  const end = n << 2
  let i: usize = 0
  if (op < POW || op == PRELU)
    for (; i + 64 <= end; i += 64) {
      const v0 = vector(op, mode, mode == 1 ? x : v128.load(a + i), mode == 2 ? y : v128.load(b + i))
      const v1 = vector(op, mode, mode == 1 ? x : v128.load(a + i, 16), mode == 2 ? y : v128.load(b + i, 16))
      const v2 = vector(op, mode, mode == 1 ? x : v128.load(a + i, 32), mode == 2 ? y : v128.load(b + i, 32))
      const v3 = vector(op, mode, mode == 1 ? x : v128.load(a + i, 48), mode == 2 ? y : v128.load(b + i, 48))
      v128.store(out + i, v0)
      v128.store(out + i, v1, 16)
      v128.store(out + i, v2, 32)
      v128.store(out + i, v3, 48)
    }
  for (; i + 16 <= end; i += 16)
    v128.store(out + i, vector(op, mode, mode == 1 ? x : v128.load(a + i), mode == 2 ? y : v128.load(b + i)))
  if (i < end) storeSome(out + i, vector(op, mode, mode == 1 ? x : v128.load(a + i), mode == 2 ? y : v128.load(b + i)), end - i)
}

/** Squares and cubes are products where the exponent stands still. */
@inline
function runPow(mode: i32, a: usize, b: usize, out: usize, n: usize): void {
  if (mode == 2) {
    const y = load<f32>(b)
    if (y == 2) {
      for (let i: usize = 0; i < n << 2; i += 4) store<f32>(out + i, load<f32>(a + i) * load<f32>(a + i))
      return
    }
    if (y == 3) {
      for (let i: usize = 0; i < n << 2; i += 4) store<f32>(out + i, load<f32>(a + i) * load<f32>(a + i) * load<f32>(a + i))
      return
    }
  }
  runF32(POW, mode, a, b, out, n)
}

@inline
function scalar<T>(op: i32, x: T, y: T): T {
  if (op == ADD) return <T>(x + y)
  if (op == SUB) return <T>(x - y)
  if (op == MUL) return <T>(x * y)
  if (isFloat<T>()) {
    if (op == DIV) return <T>(x / y)
    if (op == MIN) return min<T>(x, y)
    if (op == MAX) return max<T>(x, y)
    return <T>NativeMath.mod(<f64>x, <f64>y)
  }
  if (op == MIN) return y < x ? y : x
  if (op == MAX) return x < y ? y : x
  // the one quotient that does not fit is the dividend again
  if (isSigned<T>() && y == <T>-1) return op == DIV ? <T>(0 - x) : <T>0
  if (op == DIV) return <T>(x / y)
  const rest = <T>(x % y)
  return op == MOD && isSigned<T>() && rest != <T>0 && rest < <T>0 != y < <T>0 ? <T>(rest + y) : rest
}

/** 0, or the status where an integer is divided by zero. */
@inline
function runScalar<T>(op: i32, mode: i32, a: usize, b: usize, out: usize, n: usize): i32 {
  const stepA: usize = mode == 1 ? 0 : sizeof<T>()
  const stepB: usize = mode == 2 ? 0 : sizeof<T>()
  const end = out + n * sizeof<T>()
  for (; out < end; out += sizeof<T>(), a += stepA, b += stepB) {
    const y = load<T>(b)
    if (isInteger<T>() && (op == DIV || op == MOD || op == FMOD) && y == <T>0) return BAD_VALUE
    store<T>(out, scalar<T>(op, load<T>(a), y))
  }
  return DONE
}

/** b stands still, but onnxruntime goes one element at a time and takes a for the one that does. */
const SINGLY: i32 = 3

function runSingly(op: i32, a: usize, b: usize, out: usize, n: usize): void {
  for (let i: usize = 0; i < n << 2; i += 4) storeSome(out + i, vector(op, 1, v128.load32_splat(a + i), v128.load32_splat(b)), 4)
}

@inline
function run<T>(op: i32, mode: i32, a: usize, b: usize, out: usize, n: usize): i32 {
  if (sizeof<T>() != 4 || isInteger<T>()) return runScalar<T>(op, mode, a, b, out, n)
  if (mode == SINGLY) {
    runSingly(op, a, b, out, n)
    return DONE
  }
  if (mode == 0) {
    if (op == POW) runPow(0, a, b, out, n)
    else runF32(op, 0, a, b, out, n)
  } else if (mode == 1) {
    if (op == POW) runPow(1, a, b, out, n)
    else runF32(op, 1, a, b, out, n)
  } else {
    if (op == POW) runPow(2, a, b, out, n)
    else runF32(op, 2, a, b, out, n)
  }
  return DONE
}

@inline
function walk<T>(op: i32, p: usize, part: i32, parts: i32): i32 {
  const mode = load<i32>(p, 16)
  const inner = load<u32>(p, 20)
  const middle = load<u32>(p, 24)
  const middleA = load<u32>(p, 28) * <u32>sizeof<T>()
  const middleB = load<u32>(p, 32) * <u32>sizeof<T>()
  const rank = load<u32>(p, 36)
  const axes = p + 40
  let rows = middle
  for (let i: u32 = 0; i < rank; i++) rows *= load<u32>(axes + i * 12)
  let row: u32 = 0
  let from: u32 = 0
  let to = inner
  if (rows < FEW) {
    from = shareFrom(inner, 16, part, parts)
    to = shareTo(inner, 16, part, parts)
  } else {
    row = shareFrom(rows, 1, part, parts)
    rows = shareTo(rows, 1, part, parts)
  }
  if (from == to) return DONE
  while (row < rows) {
    let outer = row / middle
    const first = row - outer * middle
    let a: usize = load<u32>(p) + first * middleA + (mode == 1 ? 0 : from * sizeof<T>())
    let b: usize = load<u32>(p, 4) + first * middleB + (mode >= 2 ? 0 : from * sizeof<T>())
    for (let i: u32 = 0; i < rank; i++) {
      const side = load<u32>(axes + i * 12)
      const at = outer % side
      outer /= side
      a += at * load<u32>(axes + i * 12, 4) * sizeof<T>()
      b += at * load<u32>(axes + i * 12, 8) * sizeof<T>()
    }
    let out: usize = load<u32>(p, 8) + (row * inner + from) * sizeof<T>()
    const end = min(rows, row - first + middle)
    for (; row < end; row++) {
      const status = run<T>(op, mode, a, b, out, to - from)
      if (status != DONE) return status
      a += middleA
      b += middleB
      out += inner * sizeof<T>()
    }
  }
  return DONE
}

/** Of a kind that is not hot: which operation is asked for at each element. */
function any<T>(p: usize, part: i32, parts: i32): i32 {
  const op = load<i32>(p, 12)
  if (op > MOD || op == POW || (isFloat<T>() && op == MOD)) return UNKNOWN
  return walk<T>(op, p, part, parts)
}

export function binaryF32(p: usize, part: i32, parts: i32): i32 {
  switch (load<i32>(p, 12)) {
    case ADD:
      return walk<f32>(ADD, p, part, parts)
    case SUB:
      return walk<f32>(SUB, p, part, parts)
    case MUL:
      return walk<f32>(MUL, p, part, parts)
    case DIV:
      return walk<f32>(DIV, p, part, parts)
    case MIN:
      return walk<f32>(MIN, p, part, parts)
    case MAX:
      return walk<f32>(MAX, p, part, parts)
    case POW:
      return walk<f32>(POW, p, part, parts)
    case FMOD:
      return walk<f32>(FMOD, p, part, parts)
    case PRELU:
      return walk<f32>(PRELU, p, part, parts)
    default:
      return UNKNOWN
  }
}

export function binaryOther(id: i32, p: usize, part: i32, parts: i32): i32 {
  switch (id) {
    case BINARY_F64:
      return any<f64>(p, part, parts)
    case BINARY_S32:
      return any<i32>(p, part, parts)
    case BINARY_U32:
      return any<u32>(p, part, parts)
    case BINARY_S64:
      return any<i64>(p, part, parts)
    case BINARY_U64:
      return any<u64>(p, part, parts)
    case BINARY_S8:
      return any<i8>(p, part, parts)
    case BINARY_U8:
      return any<u8>(p, part, parts)
    case BINARY_S16:
      return any<i16>(p, part, parts)
    default:
      return any<u16>(p, part, parts)
  }
}

/** A sum becomes a mean. Operands: sum, out (may be the same). Parameters: elements, how many were added. */
export const MEAN_F32: i32 = 211

export function meanF32(p: usize, part: i32, parts: i32): i32 {
  const n = load<u32>(p, 8)
  const weight: f32 = 1 / <f32>load<u32>(p, 12)
  const to = shareTo(n, 1, part, parts) << 2
  for (let i: usize = shareFrom(n, 1, part, parts) << 2; i < to; i += 4)
    store<f32>(load<u32>(p, 4) + i, load<f32>(load<u32>(p) + i) * weight)
  return DONE
}
