/** The five row filters of PNG (PNG specification, 9.2), undone in place. */

// The row above the first is all zero. Longest row: 4096 pixels of 8 bytes.
const zeroRow = memory.data(4096 * 8 + 16, 16)

function paeth(a: i32, b: i32, c: i32): i32 {
  const pa = abs(b - c)
  const pb = abs(a - c)
  const pc = abs(a + b - c - c)
  return pa <= pb && pa <= pc ? a : pb <= pc ? b : c
}

function undoUp(row: usize, above: usize, length: usize): void {
  let i: usize = 0
  if (ASC_FEATURE_SIMD) {
    for (; i + 16 <= length; i += 16) v128.store(row + i, i8x16.add(v128.load(row + i), v128.load(above + i)))
  }
  for (; i < length; i++) store<u8>(row + i, load<u8>(row + i) + load<u8>(above + i))
}

/**
 * Undoes the filters of `rows` rows at `start`, each one filter byte and `length` bytes; `step` is the bytes of a pixel, at least one.
 * False for a filter number that does not exist.
 */
export function undoFilters(start: usize, rows: i32, length: usize, step: usize): bool {
  let above = zeroRow
  let row = start
  for (let y = 0; y < rows; y++) {
    const filter = load<u8>(row++)
    switch (filter) {
      case 0:
        break
      case 1:
        for (let i = step; i < length; i++) store<u8>(row + i, load<u8>(row + i) + load<u8>(row + i - step))
        break
      case 2:
        undoUp(row, above, length)
        break
      case 3:
        for (let i: usize = 0; i < step; i++) store<u8>(row + i, <u32>load<u8>(row + i) + (<u32>load<u8>(above + i) >>> 1))
        for (let i = step; i < length; i++) {
          store<u8>(row + i, <u32>load<u8>(row + i) + ((<u32>load<u8>(row + i - step) + <u32>load<u8>(above + i)) >>> 1))
        }
        break
      case 4:
        for (let i: usize = 0; i < step; i++) store<u8>(row + i, load<u8>(row + i) + load<u8>(above + i))
        for (let i = step; i < length; i++) {
          const p = paeth(load<u8>(row + i - step), load<u8>(above + i), load<u8>(above + i - step))
          store<u8>(row + i, <i32>load<u8>(row + i) + p)
        }
        break
      default:
        return false
    }
    above = row
    row += length
  }
  return true
}
