import { BAD_VALUE, DONE } from '../status'
import { shareFrom, shareTo } from '../share'
import { itemsOf, placeOf } from './places'

export const COMPARE: i32 = 408
export const BITS: i32 = 409
export const NOT: i32 = 410
export const WHERE: i32 = 411

/**
 * Two broadcast operands to booleans. Operands: a, b, output. Parameters: operation (0 equal, 1 less, 2 greater, 3 less or equal, 4 greater or equal), dtype, rank >= 1, the sides of
 * the output, strides of a, strides of b in bytes. Nothing compares to NaN.
 */
export function compare(p: usize, part: i32, parts: i32): i32 {
  switch (load<i32>(p, 16)) {
    case 0:
      return compareRows<f32>(p, part, parts)
    case 1:
      return compareRows<f64>(p, part, parts)
    case 2:
    case 10:
      return compareRows<u8>(p, part, parts)
    case 3:
      return compareRows<i8>(p, part, parts)
    case 4:
      return compareRows<u16>(p, part, parts)
    case 5:
      return compareRows<i16>(p, part, parts)
    case 6:
      return compareRows<u32>(p, part, parts)
    case 7:
      return compareRows<i32>(p, part, parts)
    case 8:
      return compareRows<u64>(p, part, parts)
    case 9:
      return compareRows<i64>(p, part, parts)
    default:
      return BAD_VALUE
  }
}

function compareRows<T>(p: usize, part: i32, parts: i32): i32 {
  const operation = load<i32>(p, 12)
  const rank = load<u32>(p, 20)
  const sides = p + 24
  const words = rank << 2
  const inner = words - 4
  const columns = load<u32>(sides + inner)
  const rows = itemsOf(rank - 1, sides)
  const byColumn = rows < 16
  const firstColumn: u32 = byColumn ? shareFrom(columns, 64, part, parts) : 0
  const n = (byColumn ? shareTo(columns, 64, part, parts) : columns) - firstColumn
  const last = byColumn ? rows : shareTo(rows, 16, part, parts)
  const strideA = load<i32>(sides + words + inner)
  const strideB = load<i32>(sides + 2 * words + inner)
  for (let row: u32 = byColumn ? 0 : shareFrom(rows, 16, part, parts); row < last; row++) {
    const a = load<u32>(p) + placeOf(row, rank - 1, sides, sides + words) + <i32>firstColumn * strideA
    const b = load<u32>(p, 4) + placeOf(row, rank - 1, sides, sides + 2 * words) + <i32>firstColumn * strideB
    const out = load<u32>(p, 8) + row * columns + firstColumn
    switch (operation) {
      case 0:
        for (let i: u32 = 0; i < n; i++) store<u8>(out + i, load<T>(a + i * strideA) == load<T>(b + i * strideB) ? 1 : 0)
        break
      case 1:
        for (let i: u32 = 0; i < n; i++) store<u8>(out + i, load<T>(a + i * strideA) < load<T>(b + i * strideB) ? 1 : 0)
        break
      case 2:
        for (let i: u32 = 0; i < n; i++) store<u8>(out + i, load<T>(a + i * strideA) > load<T>(b + i * strideB) ? 1 : 0)
        break
      case 3:
        for (let i: u32 = 0; i < n; i++) store<u8>(out + i, load<T>(a + i * strideA) <= load<T>(b + i * strideB) ? 1 : 0)
        break
      case 4:
        for (let i: u32 = 0; i < n; i++) store<u8>(out + i, load<T>(a + i * strideA) >= load<T>(b + i * strideB) ? 1 : 0)
        break
      default:
        return BAD_VALUE
    }
  }
  return DONE
}

/**
 * Two broadcast operands bit by bit. Operands: a, b, output. Parameters: operation (0 and, 1 or, 2 xor, 3 shift to the left, 4 to the right; of booleans 5 and, 6 or, 7 xor), bytes of
 * an element, rank >= 1, the sides of the output, strides of a, strides of b in bytes. Shifts are of unsigned integers, by a distance modulo 32, of 8 bytes modulo 64.
 */
export function bits(p: usize, part: i32, parts: i32): i32 {
  const width = load<u32>(p, 16)
  if (width == 1) return bitRows<u8>(p, part, parts)
  if (width == 2) return bitRows<u16>(p, part, parts)
  if (width == 4) return bitRows<u32>(p, part, parts)
  return bitRows<u64>(p, part, parts)
}

// @ts-ignore: decorator
@inline
function shifted<T>(operation: i32, x: T, y: T): T {
  if (sizeof<T>() == 8) return operation == 3 ? x << y : x >> y
  return operation == 3 ? <T>(<u32>x << <u32>y) : <T>(<u32>x >> <u32>y)
}

function bitRows<T>(p: usize, part: i32, parts: i32): i32 {
  const operation = load<i32>(p, 12)
  const rank = load<u32>(p, 20)
  const sides = p + 24
  const words = rank << 2
  const inner = words - 4
  const columns = load<u32>(sides + inner)
  const rows = itemsOf(rank - 1, sides)
  const byColumn = rows < 16
  const firstColumn: u32 = byColumn ? shareFrom(columns, 64, part, parts) : 0
  const n = (byColumn ? shareTo(columns, 64, part, parts) : columns) - firstColumn
  const last = byColumn ? rows : shareTo(rows, 16, part, parts)
  const strideA = load<i32>(sides + words + inner)
  const strideB = load<i32>(sides + 2 * words + inner)
  for (let row: u32 = byColumn ? 0 : shareFrom(rows, 16, part, parts); row < last; row++) {
    const a = load<u32>(p) + placeOf(row, rank - 1, sides, sides + words) + <i32>firstColumn * strideA
    const b = load<u32>(p, 4) + placeOf(row, rank - 1, sides, sides + 2 * words) + <i32>firstColumn * strideB
    const out = load<u32>(p, 8) + (row * columns + firstColumn) * sizeof<T>()
    for (let i: u32 = 0; i < n; i++) {
      const x = load<T>(a + i * strideA)
      const y = load<T>(b + i * strideB)
      let value: T = 0
      if (operation == 0) value = x & y
      else if (operation == 1) value = x | y
      else if (operation == 2) value = x ^ y
      else if (operation <= 4) value = shifted<T>(operation, x, y)
      else if (operation == 5) value = <T>(x != 0 && y != 0)
      else if (operation == 6) value = <T>(x != 0 || y != 0)
      else value = <T>((x != 0) != (y != 0))
      store<T>(out + i * sizeof<T>(), value)
    }
  }
  return DONE
}

/** Operands: input, output. Parameters: operation (0 not of booleans, 1 every bit), bytes in all. */
export function not(p: usize, part: i32, parts: i32): i32 {
  const input = load<u32>(p)
  const output = load<u32>(p, 4)
  const logical = load<i32>(p, 8) == 0
  const n = load<u32>(p, 12)
  const last = shareTo(n, 64, part, parts)
  for (let i = shareFrom(n, 64, part, parts); i < last; i++) {
    const value = load<u8>(input + i)
    store<u8>(output + i, logical ? <u8>(value == 0) : ~value)
  }
  return DONE
}

/**
 * Picks from one of two. Operands: condition, x, y, output. Parameters: bytes of an element (0 is f32, 3 is f64, then 16 more where a zero of y has no sign, else one of x has none:
 * onnxruntime merges what it picked of both, a zero where it picked nothing), rank >= 1, the sides of the output, strides of the condition, of x, of y in bytes.
 */
export function where(p: usize, part: i32, parts: i32): i32 {
  const kind = load<u32>(p, 16)
  const width = kind & 15
  const bareY = (kind & 16) != 0
  if (width == 0) return whereRows<f32>(p, part, parts, bareY)
  if (width == 3) return whereRows<f64>(p, part, parts, bareY)
  if (width == 1) return whereRows<u8>(p, part, parts, bareY)
  if (width == 2) return whereRows<u16>(p, part, parts, bareY)
  if (width == 4) return whereRows<u32>(p, part, parts, bareY)
  return whereRows<u64>(p, part, parts, bareY)
}

function whereRows<T>(p: usize, part: i32, parts: i32, bareY: bool): i32 {
  const rank = load<u32>(p, 20)
  const sides = p + 24
  const words = rank << 2
  const inner = words - 4
  const columns = load<u32>(sides + inner)
  const rows = itemsOf(rank - 1, sides)
  const byColumn = rows < 16
  const firstColumn: u32 = byColumn ? shareFrom(columns, 64, part, parts) : 0
  const n = (byColumn ? shareTo(columns, 64, part, parts) : columns) - firstColumn
  const last = byColumn ? rows : shareTo(rows, 16, part, parts)
  const strideC = load<i32>(sides + words + inner)
  const strideX = load<i32>(sides + 2 * words + inner)
  const strideY = load<i32>(sides + 3 * words + inner)
  for (let row: u32 = byColumn ? 0 : shareFrom(rows, 16, part, parts); row < last; row++) {
    const c = load<u32>(p) + placeOf(row, rank - 1, sides, sides + words) + <i32>firstColumn * strideC
    const x = load<u32>(p, 4) + placeOf(row, rank - 1, sides, sides + 2 * words) + <i32>firstColumn * strideX
    const y = load<u32>(p, 8) + placeOf(row, rank - 1, sides, sides + 3 * words) + <i32>firstColumn * strideY
    const out = load<u32>(p, 12) + (row * columns + firstColumn) * sizeof<T>()
    for (let i: u32 = 0; i < n; i++) {
      const holds = load<u8>(c + i * strideC) != 0
      let value = holds ? load<T>(x + i * strideX) : load<T>(y + i * strideY)
      if (isFloat<T>() && value == <T>0 && holds != bareY) value = <T>0
      store<T>(out + i * sizeof<T>(), value)
    }
  }
  return DONE
}
