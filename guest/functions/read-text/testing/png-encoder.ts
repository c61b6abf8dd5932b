/** A PNG encoder for tests, written from the specification and independent of the guest: every colour type, depth, filter and Adam7. */

import { crc32, deflateSync } from 'node:zlib'
import type { ZlibOptions } from 'node:zlib'

/** One image as samples: `samples[y][x]` holds the 1 to 4 stored values of a pixel. */
export interface Picture {
  readonly width: number
  readonly height: number
  readonly colour: 0 | 2 | 3 | 4 | 6
  readonly depth: 1 | 2 | 4 | 8 | 16
  readonly samples: readonly (readonly (readonly number[])[])[]
  readonly palette?: readonly (readonly [number, number, number])[]
  /** Data of tRNS: alphas of a palette, or the key of grey or RGB. */
  readonly transparency?: readonly number[]
}

export interface EncodeOptions {
  readonly interlaced?: boolean
  /** Filter of the n-th row written. */
  readonly filter?: (row: number) => number
  /** Sizes of the IDAT chunks; the rest goes into one more. */
  readonly split?: readonly number[]
  readonly zlib?: ZlibOptions
}

const SIGNATURE = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a)
/** Adam7: first column and row, and the steps (PNG 8.2). */
const PASSES = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
] as const

export function chunk(type: string, data: Uint8Array): Uint8Array {
  const out = Buffer.alloc(data.length + 12)
  out.writeUInt32BE(data.length, 0)
  out.write(type, 4, 'latin1')
  out.set(data, 8)
  out.writeUInt32BE(crc32(out.subarray(4, 8 + data.length)), 8 + data.length)
  return new Uint8Array(out)
}

export function join(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts))
}

export function header(width: number, height: number, depth: number, colour: number, interlace = 0): Uint8Array {
  const data = Buffer.alloc(13)
  data.writeUInt32BE(width, 0)
  data.writeUInt32BE(height, 4)
  data.set([depth, colour, 0, 0, interlace], 8)
  return chunk('IHDR', data)
}

/** A file from its chunks. */
export function png(...chunks: readonly Uint8Array[]): Uint8Array {
  return join(SIGNATURE, ...chunks)
}

function packRow(pixels: readonly (readonly number[])[], depth: number): number[] {
  const values = pixels.flat()
  if (depth === 16) return values.flatMap((v) => [v >> 8, v & 255])
  if (depth === 8) return values
  const bits = values.map((v) => v.toString(2).padStart(depth, '0')).join('')
  return (bits.match(/.{1,8}/g) ?? []).map((byte) => Number.parseInt(byte.padEnd(8, '0'), 2))
}

function predict(filter: number, a: number, b: number, c: number): number {
  if (filter === 1) return a
  if (filter === 2) return b
  if (filter === 3) return Math.floor((a + b) / 2)
  if (filter !== 4) return 0
  const p = a + b - c
  const distances = [Math.abs(p - a), Math.abs(p - b), Math.abs(p - c)] as const
  if (distances[0] <= distances[1] && distances[0] <= distances[2]) return a
  return distances[1] <= distances[2] ? b : c
}

/** The scan lines with their filter bytes, before compression. */
export function scanLines(picture: Picture, options: EncodeOptions = {}): Uint8Array {
  const count = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 }[picture.colour]
  const step = Math.max(1, (count * picture.depth) >> 3)
  const out: number[] = []
  let written = 0
  for (const [x0, y0, dx, dy] of options.interlaced === true ? PASSES : ([[0, 0, 1, 1]] as const)) {
    let above: number[] = []
    for (let y = y0; y < picture.height; y += dy) {
      const pixels = (picture.samples[y] ?? []).filter((_, x) => x >= x0 && (x - x0) % dx === 0)
      if (pixels.length === 0) break
      const row = packRow(pixels, picture.depth)
      const filter = options.filter?.(written++) ?? 0
      out.push(filter)
      row.forEach((v, i) => out.push((v - predict(filter, row[i - step] ?? 0, above[i] ?? 0, above[i - step] ?? 0)) & 255))
      above = row
    }
  }
  return Uint8Array.from(out)
}

export function encodePng(picture: Picture, options: EncodeOptions = {}): Uint8Array {
  const data = new Uint8Array(deflateSync(scanLines(picture, options), options.zlib))
  const chunks = [header(picture.width, picture.height, picture.depth, picture.colour, options.interlaced === true ? 1 : 0)]
  if (picture.palette !== undefined) chunks.push(chunk('PLTE', Uint8Array.from(picture.palette.flat())))
  if (picture.transparency !== undefined) {
    const bytes = picture.colour === 3 ? picture.transparency : picture.transparency.flatMap((v) => [v >> 8, v & 255])
    chunks.push(chunk('tRNS', Uint8Array.from(bytes)))
  }
  let at = 0
  for (const size of options.split ?? []) {
    chunks.push(chunk('IDAT', data.subarray(at, at + size)))
    at = Math.min(data.length, at + size)
  }
  return png(...chunks, chunk('IDAT', data.subarray(at)), chunk('IEND', new Uint8Array(0)))
}

/** What the picture looks like on white: RGB bytes. */
export function render(picture: Picture): Uint8Array {
  const top = 2 ** picture.depth - 1
  const to8 = (v: number): number => Math.round((v * 255) / top)
  const onWhite = (v: number, alpha: number): number => Math.floor((v * alpha + 255 * (255 - alpha) + 127) / 255)
  const pixel = (s: readonly number[]): readonly number[] => {
    const [first = 0, second = 0, third = 0, fourth = 0] = s
    const key = picture.transparency
    switch (picture.colour) {
      case 0:
        return Array.from({ length: 3 }, () => (key?.[0] === first ? 255 : to8(first)))
      case 2:
        return key !== undefined && key.every((v, i) => v === s[i]) ? [255, 255, 255] : s.map(to8)
      case 3:
        return (picture.palette?.[first] ?? []).map((v) => onWhite(v, key?.[first] ?? 255))
      case 4:
        return Array.from({ length: 3 }, () => onWhite(to8(first), to8(second)))
      case 6:
        return [first, second, third].map((v) => onWhite(to8(v), to8(fourth)))
    }
  }
  return Uint8Array.from(picture.samples.flatMap((row) => row.flatMap(pixel)))
}
