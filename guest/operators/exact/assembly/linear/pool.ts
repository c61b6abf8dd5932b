/** Pools, in the orders of MLAS (onnxruntime 1.30, mlas/lib/pooling.cpp) or, with indices and dilations, of onnxruntime's own loops. */
import { DONE } from '../status'
import { shareFrom, shareTo } from '../share'
import { DILATION, GEOMETRY_WORDS, IMAGE, PADDING, RESULT, STRIDE, volume, WINDOW } from './geometry'

export const POOL: i32 = 120
export const GLOBAL_POOL: i32 = 121

const MAX: u32 = 0
const AVERAGE: u32 = 1

const COLUMNS: u32 = 1
const COLUMNS_FROM_NEUTRAL: u32 = 2
const FIRST: u32 = 3

const LOWEST: f32 = -f32.MAX_VALUE

/** Over whole planes: four lanes, each fourth value, then the lanes, then what is left. Operands: x, out. Parameters: planes, values of one, kind (0 or 1). */
export function globalPool(p: usize, part: i32, parts: i32): i32 {
  const x = load<u32>(p)
  const out = load<u32>(p, 4)
  const planes = load<u32>(p, 8)
  const n = load<u32>(p, 12)
  const average = load<u32>(p, 16) == AVERAGE
  const to = shareTo(planes, 1, part, parts)
  for (let i = shareFrom(planes, 1, part, parts); i < to; i++) {
    let at = x + ((i * n) << 2)
    const whole = at + ((n & ~3) << 2)
    const end = at + (n << 2)
    if (average) {
      let lanes = f32x4.splat(0)
      for (; at < whole; at += 16) lanes = f32x4.add(lanes, v128.load(at))
      let sum = f32x4.extract_lane(lanes, 0) + f32x4.extract_lane(lanes, 2) + (f32x4.extract_lane(lanes, 1) + f32x4.extract_lane(lanes, 3))
      for (; at < end; at += 4) sum += load<f32>(at)
      store<f32>(out + (i << 2), sum / <f32>n)
    } else {
      let lanes = f32x4.splat(-3.4028234663852886e38)
      for (; at < whole; at += 16) lanes = f32x4.max(lanes, v128.load(at))
      const even = max<f32>(f32x4.extract_lane(lanes, 0), f32x4.extract_lane(lanes, 2))
      let most = max<f32>(even, max<f32>(f32x4.extract_lane(lanes, 1), f32x4.extract_lane(lanes, 3)))
      for (; at < end; at += 4) most = larger(most, load<f32>(at))
      store<f32>(out + (i << 2), most)
    }
  }
  return DONE
}

/** As `std::max`: a NaN on the right is passed over. In vectors MLAS takes the maximum of the machine, which hands NaNs on. */
// @ts-ignore: decorator
@inline
function larger(a: f32, b: f32): f32 {
  return a < b ? b : a
}

/** Along one side, the first tap of a window that lies in the image; `start` is where the window begins. */
// @ts-ignore: decorator
@inline
function firstTap(start: i32, dilation: i32): i32 {
  return start >= 0 ? 0 : (dilation - 1 - start) / dilation
}

/** The tap behind the last one that does. */
// @ts-ignore: decorator
@inline
function tapBehind(start: i32, dilation: i32, taps: i32, side: i32): i32 {
  return min(taps, start >= side ? 0 : (side - start + dilation - 1) / dilation)
}

/**
 * Greatest values of a row of windows, four at once, from the window `from` on, as far as they lie in the image and in MLAS's vectors (columns below `whole`). Steps of one or
 * two columns. `top` is the row of the image in which the windows begin, `taps` how many rows they have there. Gives the window to go on with.
 */
function greatestRow(
  top: usize,
  out: usize,
  from: i32,
  to: i32,
  step: i32,
  padding: i32,
  taps: i32,
  windowWidth: i32,
  width: i32,
  whole: i32,
  fresh: bool,
): i32 {
  let ox = from
  // of four windows the last begins three steps further; two vectors of four columns are read where steps are two
  for (; ox + 4 <= to; ox += 4) {
    const startX = ox * step - padding
    if (startX + 3 * step + windowWidth > whole || startX + windowWidth + 7 > width) break
    let value = f32x4.splat(-Infinity)
    for (let tx = 0; tx < windowWidth; tx++) {
      let at = top + ((startX + tx) << 2)
      let column = f32x4.splat(LOWEST)
      for (let ty = 0; ty < taps; ty++) {
        const v = step == 1 ? v128.load(at) : v128.shuffle<f32>(v128.load(at), v128.load(at, 16), 0, 2, 4, 6)
        column = fresh && ty == 0 ? v : f32x4.max(column, v)
        at += width << 2
      }
      value = f32x4.max(value, column)
    }
    v128.store(out + (ox << 2), value)
  }
  return ox
}

/**
 * Operands: x, out, indices (of the greatest, s64) or none. Parameters: the geometry, padding behind (three), planes, kind, order (0: taps one by one, 1: columns of the window
 * first, those in the padding too, 2: the same and each column from the neutral value on, 3: the first of the greatest), count (0: values in the image, 1: all taps, 2: taps in
 * image and padding), storage order of indices (1: columns).
 */
export function pool(p: usize, part: i32, parts: i32): i32 {
  const x = load<u32>(p)
  const out = load<u32>(p, 4)
  const indices = load<u32>(p, 8)
  const g = p + 12
  const q = g + (GEOMETRY_WORDS << 2)
  const planes = load<u32>(q, 12)
  const kind = load<u32>(q, 16)
  const order = load<u32>(q, 20)
  const count = load<u32>(q, 24)
  const transposed = load<u32>(q, 28) != 0
  const depth = load<i32>(g, IMAGE)
  const height = load<i32>(g, IMAGE + 4)
  const width = load<i32>(g, IMAGE + 8)
  const outDepth = load<i32>(g, RESULT)
  const outHeight = load<i32>(g, RESULT + 4)
  const outWidth = load<i32>(g, RESULT + 8)
  const windowDepth = load<i32>(g, WINDOW)
  const windowHeight = load<i32>(g, WINDOW + 4)
  const windowWidth = load<i32>(g, WINDOW + 8)
  const dz = load<i32>(g, DILATION)
  const dy = load<i32>(g, DILATION + 4)
  const dx = load<i32>(g, DILATION + 8)
  const plane = volume(g + IMAGE)
  let o = shareFrom(planes, 1, part, parts) * volume(g + RESULT)
  const to = shareTo(planes, 1, part, parts)
  for (let i = shareFrom(planes, 1, part, parts); i < to; i++) {
    const image = x + ((i * plane) << 2)
    for (let oz = 0; oz < outDepth; oz++) {
      const startZ = oz * load<i32>(g, STRIDE) - load<i32>(g, PADDING)
      const z0 = firstTap(startZ, dz)
      const z1 = tapBehind(startZ, dz, windowDepth, depth)
      for (let oy = 0; oy < outHeight; oy++) {
        const startY = oy * load<i32>(g, STRIDE + 4) - load<i32>(g, PADDING + 4)
        const y0 = firstTap(startY, dy)
        const y1 = tapBehind(startY, dy, windowHeight, height)
        // windows that begin in the image, and then four at once
        const stepX = load<i32>(g, STRIDE + 8)
        const padX = load<i32>(g, PADDING + 8)
        const firstInside = min(outWidth, (padX + stepX - 1) / stepX)
        const quick =
          kind == MAX && indices == 0 && windowDepth == 1 && (order == COLUMNS || order == COLUMNS_FROM_NEUTRAL) && (stepX == 1 || stepX == 2) && y1 > y0
        for (let ox = 0; ox < outWidth; ox++) {
          if (quick && ox == firstInside) {
            const top = image + ((((startZ + z0) * height + startY + y0) * width) << 2)
            const next = greatestRow(top, out + ((o - ox) << 2), ox, outWidth, stepX, padX, y1 - y0, windowWidth, width, width & ~3, order == COLUMNS)
            o += next - ox
            ox = next
            if (ox == outWidth) break
          }
          const startX = ox * load<i32>(g, STRIDE + 8) - load<i32>(g, PADDING + 8)
          const x0 = firstTap(startX, dx)
          const x1 = tapBehind(startX, dx, windowWidth, width)
          let value: f32 = kind == MAX ? LOWEST : 0
          if (order == COLUMNS || order == COLUMNS_FROM_NEUTRAL) {
            const sum = kind == AVERAGE
            // MLAS takes four columns of the image at once, and what is left one by one
            const whole = width & ~3
            if (!sum && x0 == 0) value = -<f32>Infinity
            for (let tx = x0; tx < x1; tx++) {
              let column: f32 = sum ? 0 : LOWEST
              let fresh = order == COLUMNS
              for (let tz = z0; tz < z1; tz++) {
                for (let ty = y0; ty < y1; ty++) {
                  const v = load<f32>(image + ((((startZ + tz) * height + startY + ty) * width + startX + tx) << 2))
                  if (fresh) column = v
                  else if (sum) column += v
                  else column = startX + tx < whole ? max<f32>(column, v) : larger(column, v)
                  fresh = false
                }
              }
              if (sum) value = tx == 0 ? column : value + column
              else value = max<f32>(value, column)
            }
            if (x1 < windowWidth) value = sum ? value + 0 : max<f32>(value, LOWEST)
          } else {
            let best = -1
            for (let tz = z0; tz < z1; tz++) {
              for (let ty = y0; ty < y1; ty++) {
                for (let tx = x0; tx < x1; tx++) {
                  const place = ((startZ + tz * dz) * height + startY + ty * dy) * width + startX + tx * dx
                  const v = load<f32>(image + (place << 2))
                  if (kind == AVERAGE) value += v
                  else if (kind == MAX) {
                    if (order == FIRST) {
                      if (best < 0 || v > value) {
                        value = v
                        best = place
                      }
                    } else value = larger(value, v)
                  }
                }
              }
            }
            if (indices != 0) {
              let index: i64 = <i64>i * plane + best
              if (transposed && best >= 0) {
                const atX = best % width
                const atY = (best / width) % height
                const atZ = best / width / height
                // column-major over the last sides
                index = <i64>i * plane + (atX * height + atY) * depth + atZ
              }
              store<i64>(indices + (o << 3), index)
            }
          }
          if (kind == AVERAGE) {
            let by = 0
            if (count == 0) by = (z1 - z0) * (y1 - y0) * (x1 - x0)
            else if (count == 1) by = windowDepth * windowHeight * windowWidth
            else {
              const zs = tapBehind(startZ, dz, windowDepth, depth + load<i32>(q))
              const ys = tapBehind(startY, dy, windowHeight, height + load<i32>(q, 4))
              const xs = tapBehind(startX, dx, windowWidth, width + load<i32>(q, 8))
              by = zs * ys * xs
            }
            value /= <f32>by
          }
          store<f32>(out + (o << 2), value)
          o++
        }
      }
    }
  }
  return DONE
}
