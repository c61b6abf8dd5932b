import { BAD_VALUE, DONE } from '../status'
import { shareFrom, shareTo } from '../share'
import { FINISH_BYTES, finishes, finishRow } from './finish'
import { GEOMETRY_WORDS, IMAGE, RESULT, volume, WINDOW } from './geometry'
import { packColumns } from './pack'
import { packPatches } from './patches'
import { multiplyRows, PANEL, ROWS } from './tile'
import { multiplyVector } from './vector'

export const CONV: i32 = 110

/** Bytes of packed columns that all filters go over, at most: with the outputs they should stay in the second cache. */
const CACHE: u32 = 1 << 19

/** One filter: the sums of `vector.ts`. */
const ALONE: u32 = 1

/**
 * Convolution: for each image and group, filters [m, k] times the patches that their window sees [k, n]. Operands: x, filters, out, scratch, the bias or none.
 * Parameters: an activation and its two values, the geometry, images, groups, channels of a group, filters of a group, block, form (0 or 1), add (to what out holds), bytes of
 * scratch.
 */
export function conv(p: usize, part: i32, parts: i32): i32 {
  const x = load<u32>(p)
  const filters = load<u32>(p, 4)
  const out = load<u32>(p, 8)
  const f = p + 16
  const g = f + FINISH_BYTES
  const q = g + (GEOMETRY_WORDS << 2)
  const images = load<u32>(q)
  const groups = load<u32>(q, 4)
  const channels = load<u32>(q, 8)
  const m = load<u32>(q, 12)
  const block = load<u32>(q, 16)
  const alone = load<u32>(q, 20) == ALONE
  const add = load<u32>(q, 24) != 0
  const taps = volume(g + WINDOW)
  const k = channels * taps
  const n = volume(g + RESULT)
  const plane = volume(g + IMAGE) << 2
  const panel = k << 5
  const panels = (n + PANEL - 1) / PANEL
  // as many shares as scratch memory has room for: the others have nothing to do
  const scratchBytes = load<u32>(q, 28)
  const shares = min(<u32>parts, scratchBytes / (panel + 16))
  if (shares == 0) return BAD_VALUE
  if (<u32>part >= shares) return DONE
  const room = (scratchBytes / shares) & ~15
  const scratch = load<u32>(p, 12) + room * part
  const most = max<u32>(min(room, CACHE) / panel, 1)
  // a window of one tap that goes from pixel to pixel sees the planes as they are
  const pointwise =
    taps == 1 &&
    volume(g + IMAGE) == n &&
    (load<u32>(g, 36) | load<u32>(g, 40) | load<u32>(g, 44)) == 1 &&
    (load<u32>(g, 60) | load<u32>(g, 64) | load<u32>(g, 68)) == 0
  const finishing = finishes(f)
  const units = images * groups * panels
  const to = shareTo(units, 1, part, shares)
  for (let at = shareFrom(units, 1, part, shares); at < to;) {
    const which = at / panels
    const first = at - which * panels
    const count = min(min(panels - first, to - at), most)
    const column = first * PANEL
    const columns = min(count * PANEL, n - column)
    const group = which % groups
    const source = x + which * channels * plane
    if (pointwise) packColumns(source + (column << 2), plane, columns, k, scratch, panel)
    else packPatches(source, channels, g, column, columns, scratch, panel)
    const w = filters + ((group * m * k) << 2)
    const c = out + ((which * m * n + column) << 2)
    for (let i: u32 = 0; i < m; i += ROWS) {
      const rows = min(ROWS, m - i)
      const row = c + ((i * n) << 2)
      if (alone) {
        for (let j: u32 = 0; j < columns; j += PANEL)
          multiplyVector(w, scratch + j * (k << 2), 32, min(PANEL, columns - j), k, block, add, row + (j << 2))
      } else multiplyRows(w + ((i * k) << 2), k << 2, rows, scratch, columns, k, block, 1, add, row, n << 2)
      if (finishing) for (let r: u32 = 0; r < rows; r++) finishRow(f, row + ((r * n) << 2), columns, columns & 3, group * m + i + r)
    }
    at += count
  }
  return DONE
}
