import { DONE, UNKNOWN } from '../status'
import { shareFrom, shareTo } from '../share'

/**
 * One operand of doubles or integers. Operands: x, out. Parameters: operation (numbered as in unary), elements, then the two bounds of a Clip, 64 bits each.
 */
export const NUMBERS_F64: i32 = 212
export const NUMBERS_S8: i32 = 213
export const NUMBERS_U8: i32 = 214
export const NUMBERS_S16: i32 = 215
export const NUMBERS_S32: i32 = 216
export const NUMBERS_U32: i32 = 217
export const NUMBERS_S64: i32 = 218
export const NUMBERS_U64: i32 = 219

const RELU: i32 = 0
const CLIP: i32 = 1
const NEG: i32 = 7
const ABS: i32 = 8
const RECIPROCAL: i32 = 9
const SQRT: i32 = 10
const FLOOR: i32 = 11
const CEIL: i32 = 12
const ROUND: i32 = 13
const SIGN: i32 = 14
const EXP: i32 = 21
const LOG: i32 = 33

function double(op: i32, x: f64): f64 {
  switch (op) {
    case RECIPROCAL:
      return 1 / x
    case SQRT:
      return sqrt<f64>(x)
    case FLOOR:
      return floor<f64>(x)
    case CEIL:
      return ceil<f64>(x)
    case ROUND:
      return nearest<f64>(x)
    case EXP:
      return NativeMath.exp(x)
    default:
      return NativeMath.log(x)
  }
}

@inline
function one<T>(op: i32, x: T, low: T, high: T): T {
  if (op == RELU) return x < <T>0 ? <T>0 : x
  if (op == CLIP) {
    const up = x < low ? low : x
    return high < up ? high : up
  }
  if (op == NEG) return <T>-x
  if (op == ABS) return isFloat<T>() ? abs<T>(x) : x < <T>0 ? <T>-x : x
  if (op == SIGN) return x > <T>0 ? <T>1 : x < <T>0 ? (isSigned<T>() || isFloat<T>() ? <T>-1 : <T>0) : x == x ? <T>0 : x
  if (isFloat<T>()) return <T>double(op, <f64>x)
  return x
}

@inline
function numbers<T>(p: usize, part: i32, parts: i32): i32 {
  const op = load<i32>(p, 8)
  const n = load<u32>(p, 12)
  const low = load<T>(p, 16)
  const high = load<T>(p, 24)
  if (!isFloat<T>() && op != RELU && op != CLIP && op != NEG && op != ABS && op != SIGN) return UNKNOWN
  const to = shareTo(n, 16, part, parts)
  for (let i = shareFrom(n, 16, part, parts); i < to; i++)
    store<T>(load<u32>(p, 4) + i * sizeof<T>(), one<T>(op, load<T>(load<u32>(p) + i * sizeof<T>()), low, high))
  return DONE
}

export function numbersKernel(id: i32, p: usize, part: i32, parts: i32): i32 {
  switch (id) {
    case NUMBERS_F64:
      return numbers<f64>(p, part, parts)
    case NUMBERS_S8:
      return numbers<i8>(p, part, parts)
    case NUMBERS_U8:
      return numbers<u8>(p, part, parts)
    case NUMBERS_S16:
      return numbers<i16>(p, part, parts)
    case NUMBERS_S32:
      return numbers<i32>(p, part, parts)
    case NUMBERS_U32:
      return numbers<u32>(p, part, parts)
    case NUMBERS_S64:
      return numbers<i64>(p, part, parts)
    default:
      return numbers<u64>(p, part, parts)
  }
}

/** Whether each is NaN, or infinite. Operands: x, out (bool). Parameters: elements, bytes of one, 1 where NaN counts, 1 where -infinity, 1 where infinity. */
export const IS_SPECIAL: i32 = 222

export function isSpecial(p: usize, part: i32, parts: i32): i32 {
  const n = load<u32>(p, 8)
  const double = load<u32>(p, 12) == 8
  const nan = load<u32>(p, 16) != 0
  const below = load<u32>(p, 20) != 0
  const above = load<u32>(p, 24) != 0
  const to = shareTo(n, 16, part, parts)
  for (let i = shareFrom(n, 16, part, parts); i < to; i++) {
    const v: f64 = double ? load<f64>(load<u32>(p) + (i << 3)) : <f64>load<f32>(load<u32>(p) + (i << 2))
    store<u8>(load<u32>(p, 4) + i, (nan && v != v) || (below && v == -Infinity) || (above && v == Infinity) ? 1 : 0)
  }
  return DONE
}
