/** Convolution of integers of eight bits, exact in any order; and sums of 32 bits brought back to eight. */
import { DONE } from '../status'
import { shareFrom, shareTo } from '../share'
import { DILATION, GEOMETRY_WORDS, IMAGE, PADDING, RESULT, STRIDE, volume, WINDOW } from './geometry'

export const INTEGER_CONV: i32 = 133
export const REQUANTIZE: i32 = 143

// @ts-ignore: decorator
@inline
function byteOf(at: usize, signed: bool): i32 {
  return signed ? <i32>load<i8>(at) : <i32>load<u8>(at)
}

/**
 * What lies in the padding is the zero point, and so adds nothing. Operands: x, filters, zero point of x or none, zero points of the filters or none, out of s32.
 * Parameters: the geometry, images, groups, channels of a group, filters of a group, x signed, filters signed, a zero point for each filter.
 */
export function integerConv(p: usize, part: i32, parts: i32): i32 {
  const x = load<u32>(p)
  const filters = load<u32>(p, 4)
  const zeroX = load<u32>(p, 8)
  const zerosW = load<u32>(p, 12)
  const out = load<u32>(p, 16)
  const g = p + 20
  const q = g + (GEOMETRY_WORDS << 2)
  const groups = load<u32>(q, 4)
  const channels = load<u32>(q, 8)
  const m = load<u32>(q, 12)
  const signedX = load<u32>(q, 16) != 0
  const signedW = load<u32>(q, 20) != 0
  const each = load<u32>(q, 24) != 0
  const depth = load<u32>(g, IMAGE)
  const height = load<u32>(g, IMAGE + 4)
  const width = load<u32>(g, IMAGE + 8)
  const outHeight = load<u32>(g, RESULT + 4)
  const outWidth = load<u32>(g, RESULT + 8)
  const windowHeight = load<u32>(g, WINDOW + 4)
  const windowWidth = load<u32>(g, WINDOW + 8)
  const dx = load<u32>(g, DILATION + 8)
  const taps = volume(g + WINDOW)
  const plane = volume(g + IMAGE)
  const n = volume(g + RESULT)
  const zero = zeroX == 0 ? 0 : byteOf(zeroX, signedX)
  const planes = load<u32>(q) * groups * m
  const to = shareTo(planes, 1, part, parts)
  for (let i = shareFrom(planes, 1, part, parts); i < to; i++) {
    const filter = i % (groups * m)
    const source = x + (i / m) * channels * plane
    const w = filters + filter * channels * taps
    const zeroW = zerosW == 0 ? 0 : byteOf(each ? zerosW + filter : zerosW, signedW)
    for (let o: u32 = 0; o < n; o++) {
      const row = o / outWidth
      const iz = (row / outHeight) * load<u32>(g, STRIDE) - load<u32>(g, PADDING)
      const iy = (row % outHeight) * load<u32>(g, STRIDE + 4) - load<u32>(g, PADDING + 4)
      const ix = (o - row * outWidth) * load<u32>(g, STRIDE + 8) - load<u32>(g, PADDING + 8)
      let sum = 0
      for (let kz: u32 = 0; kz < load<u32>(g, WINDOW); kz++) {
        const z = iz + kz * load<u32>(g, DILATION)
        if (z >= depth) continue
        for (let ky: u32 = 0; ky < windowHeight; ky++) {
          const y = iy + ky * load<u32>(g, DILATION + 4)
          if (y >= height) continue
          for (let kx: u32 = 0; kx < windowWidth; kx++) {
            const at = ix + kx * dx
            if (at >= width) continue
            let from = source + (z * height + y) * width + at
            let by = w + (kz * windowHeight + ky) * windowWidth + kx
            for (let c: u32 = 0; c < channels; c++) {
              sum += (byteOf(from, signedX) - zero) * (byteOf(by, signedW) - zeroW)
              from += plane
              by += taps
            }
          }
        }
      }
      store<i32>(out + ((i * n + o) << 2), sum)
    }
  }
  return DONE
}

/**
 * Sums to eight bits: times the scales of both factors over that of the result, clamped, rounded to even, the zero point added. Operands: sums, scale of x, scales of w, scale of
 * the result, its zero point or none, bias of s32 or none, out. Parameters: outer, channels, inner, scales of w (one for all, or one a channel), signed.
 */
export function requantize(p: usize, part: i32, parts: i32): i32 {
  const sums = load<u32>(p)
  const scaleX = load<f32>(load<u32>(p, 4))
  const scalesW = load<u32>(p, 8)
  const scaleY = load<f32>(load<u32>(p, 12))
  const zeroY = load<u32>(p, 16)
  const bias = load<u32>(p, 20)
  const out = load<u32>(p, 24)
  const channels = load<u32>(p, 32)
  const inner = load<u32>(p, 36)
  const each = load<u32>(p, 40) != 0
  const signed = load<u32>(p, 44) != 0
  const zero = zeroY == 0 ? 0 : byteOf(zeroY, signed)
  const least: f32 = <f32>(<i32>(signed ? -128 : 0) - zero)
  const most: f32 = <f32>(<i32>(signed ? 127 : 255) - zero)
  const slices = load<u32>(p, 28) * channels
  const to = shareTo(slices, 1, part, parts)
  for (let i = shareFrom(slices, 1, part, parts); i < to; i++) {
    const channel = i % channels
    const scale = (scaleX * load<f32>(each ? scalesW + (channel << 2) : scalesW)) / scaleY
    const more = bias == 0 ? 0 : load<i32>(bias + (channel << 2))
    for (let j = i * inner; j < (i + 1) * inner; j++) {
      const value = <f32>(load<i32>(sums + (j << 2)) + more) * scale
      const held = value > least ? (value < most ? value : most) : least
      store<u8>(out + j, <u8>(<i32>nearest<f32>(held) + zero))
    }
  }
  return DONE
}
