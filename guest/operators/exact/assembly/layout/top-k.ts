import { BAD_VALUE, DONE } from '../status'

export const TOP_K: i32 = 423

/**
 * The k greatest or smallest along an axis, the best first; of equal ones the earlier. Operands: input, values, indices (s64), temporary of 8 bytes for each place of the axis. Parameters: dtype, outer,
 * side, inner, k, whether the greatest. One share only.
 */
export function topK(p: usize): i32 {
  switch (load<i32>(p, 16)) {
    case 0:
      return lines<f32>(p)
    case 1:
      return lines<f64>(p)
    case 2:
      return lines<u8>(p)
    case 3:
      return lines<i8>(p)
    case 4:
      return lines<u16>(p)
    case 5:
      return lines<i16>(p)
    case 6:
      return lines<u32>(p)
    case 7:
      return lines<i32>(p)
    case 8:
      return lines<u64>(p)
    case 9:
      return lines<i64>(p)
    default:
      return BAD_VALUE
  }
}

/** Whether b goes in front of a, which is earlier. NaN is the greatest. */
// @ts-ignore: decorator
@inline
function ahead<T>(a: T, b: T, greatest: bool): bool {
  if (isFloat<T>()) {
    if (a != a) return !greatest && b == b
    if (b != b) return greatest
  }
  return greatest ? b > a : b < a
}

function lines<T>(p: usize): i32 {
  const outer = load<u32>(p, 20)
  const side = load<u32>(p, 24)
  const inner = load<u32>(p, 28)
  const k = load<u32>(p, 32)
  const greatest = load<i32>(p, 36) != 0
  const stride = inner * sizeof<T>()
  for (let o: u32 = 0; o < outer; o++)
    for (let i: u32 = 0; i < inner; i++) {
      const line = load<u32>(p) + (o * side * inner + i) * sizeof<T>()
      const order = sorted<T>(line, side, stride, load<u32>(p, 12), greatest)
      for (let n: u32 = 0; n < k; n++) {
        const place = load<u32>(order + (n << 2))
        const out = (o * k + n) * inner + i
        store<T>(load<u32>(p, 4) + out * sizeof<T>(), load<T>(line + place * stride))
        store<i64>(load<u32>(p, 8) + (out << 3), place)
      }
    }
  return DONE
}

/** Places of a line in order, by merging runs of twice the length each time; equal ones stay in order. Gives the address of the list, one half of the temporary. */
function sorted<T>(line: usize, side: u32, stride: u32, temporary: usize, greatest: bool): usize {
  let from = temporary
  let to = temporary + (side << 2)
  for (let i: u32 = 0; i < side; i++) store<u32>(from + (i << 2), i)
  for (let run: u32 = 1; run < side; run <<= 1) {
    for (let start: u32 = 0; start < side; start += run << 1) {
      const middle = min(start + run, side)
      const end = min(start + (run << 1), side)
      let a = start
      let b = middle
      for (let n = start; n < end; n++) {
        const takeB =
          b < end &&
          (a >= middle ||
            ahead<T>(load<T>(line + load<u32>(from + (a << 2)) * stride), load<T>(line + load<u32>(from + (b << 2)) * stride), greatest))
        store<u32>(to + (n << 2), load<u32>(from + ((takeB ? b : a) << 2)))
        if (takeB) b++
        else a++
      }
    }
    const other = from
    from = to
    to = other
  }
  return from
}
