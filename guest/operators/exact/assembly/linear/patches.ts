/** Packs what a convolution's windows see into panels, column by column of the product: never more of it than is multiplied next. */
import { DILATION, IMAGE, PADDING, RESULT, STRIDE, volume, WINDOW } from './geometry'
import { PANEL } from './tile'

/** Of eight columns, for one tap of the window: their values in `channels` planes, `plane` bytes apart; into every `step` bytes of `out`. */
function gather(
  x: usize,
  offsets0: v128,
  offsets1: v128,
  mask0: v128,
  mask1: v128,
  channels: u32,
  plane: usize,
  out: usize,
  step: usize,
): void {
  let a0 = x + i32x4.extract_lane(offsets0, 0)
  let a1 = x + i32x4.extract_lane(offsets0, 1)
  let a2 = x + i32x4.extract_lane(offsets0, 2)
  let a3 = x + i32x4.extract_lane(offsets0, 3)
  let a4 = x + i32x4.extract_lane(offsets1, 0)
  let a5 = x + i32x4.extract_lane(offsets1, 1)
  let a6 = x + i32x4.extract_lane(offsets1, 2)
  let a7 = x + i32x4.extract_lane(offsets1, 3)
  for (; channels > 0; channels--) {
    let v = v128.load32_zero(a0)
    v = v128.load32_lane(a1, v, 1)
    v = v128.load32_lane(a2, v, 2)
    v = v128.load32_lane(a3, v, 3)
    let w = v128.load32_zero(a4)
    w = v128.load32_lane(a5, w, 1)
    w = v128.load32_lane(a6, w, 2)
    w = v128.load32_lane(a7, w, 3)
    v128.store(out, v128.and(v, mask0))
    v128.store(out, v128.and(w, mask1), 16)
    a0 += plane
    a1 += plane
    a2 += plane
    a3 += plane
    a4 += plane
    a5 += plane
    a6 += plane
    a7 += plane
    out += step
  }
}

/** The same of eight values that lie side by side, some masked. */
function slide(x: usize, mask0: v128, mask1: v128, channels: u32, plane: usize, out: usize, step: usize): void {
  for (; channels > 0; channels--) {
    v128.store(out, v128.and(v128.load(x), mask0))
    v128.store(out, v128.and(v128.load(x, 16), mask1), 16)
    x += plane
    out += step
  }
}

function copy(x: usize, channels: u32, plane: usize, out: usize, step: usize): void {
  for (; channels > 0; channels--) {
    v128.store(out, v128.load(x))
    v128.store(out, v128.load(x, 16), 16)
    x += plane
    out += step
  }
}

function clear(channels: u32, out: usize, step: usize): void {
  const zero = i32x4.splat(0)
  for (; channels > 0; channels--) {
    v128.store(out, zero)
    v128.store(out, zero, 16)
    out += step
  }
}

/** Quotients of four lanes. */
function divide(v: v128, by: u32): v128 {
  const q = i32x4.splat(<u32>i32x4.extract_lane(v, 0) / by)
  const r = i32x4.replace_lane(q, 1, <u32>i32x4.extract_lane(v, 1) / by)
  const s = i32x4.replace_lane(r, 2, <u32>i32x4.extract_lane(v, 2) / by)
  return i32x4.replace_lane(s, 3, <u32>i32x4.extract_lane(v, 3) / by)
}

/**
 * Panels of `n` columns from column `first` on. `x` is the first of `channels` planes, `g` the geometry. Rows of a panel run over channels, then the taps of the window.
 * Columns behind the last one repeat it.
 */
export function packPatches(x: usize, channels: u32, g: usize, first: u32, n: u32, out: usize, panel: usize): void {
  const depth = load<u32>(g, IMAGE)
  const height = load<u32>(g, IMAGE + 4)
  const width = load<u32>(g, IMAGE + 8)
  const outHeight = load<u32>(g, RESULT + 4)
  const outWidth = load<u32>(g, RESULT + 8)
  const taps = volume(g + WINDOW)
  const plane = (depth * height * width) << 2
  const step = (<usize>taps) << 5
  const last = volume(g + RESULT) - 1
  const strideX = load<u32>(g, STRIDE + 8)
  const sides = i32x4.splat(height)
  const wide = i32x4.splat(width)
  const deep = i32x4.splat(depth)
  for (const end = first + n; first < end; first += PANEL) {
    // places of the eight columns in the output, then of their windows' first taps in the image
    const column0 = i32x4.min_u(i32x4.add(i32x4.splat(first), i32x4(0, 1, 2, 3)), i32x4.splat(last))
    const column1 = i32x4.min_u(i32x4.add(i32x4.splat(first), i32x4(4, 5, 6, 7)), i32x4.splat(last))
    const row0 = divide(column0, outWidth)
    const row1 = divide(column1, outWidth)
    const ox0 = i32x4.sub(column0, i32x4.mul(row0, i32x4.splat(outWidth)))
    const ox1 = i32x4.sub(column1, i32x4.mul(row1, i32x4.splat(outWidth)))
    const sameRow = strideX == 1 && first + PANEL <= last + 1 && i32x4.extract_lane(row0, 0) == i32x4.extract_lane(row1, 3)
    const z0 = divide(row0, outHeight)
    const z1 = divide(row1, outHeight)
    const oy0 = i32x4.sub(row0, i32x4.mul(z0, i32x4.splat(outHeight)))
    const oy1 = i32x4.sub(row1, i32x4.mul(z1, i32x4.splat(outHeight)))
    const ix0 = i32x4.sub(i32x4.mul(ox0, i32x4.splat(strideX)), i32x4.splat(load<u32>(g, PADDING + 8)))
    const ix1 = i32x4.sub(i32x4.mul(ox1, i32x4.splat(strideX)), i32x4.splat(load<u32>(g, PADDING + 8)))
    const iy0 = i32x4.sub(i32x4.mul(oy0, i32x4.splat(load<u32>(g, STRIDE + 4))), i32x4.splat(load<u32>(g, PADDING + 4)))
    const iy1 = i32x4.sub(i32x4.mul(oy1, i32x4.splat(load<u32>(g, STRIDE + 4))), i32x4.splat(load<u32>(g, PADDING + 4)))
    const iz0 = i32x4.sub(i32x4.mul(z0, i32x4.splat(load<u32>(g, STRIDE))), i32x4.splat(load<u32>(g, PADDING)))
    const iz1 = i32x4.sub(i32x4.mul(z1, i32x4.splat(load<u32>(g, STRIDE))), i32x4.splat(load<u32>(g, PADDING)))
    let o = out
    for (let kz: u32 = 0; kz < load<u32>(g, WINDOW); kz++) {
      const dz = i32x4.splat(kz * load<u32>(g, DILATION))
      const atZ0 = i32x4.add(iz0, dz)
      const atZ1 = i32x4.add(iz1, dz)
      for (let ky: u32 = 0; ky < load<u32>(g, WINDOW + 4); ky++) {
        const dy = i32x4.splat(ky * load<u32>(g, DILATION + 4))
        const atY0 = i32x4.add(iy0, dy)
        const atY1 = i32x4.add(iy1, dy)
        const inside0 = v128.and(i32x4.lt_u(atY0, sides), i32x4.lt_u(atZ0, deep))
        const inside1 = v128.and(i32x4.lt_u(atY1, sides), i32x4.lt_u(atZ1, deep))
        const line0 = i32x4.mul(i32x4.add(i32x4.mul(atZ0, sides), atY0), wide)
        const line1 = i32x4.mul(i32x4.add(i32x4.mul(atZ1, sides), atY1), wide)
        for (let kx: u32 = 0; kx < load<u32>(g, WINDOW + 8); kx++) {
          const dx = i32x4.splat(kx * load<u32>(g, DILATION + 8))
          const atX0 = i32x4.add(ix0, dx)
          const atX1 = i32x4.add(ix1, dx)
          const mask0 = v128.and(inside0, i32x4.lt_u(atX0, wide))
          const mask1 = v128.and(inside1, i32x4.lt_u(atX1, wide))
          const place0 = i32x4.shl(i32x4.add(line0, atX0), 2)
          const place1 = i32x4.shl(i32x4.add(line1, atX1), 2)
          if (!v128.any_true(v128.or(mask0, mask1))) clear(channels, o, step)
          else if (sameRow && i32x4.extract_lane(place0, 0) >= 0) {
            const from = x + i32x4.extract_lane(place0, 0)
            if (i32x4.all_true(v128.and(mask0, mask1))) copy(from, channels, plane, o, step)
            else slide(from, mask0, mask1, channels, plane, o, step)
          } else gather(x, v128.and(place0, mask0), v128.and(place1, mask1), mask0, mask1, channels, plane, o, step)
          o += 32
        }
      }
    }
    out += panel
  }
}
