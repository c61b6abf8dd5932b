/** Convolution where each channel has one filter of its own: nothing is packed, windows slide over a copy of the plane with its padding. */
import { BAD_VALUE, DONE } from '../status'
import { shareFrom, shareTo } from '../share'
import { FINISH_BYTES, finishes, finishRow } from './finish'
import { DILATION, GEOMETRY_WORDS, IMAGE, PADDING, RESULT, STRIDE, volume, WINDOW } from './geometry'

export const DEPTHWISE: i32 = 111

/** Rows that are worked on at once. */
const TALL: u32 = 4

/**
 * One row of the image into `phases` stretches of `pitch` bytes: stretch i has every `phases`th value, from the i-th on, so that windows that step by `phases` find what they
 * want side by side. `pad` values of zero stand in front.
 */
function copyRow(x: usize, width: i32, pad: i32, phases: i32, pitch: usize, out: usize): void {
  const zero = i32x4.splat(0)
  for (let phase = 0; phase < phases; phase++) {
    let at = out
    const end = out + pitch
    let from = pad > phase ? (pad - phase + phases - 1) / phases : 0
    let place = from * phases + phase - pad
    const count = place < width ? (width - 1 - place) / phases + 1 : 0
    for (; from > 0; from--) {
      store<u32>(at, 0)
      at += 4
    }
    const stop = min<usize>(at + (count << 2), end)
    let source = x + (place << 2)
    if (phases == 1) {
      for (; at + 16 <= stop; at += 16) {
        v128.store(at, v128.load(source))
        source += 16
      }
    } else if (phases == 2) {
      for (; at + 16 <= stop; at += 16) {
        v128.store(at, v128.shuffle<i32>(v128.load(source), v128.load(source, 16), 0, 2, 4, 6))
        source += 32
      }
    }
    for (; at < stop; at += 4) {
      store<u32>(at, load<u32>(source))
      source += phases << 2
    }
    for (; at < end && at & 15; at += 4) store<u32>(at, 0)
    for (; at < end; at += 16) v128.store(at, zero)
    out += pitch
  }
}

/** One of the last n % 4 pixels: four products at a time are summed before they are added (`vector.ts`). `taps` holds where each tap lies from `base` on. */
function lastPixel(w: usize, taps: usize, base: usize, k: u32, block: u32, c: usize): void {
  let sum = load<f32>(w) * load<f32>(base + load<u32>(taps))
  let t: u32 = 1
  for (let from: u32 = 0; from < k; from += block) {
    const to = min(from + block, k)
    if (from > 0) t = from
    for (; t + 4 <= to; t += 4) {
      const at = taps + (t << 2)
      const v = w + (t << 2)
      sum +=
        load<f32>(v) * load<f32>(base + load<u32>(at)) +
        load<f32>(v, 4) * load<f32>(base + load<u32>(at, 4)) +
        load<f32>(v, 8) * load<f32>(base + load<u32>(at, 8)) +
        load<f32>(v, 12) * load<f32>(base + load<u32>(at, 12))
    }
    for (; t < to; t++) sum += load<f32>(w + (t << 2)) * load<f32>(base + load<u32>(taps + (t << 2)))
  }
  store<f32>(c, sum)
}

function storeLanes(c: usize, v: v128, n: u32): void {
  if (n >= 4) {
    v128.store(c, v)
    return
  }
  if (n & 2) v128.store64_lane(c, v, 0)
  if (n == 1) v128.store32_lane(c, v, 0)
  if (n == 3) v128.store32_lane(c, v, 2, 8)
}

/** Eight columns at once of four rows, three, two or one: as many sums at work as hide what an addition takes, and none for rows that are not there. `columns` is a multiple of 8. */
function fourRows(
  top: usize,
  r1: usize,
  r2: usize,
  r3: usize,
  c0: usize,
  c1: usize,
  c2: usize,
  c3: usize,
  w: usize,
  taps: usize,
  lastTap: usize,
  columns: u32,
): void {
  for (let ox: u32 = 0; ox < columns; ox += 8) {
    const base = top + (ox << 2)
    let a0 = v128.splat<f32>(-0.0)
    let b0 = v128.splat<f32>(-0.0)
    let a1 = v128.splat<f32>(-0.0)
    let b1 = v128.splat<f32>(-0.0)
    let a2 = v128.splat<f32>(-0.0)
    let b2 = v128.splat<f32>(-0.0)
    let a3 = v128.splat<f32>(-0.0)
    let b3 = v128.splat<f32>(-0.0)
    let v = w
    for (let t = taps; t < lastTap; t += 4) {
      const from = base + load<u32>(t)
      const weight = v128.load32_splat(v)
      a0 = f32x4.add(a0, f32x4.mul(weight, v128.load(from)))
      b0 = f32x4.add(b0, f32x4.mul(weight, v128.load(from, 16)))
      a1 = f32x4.add(a1, f32x4.mul(weight, v128.load(from + r1)))
      b1 = f32x4.add(b1, f32x4.mul(weight, v128.load(from + r1, 16)))
      a2 = f32x4.add(a2, f32x4.mul(weight, v128.load(from + r2)))
      b2 = f32x4.add(b2, f32x4.mul(weight, v128.load(from + r2, 16)))
      a3 = f32x4.add(a3, f32x4.mul(weight, v128.load(from + r3)))
      b3 = f32x4.add(b3, f32x4.mul(weight, v128.load(from + r3, 16)))
      v += 4
    }
    const place = ox << 2
    v128.store(c0 + place, a0)
    v128.store(c0 + place, b0, 16)
    v128.store(c1 + place, a1)
    v128.store(c1 + place, b1, 16)
    v128.store(c2 + place, a2)
    v128.store(c2 + place, b2, 16)
    v128.store(c3 + place, a3)
    v128.store(c3 + place, b3, 16)
  }
}

function threeRows(
  top: usize,
  r1: usize,
  r2: usize,
  c0: usize,
  c1: usize,
  c2: usize,
  w: usize,
  taps: usize,
  lastTap: usize,
  columns: u32,
): void {
  for (let ox: u32 = 0; ox < columns; ox += 8) {
    const base = top + (ox << 2)
    let a0 = v128.splat<f32>(-0.0)
    let b0 = v128.splat<f32>(-0.0)
    let a1 = v128.splat<f32>(-0.0)
    let b1 = v128.splat<f32>(-0.0)
    let a2 = v128.splat<f32>(-0.0)
    let b2 = v128.splat<f32>(-0.0)
    let v = w
    for (let t = taps; t < lastTap; t += 4) {
      const from = base + load<u32>(t)
      const weight = v128.load32_splat(v)
      a0 = f32x4.add(a0, f32x4.mul(weight, v128.load(from)))
      b0 = f32x4.add(b0, f32x4.mul(weight, v128.load(from, 16)))
      a1 = f32x4.add(a1, f32x4.mul(weight, v128.load(from + r1)))
      b1 = f32x4.add(b1, f32x4.mul(weight, v128.load(from + r1, 16)))
      a2 = f32x4.add(a2, f32x4.mul(weight, v128.load(from + r2)))
      b2 = f32x4.add(b2, f32x4.mul(weight, v128.load(from + r2, 16)))
      v += 4
    }
    const place = ox << 2
    v128.store(c0 + place, a0)
    v128.store(c0 + place, b0, 16)
    v128.store(c1 + place, a1)
    v128.store(c1 + place, b1, 16)
    v128.store(c2 + place, a2)
    v128.store(c2 + place, b2, 16)
  }
}

function twoRows(
  top: usize,
  r1: usize,
  c0: usize,
  c1: usize,
  w: usize,
  taps: usize,
  lastTap: usize,
  columns: u32,
): void {
  for (let ox: u32 = 0; ox < columns; ox += 8) {
    const base = top + (ox << 2)
    let a0 = v128.splat<f32>(-0.0)
    let b0 = v128.splat<f32>(-0.0)
    let a1 = v128.splat<f32>(-0.0)
    let b1 = v128.splat<f32>(-0.0)
    let v = w
    for (let t = taps; t < lastTap; t += 4) {
      const from = base + load<u32>(t)
      const weight = v128.load32_splat(v)
      a0 = f32x4.add(a0, f32x4.mul(weight, v128.load(from)))
      b0 = f32x4.add(b0, f32x4.mul(weight, v128.load(from, 16)))
      a1 = f32x4.add(a1, f32x4.mul(weight, v128.load(from + r1)))
      b1 = f32x4.add(b1, f32x4.mul(weight, v128.load(from + r1, 16)))
      v += 4
    }
    const place = ox << 2
    v128.store(c0 + place, a0)
    v128.store(c0 + place, b0, 16)
    v128.store(c1 + place, a1)
    v128.store(c1 + place, b1, 16)
  }
}

function oneRow(
  top: usize,
  c0: usize,
  w: usize,
  taps: usize,
  lastTap: usize,
  columns: u32,
): void {
  for (let ox: u32 = 0; ox < columns; ox += 8) {
    const base = top + (ox << 2)
    let a0 = v128.splat<f32>(-0.0)
    let b0 = v128.splat<f32>(-0.0)
    let v = w
    for (let t = taps; t < lastTap; t += 4) {
      const from = base + load<u32>(t)
      const weight = v128.load32_splat(v)
      a0 = f32x4.add(a0, f32x4.mul(weight, v128.load(from)))
      b0 = f32x4.add(b0, f32x4.mul(weight, v128.load(from, 16)))
      v += 4
    }
    const place = ox << 2
    v128.store(c0 + place, a0)
    v128.store(c0 + place, b0, 16)
  }
}

/** As kernel 110, of groups of one channel and one filter over at most two sides, with nothing to add to. Scratch holds a padded plane and where the taps lie, for each share. */
export function depthwise(p: usize, part: i32, parts: i32): i32 {
  const x = load<u32>(p)
  const filters = load<u32>(p, 4)
  const out = load<u32>(p, 8)
  const f = p + 16
  const g = f + FINISH_BYTES
  const q = g + (GEOMETRY_WORDS << 2)
  const groups = load<u32>(q, 4)
  const planes = load<u32>(q) * groups
  const block = load<u32>(q, 16)
  const height = load<i32>(g, IMAGE + 4)
  const width = load<i32>(g, IMAGE + 8)
  const outHeight = load<u32>(g, RESULT + 4)
  const outWidth = load<u32>(g, RESULT + 8)
  const windowHeight = load<u32>(g, WINDOW + 4)
  const windowWidth = load<u32>(g, WINDOW + 8)
  const strideY = load<u32>(g, STRIDE + 4)
  const strideX = load<u32>(g, STRIDE + 8)
  const dy = load<u32>(g, DILATION + 4)
  const dx = load<u32>(g, DILATION + 8)
  const padY = load<i32>(g, PADDING + 4)
  const padX = load<i32>(g, PADDING + 8)
  const k = windowHeight * windowWidth
  const n = outHeight * outWidth
  const pitch = ((outWidth + ((windowWidth - 1) * dx) / strideX + 8) & ~3) << 2
  const row = pitch * strideX
  const rows = (outHeight - 1) * strideY + (windowHeight - 1) * dy + 1
  const table = ((k << 2) + 15) & ~15
  // as many shares as scratch memory has room for: the others have nothing to do
  const scratchBytes = load<u32>(q, 28)
  const shares = min(<u32>parts, scratchBytes / (table + rows * row + 16))
  if (shares == 0) return BAD_VALUE
  if (<u32>part >= shares) return DONE
  const taps = load<u32>(p, 12) + ((scratchBytes / shares) & ~15) * part
  const image = taps + table
  for (let t: u32 = 0; t < k; t++) {
    const tapX = (t % windowWidth) * dx
    store<u32>(taps + (t << 2), (t / windowWidth) * dy * row + (tapX % strideX) * pitch + ((tapX / strideX) << 2))
  }
  const lastTap = taps + (k << 2)
  const whole = n & ~3
  const finishing = finishes(f)
  const to = shareTo(planes, 1, part, shares)
  for (let i = shareFrom(planes, 1, part, shares); i < to; i++) {
    const source = x + ((i * height * width) << 2)
    for (let y: u32 = 0; y < rows; y++) {
      const from = <i32>y - padY
      const at = image + y * row
      if (from >= 0 && from < height) copyRow(source + ((from * width) << 2), width, padX, strideX, pitch, at)
      else memory.fill(at, 0, row)
    }
    const w = filters + (((i % groups) * k) << 2)
    const plane = out + ((i * n) << 2)
    for (let oy: u32 = 0; oy < outHeight; oy += TALL) {
      // rows that are not there repeat the last one
      const tall = min(TALL, outHeight - oy)
      const r1 = tall > 1 ? strideY * row : 0
      const r2 = tall > 2 ? r1 + strideY * row : r1
      const r3 = tall > 3 ? r2 + strideY * row : r2
      const c = plane + ((oy * outWidth) << 2)
      const c1 = c + (tall > 1 ? outWidth << 2 : 0)
      const c2 = tall > 2 ? c1 + (outWidth << 2) : c1
      const c3 = tall > 3 ? c2 + (outWidth << 2) : c2
      const top = image + oy * strideY * row
      const eights = outWidth & ~7
      if (tall == 4) fourRows(top, r1, r2, r3, c, c1, c2, c3, w, taps, lastTap, eights)
      else if (tall == 3) threeRows(top, r1, r2, c, c1, c2, w, taps, lastTap, eights)
      else if (tall == 2) twoRows(top, r1, c, c1, w, taps, lastTap, eights)
      else oneRow(top, c, w, taps, lastTap, eights)
      for (let ox = eights; ox < outWidth; ox += 4) {
        const base = top + (ox << 2)
        let s0 = v128.splat<f32>(-0.0)
        let s1 = v128.splat<f32>(-0.0)
        let s2 = v128.splat<f32>(-0.0)
        let s3 = v128.splat<f32>(-0.0)
        let v = w
        for (let t = taps; t < lastTap; t += 4) {
          const b = base + load<u32>(t)
          const weight = v128.load32_splat(v)
          s0 = f32x4.add(s0, f32x4.mul(weight, v128.load(b)))
          s1 = f32x4.add(s1, f32x4.mul(weight, v128.load(b + r1)))
          s2 = f32x4.add(s2, f32x4.mul(weight, v128.load(b + r2)))
          s3 = f32x4.add(s3, f32x4.mul(weight, v128.load(b + r3)))
          v += 4
        }
        const count = outWidth - ox
        const place = ox << 2
        if (count >= 4) {
          v128.store(c + place, s0)
          v128.store(c1 + place, s1)
          v128.store(c2 + place, s2)
          v128.store(c3 + place, s3)
        } else {
          storeLanes(c + place, s0, count)
          storeLanes(c1 + place, s1, count)
          storeLanes(c2 + place, s2, count)
          storeLanes(c3 + place, s3, count)
        }
      }
      const first = oy * outWidth
      const behind = first + tall * outWidth
      for (let pixel = max(first, whole); pixel < behind; pixel++) {
        const py = pixel / outWidth
        lastPixel(w, taps, image + py * strideY * row + ((pixel - py * outWidth) << 2), k, block, plane + (pixel << 2))
      }
      if (finishing) finishRow(f, c, tall * outWidth, behind == n ? n & 3 : 0, i % groups)
    }
  }
  return DONE
}
