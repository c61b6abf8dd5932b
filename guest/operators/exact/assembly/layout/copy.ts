import { DONE } from '../status'
import { shareFrom, shareTo } from '../share'
import { itemsOf, placeOf } from './places'

export const COPY: i32 = 400
export const FILL: i32 = 401

/**
 * Moves a box of elements from strides to strides. Operands: source, destination. Parameters: bytes of an element (1, 2, 4, 8), offset in the source, offset in the
 * destination (bytes), rank >= 2, the sides, the source's strides, the destination's (bytes). The last two sides are a plane that is done whole: where the source
 * lies densely along one and the destination along the other, it is transposed by tiles.
 */
export function copy(p: usize, part: i32, parts: i32): i32 {
  const width = load<u32>(p, 8)
  const rank = load<u32>(p, 20)
  const sides = p + 24
  const from = sides + (rank << 2)
  const to = from + (rank << 2)
  const outer = rank - 2
  const rowAt = <usize>outer << 2
  const rows = load<u32>(sides + rowAt)
  const columns = load<u32>(sides + rowAt, 4)
  const planes = itemsOf(outer, sides)
  const source = load<u32>(p) + load<i32>(p, 12)
  const destination = load<u32>(p, 4) + load<i32>(p, 16)
  const sourceRow = load<i32>(from + rowAt)
  const sourceColumn = load<i32>(from + rowAt, 4)
  const row = load<i32>(to + rowAt)
  const column = load<i32>(to + rowAt, 4)
  if (columns == 0 || rows == 0) return DONE
  // few rows are divided along their length, many by number
  const byColumn = planes * rows < 16
  const firstColumn: u32 = byColumn ? shareFrom(columns, 64, part, parts) : 0
  const lastColumn = byColumn ? shareTo(columns, 64, part, parts) : columns
  const first: u32 = byColumn ? 0 : shareFrom(planes * rows, 16, part, parts)
  const last = byColumn ? planes * rows : shareTo(planes * rows, 16, part, parts)
  const n = lastColumn - firstColumn
  if (n == 0) return DONE
  for (let at = first; at < last; ) {
    const plane = at / rows
    const r = at - plane * rows
    const count = min(rows - r, last - at)
    plate(
      width,
      count,
      n,
      source + placeOf(plane, outer, sides, from) + <i32>r * sourceRow + <i32>firstColumn * sourceColumn,
      sourceRow,
      sourceColumn,
      destination + placeOf(plane, outer, sides, to) + <i32>r * row + <i32>firstColumn * column,
      row,
      column,
    )
    at += count
  }
  return DONE
}

/** A plane of `rows` by `columns`. */
function plate(
  width: u32,
  rows: u32,
  columns: u32,
  source: usize,
  sourceRow: i32,
  sourceColumn: i32,
  destination: usize,
  row: i32,
  column: i32,
): void {
  if (sourceColumn == <i32>width && column == <i32>width) {
    const bytes = columns * width
    if (bytes >= 64) {
      for (; rows > 0; rows--) {
        memory.copy(destination, source, bytes)
        source += sourceRow
        destination += row
      }
      return
    }
  }
  if (width == 4 && sourceRow == 4 && column == 4 && rows >= 4 && columns >= 4) {
    transpose4(rows, columns, source, sourceColumn, destination, row)
    return
  }
  for (; rows > 0; rows--) {
    if (width == 4) line<u32>(columns, source, sourceColumn, destination, column)
    else if (width == 8) line<u64>(columns, source, sourceColumn, destination, column)
    else if (width == 1) line<u8>(columns, source, sourceColumn, destination, column)
    else line<u16>(columns, source, sourceColumn, destination, column)
    source += sourceRow
    destination += row
  }
}

// @ts-ignore: decorator
@inline
function line<T>(columns: u32, source: usize, sourceColumn: i32, destination: usize, column: i32): void {
  if (sourceColumn == 0) {
    const value = load<T>(source)
    for (; columns > 0; columns--) {
      store<T>(destination, value)
      destination += column
    }
    return
  }
  for (; columns > 0; columns--) {
    store<T>(destination, load<T>(source))
    source += sourceColumn
    destination += column
  }
}

/** Elements of four bytes: the source lies densely along the rows, the destination along the columns. Sixteen rows at a time, which is a line of the cache. */
function transpose4(rows: u32, columns: u32, source: usize, sourceColumn: i32, destination: usize, row: i32): void {
  for (let r: u32 = 0; r < rows; r += 16) {
    const end = min(rows, r + 16)
    let c: u32 = 0
    for (; c + 4 <= columns; c += 4) {
      const s = source + <i32>c * sourceColumn
      const d = destination + (c << 2)
      let i = r
      for (; i + 4 <= end; i += 4) {
        const at = s + (i << 2)
        const a = v128.load(at)
        const b = v128.load(at + sourceColumn)
        const e = v128.load(at + 2 * sourceColumn)
        const f = v128.load(at + 3 * sourceColumn)
        const ab = v128.shuffle<i32>(a, b, 0, 4, 1, 5)
        const ef = v128.shuffle<i32>(e, f, 0, 4, 1, 5)
        const abHigh = v128.shuffle<i32>(a, b, 2, 6, 3, 7)
        const efHigh = v128.shuffle<i32>(e, f, 2, 6, 3, 7)
        const to = d + <i32>i * row
        v128.store(to, v128.shuffle<i64>(ab, ef, 0, 2))
        v128.store(to + row, v128.shuffle<i64>(ab, ef, 1, 3))
        v128.store(to + 2 * row, v128.shuffle<i64>(abHigh, efHigh, 0, 2))
        v128.store(to + 3 * row, v128.shuffle<i64>(abHigh, efHigh, 1, 3))
      }
      for (; i < end; i++)
        for (let j: u32 = 0; j < 4; j++) store<u32>(d + <i32>i * row + (j << 2), load<u32>(s + <i32>j * sourceColumn + (i << 2)))
    }
    for (; c < columns; c++)
      for (let i = r; i < end; i++) store<u32>(destination + <i32>i * row + (c << 2), load<u32>(source + <i32>c * sourceColumn + (i << 2)))
  }
}

/**
 * One value at places of equal distance. Operands: destination. Parameters: bytes of an element, elements, the value's low word, its high word, offset of the first, distance
 * (bytes).
 */
export function fill(p: usize, part: i32, parts: i32): i32 {
  const width = load<u32>(p, 4)
  const n = load<u32>(p, 8)
  const value = load<u64>(p, 12)
  const stride = load<u32>(p, 24)
  const first = shareFrom(n, 64, part, parts)
  const count = shareTo(n, 64, part, parts) - first
  const at = load<u32>(p) + load<u32>(p, 20) + first * stride
  if (stride == width && (value == 0 || width == 1)) memory.fill(at, <u8>value, count * width)
  else if (width == 1) for (let i: u32 = 0; i < count; i++) store<u8>(at + i * stride, <u8>value)
  else if (width == 2) for (let i: u32 = 0; i < count; i++) store<u16>(at + i * stride, <u16>value)
  else if (width == 4) for (let i: u32 = 0; i < count; i++) store<u32>(at + i * stride, <u32>value)
  else for (let i: u32 = 0; i < count; i++) store<u64>(at + i * stride, value)
  return DONE
}
