/**
 * PNG decoder (PNG specification, third edition; RFC 1950 and 1951): all colour types, depths, filters, Adam7 and tRNS. Stricter than
 * most: each checksum, order rule and length is checked, and whatever breaks one gives a sentence, never a trap.
 */

import { crc32 } from './checksum'
import { undoFilters } from './filters'
import { Image } from './image'
import * as inflate from './inflate'
import { GREY, GREY_ALPHA, PALETTE, RGB, RGB_ALPHA, Samples, expandRow, prepareGrey, preparePalette } from './samples'

/** Largest file, side and number of pixels: together they keep the memory of a request below 100 MB. */
export const FILE_BYTES_MAX = 8 * 1024 * 1024
export const SIDE_MAX: u32 = 4096
export const PIXELS_MAX: u32 = 4 * 1024 * 1024

const IHDR: u32 = 0x49484452
const PLTE: u32 = 0x504c5445
const IDAT: u32 = 0x49444154
const IEND: u32 = 0x49454e44
const TRNS: u32 = 0x74524e53

const PASS_X: StaticArray<u32> = [0, 4, 0, 2, 0, 1, 0]
const PASS_Y: StaticArray<u32> = [0, 0, 4, 0, 2, 0, 1]
const PASS_DX: StaticArray<u32> = [8, 8, 4, 4, 2, 2, 1]
const PASS_DY: StaticArray<u32> = [8, 8, 8, 4, 4, 2, 2]

/** What was wrong with the last file, as a sentence; empty after a file that was read. */
export let problem: string = ''

function fail(message: string): Image | null {
  problem = message
  return null
}

let width: u32 = 0
let height: u32 = 0
let interlaced: bool = false
let samples: Samples = new Samples()

function u32At(at: usize): u32 {
  return bswap<u32>(load<u32>(at))
}

function isLetters(type: u32): bool {
  for (let shift = 0; shift < 32; shift += 8) {
    const c = ((type >>> shift) & 0xdf) - 0x41
    if (c > 25) return false
  }
  return true
}

function nameOf(type: u32): string {
  return String.fromCharCodes([type >>> 24, (type >>> 16) & 0xff, (type >>> 8) & 0xff, type & 0xff])
}

/** Reads the 13 bytes of IHDR. An empty string if they are right. */
function readHeader(at: usize): string {
  width = u32At(at)
  height = u32At(at + 4)
  const depth = <u32>load<u8>(at, 8)
  const colour = <u32>load<u8>(at, 9)
  if (width == 0 || height == 0) return 'the image has no pixels'
  if (width > SIDE_MAX || height > SIDE_MAX || width * height > PIXELS_MAX) {
    return `${width} x ${height} is over the limit of ${SIDE_MAX} pixels a side and ${PIXELS_MAX} in all`
  }
  samples = new Samples()
  samples.colour = colour
  samples.depth = depth
  // Powers of two up to 16; which of them a colour type takes is in PNG 11.2.1.
  let depths: u32
  switch (colour) {
    case GREY:
      depths = 1 | 2 | 4 | 8 | 16
      samples.count = 1
      samples.channels = 1
      break
    case RGB:
      depths = 8 | 16
      samples.count = 3
      samples.channels = 3
      break
    case PALETTE:
      depths = 1 | 2 | 4 | 8
      samples.count = 1
      break
    case GREY_ALPHA:
      depths = 8 | 16
      samples.count = 2
      samples.channels = 1
      break
    case RGB_ALPHA:
      depths = 8 | 16
      samples.count = 4
      samples.channels = 3
      break
    default:
      return `colour type ${colour} does not exist`
  }
  if (popcnt(depth) != 1 || (depths & depth) == 0) return `colour type ${colour} has no bit depth ${depth}`
  if (load<u8>(at, 10) != 0) return `compression method ${load<u8>(at, 10)} does not exist`
  if (load<u8>(at, 11) != 0) return `filter method ${load<u8>(at, 11)} does not exist`
  if (load<u8>(at, 12) > 1) return `interlace method ${load<u8>(at, 12)} does not exist`
  interlaced = load<u8>(at, 12) == 1
  return ''
}

/** Reads the colour key of a grey or RGB image. False if its length is wrong. */
function readKey(at: usize, length: u32): bool {
  if (samples.colour == GREY && length == 2) {
    samples.keyR = <u32>bswap<u16>(load<u16>(at))
  } else if (samples.colour == RGB && length == 6) {
    samples.keyR = <u32>bswap<u16>(load<u16>(at))
    samples.keyG = <u32>bswap<u16>(load<u16>(at, 2))
    samples.keyB = <u32>bswap<u16>(load<u16>(at, 4))
  } else {
    return false
  }
  samples.keyed = true
  return true
}

function passSize(size: u32, from: u32, step: u32): u32 {
  return size > from ? (size - from + step - 1) / step : 0
}

function rowBytes(pixels: u32): usize {
  return <usize>((pixels * samples.count * samples.depth + 7) >>> 3)
}

function rawBytes(): usize {
  if (!interlaced) return <usize>height * (1 + rowBytes(width))
  let total: usize = 0
  for (let pass = 0; pass < 7; pass++) {
    const w = passSize(width, unchecked(PASS_X[pass]), unchecked(PASS_DX[pass]))
    const h = passSize(height, unchecked(PASS_Y[pass]), unchecked(PASS_DY[pass]))
    if (w > 0) total += <usize>h * (1 + rowBytes(w))
  }
  return total
}

/** Unfilters and expands the rows of one pass (or of the whole image) from `raw`. An empty string if they are right. */
function readPass(raw: usize, image: Image, x: u32, y: u32, dx: u32, dy: u32, w: u32, h: u32): string {
  const length = rowBytes(w)
  if (!undoFilters(raw, h, length, max<usize>(1, <usize>((samples.count * samples.depth) >>> 3))))
    return 'a row names a filter that does not exist'
  const channels = samples.channels
  const out = changetype<usize>(image.data)
  for (let row: u32 = 0; row < h; row++) {
    const to = out + <usize>(((y + row * dy) * width + x) * channels)
    if (!expandRow(samples, raw + <usize>row * (length + 1) + 1, w, to, <usize>(dx * channels)))
      return 'a pixel names a colour that PLTE does not have'
  }
  return ''
}

function readPixels(raw: usize): Image | null {
  const image = new Image(width, height, samples.channels)
  if (!interlaced) {
    const wrong = readPass(raw, image, 0, 0, 1, 1, width, height)
    return wrong.length > 0 ? fail(wrong) : image
  }
  let from = raw
  for (let pass = 0; pass < 7; pass++) {
    const x = unchecked(PASS_X[pass])
    const y = unchecked(PASS_Y[pass])
    const dx = unchecked(PASS_DX[pass])
    const dy = unchecked(PASS_DY[pass])
    const w = passSize(width, x, dx)
    const h = passSize(height, y, dy)
    if (w == 0 || h == 0) continue
    const wrong = readPass(from, image, x, y, dx, dy, w, h)
    if (wrong.length > 0) return fail(wrong)
    from += <usize>h * (1 + rowBytes(w))
  }
  return image
}

function inflateProblem(status: i32): string {
  switch (status) {
    case inflate.INFLATE_HEADER:
      return 'IDAT is not a zlib stream'
    case inflate.INFLATE_TRUNCATED:
      return 'the data in IDAT end too early'
    case inflate.INFLATE_TOO_LONG:
      return 'IDAT holds more data than the image has'
    case inflate.INFLATE_TOO_SHORT:
      return 'IDAT holds less data than the image has'
    case inflate.INFLATE_CHECKSUM:
      return 'the Adler-32 checksum of IDAT does not match'
    default:
      return 'IDAT is not valid DEFLATE data'
  }
}

/**
 * Decodes the PNG file of `size` bytes at `start` to 8-bit grey or RGB, transparency laid on white. Null if it is not a valid PNG or is
 * over a limit: `problem` then says why.
 */
export function decodePng(start: usize, size: i32): Image | null {
  problem = ''
  if (size < 8 || load<u64>(start) != 0x0a1a0a0d474e5089) return fail('the body does not start with the PNG signature')
  if (size > FILE_BYTES_MAX) return fail(`${size} bytes is over the limit of ${FILE_BYTES_MAX} bytes`)
  const end = start + <usize>size
  let at = start + 8
  let first = true
  let palette: usize = 0
  let paletteEntries: u32 = 0
  let alpha: usize = 0
  let alphas: u32 = 0
  let seenTransparency = false
  let firstData: usize = 0
  let dataBytes: usize = 0
  let dataChunks = 0
  let dataEnded = false

  while (true) {
    if (end - at < 12) return fail(at == end ? 'the file ends without an IEND chunk' : 'the file ends inside a chunk')
    const length = u32At(at)
    const type = u32At(at + 4)
    if (!isLetters(type)) return fail('a chunk has a type that is not four letters')
    if (<usize>length > end - at - 12) return fail(`chunk ${nameOf(type)} is longer than the file`)
    if (crc32(at + 4, length + 4) != u32At(at + 8 + length)) return fail(`the CRC of chunk ${nameOf(type)} does not match`)
    const data = at + 8
    if (first != (type == IHDR)) return fail(first ? 'the first chunk is not IHDR' : 'there is a second IHDR chunk')
    if (dataChunks > 0 && type != IDAT) dataEnded = true

    if (first) {
      if (length != 13) return fail('IHDR is not 13 bytes long')
      const wrong = readHeader(data)
      if (wrong.length > 0) return fail(wrong)
      first = false
    } else if (type == IDAT) {
      if (dataEnded) return fail('the IDAT chunks do not follow one another')
      if (samples.colour == PALETTE && palette == 0) return fail('a palette image has no PLTE chunk before IDAT')
      if (dataChunks++ == 0) firstData = at
      dataBytes += length
    } else if (type == PLTE) {
      if (palette != 0) return fail('there is a second PLTE chunk')
      if (dataChunks > 0) return fail('PLTE comes after IDAT')
      if (samples.colour == GREY || samples.colour == GREY_ALPHA) return fail('a grey image has a PLTE chunk')
      if (length == 0 || length % 3 != 0 || length > 768) return fail('PLTE does not hold 1 to 256 colours')
      if (samples.colour == PALETTE && length / 3 > (<u32>1) << samples.depth)
        return fail('PLTE holds more colours than the bit depth can name')
      palette = data
      paletteEntries = length / 3
    } else if (type == TRNS) {
      if (seenTransparency) return fail('there is a second tRNS chunk')
      if (dataChunks > 0) return fail('tRNS comes after IDAT')
      seenTransparency = true
      if (samples.colour == PALETTE) {
        if (palette == 0) return fail('tRNS comes before PLTE')
        if (length > paletteEntries) return fail('tRNS is longer than PLTE')
        alpha = data
        alphas = length
      } else if (!readKey(data, length)) {
        return fail('tRNS does not fit the colour type')
      }
    } else if (type == IEND) {
      if (length != 0) return fail('IEND is not empty')
      break
    } else if ((type & 0x20000000) == 0) {
      return fail(`critical chunk ${nameOf(type)} is unknown`)
    }
    at = data + length + 4
  }
  if (dataChunks == 0) return fail('the file has no IDAT chunk')

  if (samples.colour == PALETTE) preparePalette(samples, palette, paletteEntries, alpha, alphas)
  else if (samples.colour == GREY && samples.depth <= 8) prepareGrey(samples)

  // Large buffers come from the heap by hand, so that they are free again before the tensors are made.
  let joined: usize = 0
  let stream = firstData + 8
  if (dataChunks > 1) {
    joined = heap.alloc(dataBytes)
    let to = joined
    let chunk = firstData
    for (let i = 0; i < dataChunks; i++) {
      const length = u32At(chunk)
      memory.copy(to, chunk + 8, length)
      to += length
      chunk += <usize>length + 12
    }
    stream = joined
  }
  const rawLength = rawBytes()
  const raw = heap.alloc(rawLength + inflate.INFLATE_SLACK)
  const status = inflate.inflateZlib(stream, dataBytes, raw, rawLength)
  if (joined != 0) heap.free(joined)
  const image = status == inflate.INFLATE_OK ? readPixels(raw) : fail(inflateProblem(status))
  heap.free(raw)
  return image
}
