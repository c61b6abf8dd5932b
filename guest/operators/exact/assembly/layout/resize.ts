import { BAD_VALUE, DONE } from '../status'
import { shareFrom, shareTo } from '../share'
import { itemsOf } from './places'

export const RESIZE_NEAREST: i32 = 404
export const RESIZE_LINEAR: i32 = 405
export const RESIZE_CUBIC: i32 = 406
export const RESIZE_FILTER: i32 = 407

/** Offset of a row or column that lies outside where outside means another value. */
const OUTSIDE: i32 = -1

/**
 * Picks elements. Operands: input, output. Parameters: bytes of an element, the value outside (low, high word), whether the last side is each element twice, rank,
 * the sides of the output, then for each side and each of its places the offset in the input in bytes, or -1 for outside.
 */
export function resizeNearest(p: usize, part: i32, parts: i32): i32 {
  const width = load<u32>(p, 8)
  if (width == 4) return nearest<u32>(p, part, parts)
  if (width == 1) return nearest<u8>(p, part, parts)
  if (width == 8) return nearest<u64>(p, part, parts)
  return nearest<u16>(p, part, parts)
}

function nearest<T>(p: usize, part: i32, parts: i32): i32 {
  const input = load<u32>(p)
  const outside = <T>load<u64>(p, 12)
  const twice = load<u32>(p, 20) != 0 && sizeof<T>() == 4
  const rank = load<i32>(p, 24)
  const sides = p + 28
  const tables = sides + (rank << 2)
  const columns = load<u32>(sides + ((rank - 1) << 2))
  const rows = itemsOf(rank - 1, sides)
  let lastTable = tables
  for (let d = 0; d < rank - 1; d++) lastTable += load<u32>(sides + (d << 2)) << 2
  const rowBytes = columns * sizeof<T>()
  const last = shareTo(rows, 1, part, parts)
  let before: i32 = -2
  let out: usize = load<u32>(p, 4) + shareFrom(rows, 1, part, parts) * rowBytes
  for (let row = shareFrom(rows, 1, part, parts); row < last; row++) {
    let rest = row
    let from: i32 = 0
    let table = lastTable
    for (let d = rank - 2; d >= 0; d--) {
      const side = load<u32>(sides + (d << 2))
      table -= side << 2
      const next = rest / side
      const offset = load<i32>(table + ((rest - next * side) << 2))
      from = offset == OUTSIDE || from == OUTSIDE ? OUTSIDE : from + offset
      rest = next
    }
    if (from == before) memory.copy(out, out - rowBytes, rowBytes)
    else if (from == OUTSIDE) for (let c: u32 = 0; c < columns; c++) store<T>(out + c * sizeof<T>(), outside)
    else {
      let c: u32 = 0
      if (twice) {
        for (; c + 8 <= columns; c += 8) {
          const four = v128.load(input + from + (c << 1))
          v128.store(out + (c << 2), v128.shuffle<i32>(four, four, 0, 0, 1, 1))
          v128.store(out + (c << 2), v128.shuffle<i32>(four, four, 2, 2, 3, 3), 16)
        }
      }
      for (; c < columns; c++) {
        const offset = load<i32>(lastTable + (c << 2))
        store<T>(out + c * sizeof<T>(), offset == OUTSIDE ? outside : load<T>(input + from + offset))
      }
    }
    before = from
    out += rowBytes
  }
  return DONE
}

/**
 * Weighs the two neighbours along two or three axes. Operands: input, output. Parameters: dtype (0 f32, 1 u8, 2 s8, 3 s32), the value outside (an f32), planes,
 * elements of an input plane, channels within a pixel, layers (0: two axes), rows, columns; then for each layer, row and column: offset of the first and of the second neighbour in
 * elements (the first -1 for outside), f32 weight of the distance from the first, from the second.
 */
export function resizeLinear(p: usize, part: i32, parts: i32): i32 {
  switch (load<i32>(p, 8)) {
    case 0:
      return linear<f32>(p, part, parts)
    case 1:
      return linear<u8>(p, part, parts)
    case 2:
      return linear<i8>(p, part, parts)
    case 3:
      return linear<i32>(p, part, parts)
    default:
      return BAD_VALUE
  }
}

// @ts-ignore: decorator
@inline
function valueAt<T>(input: usize, index: i32): f32 {
  return <f32>load<T>(input + index * sizeof<T>())
}

function linear<T>(p: usize, part: i32, parts: i32): i32 {
  const outside = load<f32>(p, 12)
  const planes = load<u32>(p, 16)
  const plane = load<u32>(p, 20)
  const channels = load<u32>(p, 24)
  const layers = load<u32>(p, 28)
  const rows = load<u32>(p, 32)
  const columns = load<u32>(p, 36)
  const layerTable = p + 40
  const rowTable = layerTable + (layers << 4)
  const columnTable = rowTable + (rows << 4)
  const perPlane = rows * max<u32>(layers, 1)
  const last = shareTo(planes * perPlane, 1, part, parts)
  let line = shareFrom(planes * perPlane, 1, part, parts)
  let out: usize = load<u32>(p, 4) + line * columns * channels * sizeof<T>()
  for (; line < last; line++) {
    const n = line / perPlane
    const l = (line - n * perPlane) / rows
    const input = load<u32>(p) + n * plane * sizeof<T>()
    const y = rowTable + ((line % rows) << 4)
    const z = layerTable + (l << 4)
    const y1 = load<i32>(y)
    const y2 = load<i32>(y, 4)
    const dy1 = load<f32>(y, 8)
    const dy2 = load<f32>(y, 12)
    const z1 = layers == 0 ? 0 : load<i32>(z)
    for (let c: u32 = 0; c < columns; c++) {
      const x = columnTable + (c << 4)
      const x1 = load<i32>(x)
      const x2 = load<i32>(x, 4)
      const dx1 = load<f32>(x, 8)
      const dx2 = load<f32>(x, 12)
      const out1 = x1 == OUTSIDE || y1 == OUTSIDE || z1 == OUTSIDE
      for (let k: u32 = 0; k < channels; k++) {
        let value = outside
        if (!out1) {
          const a = valueAt<T>(input, z1 + y1 + x1 + k)
          const b = valueAt<T>(input, z1 + y1 + x2 + k)
          const e = valueAt<T>(input, z1 + y2 + x1 + k)
          const f = valueAt<T>(input, z1 + y2 + x2 + k)
          if (layers == 0) value = dx2 * dy2 * a + dx1 * dy2 * b + dx2 * dy1 * e + dx1 * dy1 * f
          else {
            const z2 = load<i32>(z, 4)
            const dz1 = load<f32>(z, 8)
            const dz2 = load<f32>(z, 12)
            value = dx2 * dy2 * dz2 * a + dx1 * dy2 * dz2 * b + dx2 * dy1 * dz2 * e + dx1 * dy1 * dz2 * f
            value += dx2 * dy2 * dz1 * valueAt<T>(input, z2 + y1 + x1 + k)
            value += dx1 * dy2 * dz1 * valueAt<T>(input, z2 + y1 + x2 + k)
            value += dx2 * dy1 * dz1 * valueAt<T>(input, z2 + y2 + x1 + k)
            value += dx1 * dy1 * dz1 * valueAt<T>(input, z2 + y2 + x2 + k)
          }
        }
        store<T>(out, isFloat<T>() ? <T>value : isSigned<T>() ? <T>(<i32>value) : <T>(<u32>value))
        out += sizeof<T>()
      }
    }
  }
  return DONE
}

/**
 * f32 by four neighbours along two axes. Operands: input, output. Parameters: the value outside, planes, elements of an input plane, rows, columns; then for each row: four
 * offsets in elements (the first -1 for outside), four f32 weights, what each product is divided by; for each column: four offsets, four weights.
 */
export function resizeCubic(p: usize, part: i32, parts: i32): i32 {
  const outside = load<f32>(p, 8)
  const planes = load<u32>(p, 12)
  const plane = load<u32>(p, 16)
  const rows = load<u32>(p, 20)
  const columns = load<u32>(p, 24)
  const rowTable = p + 28
  const columnTable = rowTable + rows * 36
  const last = shareTo(planes * rows, 1, part, parts)
  let line = shareFrom(planes * rows, 1, part, parts)
  let out: usize = load<u32>(p, 4) + ((line * columns) << 2)
  for (; line < last; line++) {
    const n = line / rows
    const input = load<u32>(p) + ((n * plane) << 2)
    const y = rowTable + (line - n * rows) * 36
    const divisor = load<f32>(y, 32)
    for (let c: u32 = 0; c < columns; c++) {
      const x = columnTable + (c << 5)
      let value: f32 = 0
      if (load<i32>(x) == OUTSIDE || load<i32>(y) == OUTSIDE) value = outside
      else
        for (let i = 0; i < 4; i++) {
          const row = input + (load<i32>(y + (i << 2)) << 2)
          let across: f32 = 0
          for (let j = 0; j < 4; j++) across += load<f32>(x + (j << 2), 16) * load<f32>(row + (load<i32>(x + (j << 2)) << 2))
          value += (across * load<f32>(y + (i << 2), 16)) / divisor
        }
      store<f32>(out, value)
      out += 4
    }
  }
  return DONE
}

/**
 * A filter along one axis, of any length. Operands: input, output. Parameters: dtype as above, outer, side of the input, side of the output, inner, window; then for each place of
 * the output the first neighbour, the one behind the last; then for each the weights of its window: f32, of 8-bit integers i32 in 2^-22.
 */
export function resizeFilter(p: usize, part: i32, parts: i32): i32 {
  switch (load<i32>(p, 8)) {
    case 0:
      return filter<f32>(p, part, parts)
    case 1:
      return filter<u8>(p, part, parts)
    case 2:
      return filter<i8>(p, part, parts)
    case 3:
      return filter<i32>(p, part, parts)
    default:
      return BAD_VALUE
  }
}

/** Half up, away from zero. */
// @ts-ignore: decorator
@inline
function rounded(value: f32): i32 {
  const cut = trunc<f32>(value)
  return <i32>(abs<f32>(value - cut) >= 0.5 ? cut + copysign<f32>(1, value) : cut)
}

function filter<T>(p: usize, part: i32, parts: i32): i32 {
  const outer = load<u32>(p, 12)
  const from = load<u32>(p, 16)
  const to = load<u32>(p, 20)
  const inner = load<u32>(p, 24)
  const window = load<u32>(p, 28)
  const bounds = p + 32
  const weights = bounds + (to << 3)
  const last = shareTo(outer * to, 1, part, parts)
  let line = shareFrom(outer * to, 1, part, parts)
  let out: usize = load<u32>(p, 4) + line * inner * sizeof<T>()
  for (; line < last; line++) {
    const n = line / to
    const x = line - n * to
    const first = load<u32>(bounds + (x << 3))
    const end = load<u32>(bounds + (x << 3), 4)
    const weight = weights + ((x * window) << 2)
    const input = load<u32>(p) + (n * from + first) * inner * sizeof<T>()
    for (let k: u32 = 0; k < inner; k++) {
      if (sizeof<T>() == 1) {
        let sum: i32 = 1 << 21
        for (let i: u32 = 0; i < end - first; i++) sum += <i32>load<T>(input + i * inner + k) * load<i32>(weight + (i << 2))
        // what it overshoots by is cut off at the ends of an unsigned byte, for signed ones too
        store<T>(out, <T>max<i32>(0, min<i32>(255, sum >> 22)))
      } else {
        let sum: f32 = 0
        for (let i: u32 = 0; i < end - first; i++) sum += valueAt<T>(input, i * inner + k) * load<f32>(weight + (i << 2))
        store<T>(out, isFloat<T>() ? <T>sum : <T>rounded(sum))
      }
      out += sizeof<T>()
    }
  }
  return DONE
}
