/** From PNG samples of every colour type and depth to 8-bit grey or RGB, transparency laid on white. */

export const GREY: u32 = 0
export const RGB: u32 = 2
export const PALETTE: u32 = 3
export const GREY_ALPHA: u32 = 4
export const RGB_ALPHA: u32 = 6

/** What the header and the PLTE and tRNS chunks say about the samples of one image. */
export class Samples {
  colour: u32 = 0
  depth: u32 = 8
  /** Samples in a pixel: 1 to 4. */
  count: u32 = 1
  /** The one transparent colour of grey and RGB images, as stored (not scaled). */
  keyed: bool = false
  keyR: u32 = 0
  keyG: u32 = 0
  keyB: u32 = 0
  /** Entries of the table below that a sample may name. */
  entries: u32 = 0
  /** Bytes of an output pixel: 1 or 3. */
  channels: u32 = 1
}

// What a grey sample of up to 8 bits or a palette index becomes: three bytes an entry.
const table = memory.data(256 * 3, 16)

/** `value` with opacity `alpha` over white, all 0..255, rounded to nearest. */
function onWhite(value: u32, alpha: u32): u32 {
  return (value * alpha + 255 * (255 - alpha) + 127) / 255
}

/** A 16-bit sample (big-endian, at `at`) as the nearest 8-bit one: round(v * 255 / 65535). */
function high(at: usize): u32 {
  return (<u32>bswap<u16>(load<u16>(at)) * 255 + 32895) >>> 16
}

/** Prepares the table for grey images of up to 8 bits. */
export function prepareGrey(samples: Samples): void {
  const top = ((<u32>1) << samples.depth) - 1
  samples.entries = top + 1
  samples.channels = 1
  for (let v: u32 = 0; v <= top; v++) {
    store<u8>(table + v * 3, samples.keyed && v == samples.keyR ? 255 : (v * 255) / top)
  }
}

/** Prepares the table from the PLTE data (`entries` RGB triples) and `alphas` bytes of tRNS. */
export function preparePalette(samples: Samples, palette: usize, entries: u32, alpha: usize, alphas: u32): void {
  samples.entries = entries
  let grey = true
  for (let i: u32 = 0; i < entries; i++) {
    const opacity: u32 = i < alphas ? load<u8>(alpha + i) : 255
    const r = onWhite(load<u8>(palette + i * 3), opacity)
    const g = onWhite(load<u8>(palette + i * 3, 1), opacity)
    const b = onWhite(load<u8>(palette + i * 3, 2), opacity)
    if (r != g || g != b) grey = false
    store<u8>(table + i * 3, r)
    store<u8>(table + i * 3, g, 1)
    store<u8>(table + i * 3, b, 2)
  }
  samples.channels = grey ? 1 : 3
}

/** Samples of up to 8 bits through the table. False for one that the table does not have. */
function expandTable(s: Samples, row: usize, pixels: u32, out: usize, step: usize): bool {
  const depth = s.depth
  const mask = ((<u32>1) << depth) - 1
  const entries = s.entries
  const colour = s.channels == 3
  for (let i: u32 = 0; i < pixels; i++) {
    const bit = i * depth
    const v = (<u32>load<u8>(row + (bit >>> 3)) >>> (8 - depth - (bit & 7))) & mask
    if (v >= entries) return false
    const from = table + v * 3
    store<u8>(out, load<u8>(from))
    if (colour) store<u16>(out, load<u16>(from, 1), 1)
    out += step
  }
  return true
}

function expandRgb(s: Samples, row: usize, pixels: u32, out: usize, step: usize): void {
  const wide = s.depth == 16
  for (let i: u32 = 0; i < pixels; i++) {
    if (wide) {
      const key =
        s.keyed &&
        bswap<u16>(load<u16>(row)) == s.keyR &&
        bswap<u16>(load<u16>(row, 2)) == s.keyG &&
        bswap<u16>(load<u16>(row, 4)) == s.keyB
      store<u8>(out, key ? 255 : high(row))
      store<u8>(out, key ? 255 : high(row + 2), 1)
      store<u8>(out, key ? 255 : high(row + 4), 2)
      row += 6
    } else {
      const key = s.keyed && load<u8>(row) == s.keyR && load<u8>(row, 1) == s.keyG && load<u8>(row, 2) == s.keyB
      store<u8>(out, key ? 255 : load<u8>(row))
      store<u8>(out, key ? 255 : load<u8>(row, 1), 1)
      store<u8>(out, key ? 255 : load<u8>(row, 2), 2)
      row += 3
    }
    out += step
  }
}

function expandAlpha(s: Samples, row: usize, pixels: u32, out: usize, step: usize): void {
  const wide = s.depth == 16
  const colours: usize = s.colour == RGB_ALPHA ? 3 : 1
  for (let i: u32 = 0; i < pixels; i++) {
    const alpha = wide ? high(row + (colours << 1)) : <u32>load<u8>(row + colours)
    for (let c: usize = 0; c < colours; c++) {
      store<u8>(out + c, onWhite(wide ? high(row + (c << 1)) : <u32>load<u8>(row + c), alpha))
    }
    row += (colours + 1) << (wide ? 1 : 0)
    out += step
  }
}

/**
 * Writes the `pixels` pixels of one unfiltered row to `out`, each `step` bytes after the last (more than `channels` for interlaced
 * rows). False for a palette index without an entry.
 */
export function expandRow(s: Samples, row: usize, pixels: u32, out: usize, step: usize): bool {
  switch (s.colour) {
    case GREY:
      if (s.depth == 16) {
        for (let i: u32 = 0; i < pixels; i++) {
          const at = row + (i << 1)
          store<u8>(out, s.keyed && bswap<u16>(load<u16>(at)) == s.keyR ? 255 : high(at))
          out += step
        }
        return true
      }
      if (s.depth == 8 && step == 1 && !s.keyed) {
        memory.copy(out, row, pixels)
        return true
      }
      return expandTable(s, row, pixels, out, step)
    case PALETTE:
      return expandTable(s, row, pixels, out, step)
    case RGB:
      if (s.depth == 8 && step == 3 && !s.keyed) memory.copy(out, row, pixels * 3)
      else expandRgb(s, row, pixels, out, step)
      return true
    default:
      expandAlpha(s, row, pixels, out, step)
      return true
  }
}
