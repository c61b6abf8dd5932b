import { DONE, BAD_VALUE } from '../status'
import { shareFrom, shareTo } from '../share'

export const CAST: i32 = 402

/**
 * Values under another dtype. Operands: input, output. Parameters: dtype of the input, of the output (their numbers in the WIT enum), elements.
 * Floats are cut towards zero to 32 bits (64 for those dtypes) and stop at the ends there, NaN is 0; integers that are too wide lose their high bits. Booleans are 0 or 1.
 */
export function cast(p: usize, part: i32, parts: i32): i32 {
  const a = load<u32>(p)
  const out = load<u32>(p, 4)
  const to = load<i32>(p, 12)
  const n = load<u32>(p, 16)
  const first = shareFrom(n, 64, part, parts)
  const last = shareTo(n, 64, part, parts)
  switch (load<i32>(p, 8)) {
    case 0:
      return castFrom<f32>(to, a, out, first, last)
    case 1:
      return castFrom<f64>(to, a, out, first, last)
    case 2:
      return castFrom<u8>(to, a, out, first, last)
    case 3:
      return castFrom<i8>(to, a, out, first, last)
    case 4:
      return castFrom<u16>(to, a, out, first, last)
    case 5:
      return castFrom<i16>(to, a, out, first, last)
    case 6:
      return castFrom<u32>(to, a, out, first, last)
    case 7:
      return castFrom<i32>(to, a, out, first, last)
    case 8:
      return castFrom<u64>(to, a, out, first, last)
    case 9:
      return castFrom<i64>(to, a, out, first, last)
    case 10:
      return castFrom<u8>(to, a, out, first, last)
    default:
      return BAD_VALUE
  }
}

function castFrom<F>(to: i32, a: usize, out: usize, first: u32, last: u32): i32 {
  switch (to) {
    case 0:
      castTo<F, f32>(a, out, first, last)
      return DONE
    case 1:
      castTo<F, f64>(a, out, first, last)
      return DONE
    case 2:
      castTo<F, u8>(a, out, first, last)
      return DONE
    case 3:
      castTo<F, i8>(a, out, first, last)
      return DONE
    case 4:
      castTo<F, u16>(a, out, first, last)
      return DONE
    case 5:
      castTo<F, i16>(a, out, first, last)
      return DONE
    case 6:
      castTo<F, u32>(a, out, first, last)
      return DONE
    case 7:
      castTo<F, i32>(a, out, first, last)
      return DONE
    case 8:
      castTo<F, u64>(a, out, first, last)
      return DONE
    case 9:
      castTo<F, i64>(a, out, first, last)
      return DONE
    case 10:
      for (let i = first; i < last; i++) store<u8>(out + i, load<F>(a + i * sizeof<F>()) != <F>0 ? 1 : 0)
      return DONE
    default:
      return BAD_VALUE
  }
}

// @ts-ignore: decorator
@inline
function castTo<F, T>(a: usize, out: usize, first: u32, last: u32): void {
  for (let i = first; i < last; i++) store<T>(out + i * sizeof<T>(), converted<F, T>(load<F>(a + i * sizeof<F>())))
}

// @ts-ignore: decorator
@inline
function converted<F, T>(value: F): T {
  if (isFloat<F>() && isInteger<T>()) {
    if (sizeof<T>() == 8) return <T>value
    return isSigned<T>() ? <T>(<i32>value) : <T>(<u32>value)
  }
  // engines differ in the bits of a NaN that changes its width
  if (isFloat<F>() && isFloat<T>()) return value != value ? <T>NaN : <T>value
  return <T>value
}
