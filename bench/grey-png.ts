/** Grey PNGs as the inputs of vision models. */
import { inflateSync } from 'node:zlib'

export interface Grey {
  readonly width: number
  readonly height: number
  readonly data: Uint8Array
}

function paeth(a: number, b: number, c: number): number {
  const p = a + b - c
  const [pa, pb, pc] = [Math.abs(p - a), Math.abs(p - b), Math.abs(p - c)]
  return pa <= pb && pa <= pc ? a : pb <= pc ? b : c
}

/** Pixels of an 8-bit grey PNG that is not interlaced (PNG specification, sections 5, 9 and 11). */
export function decodeGrey(png: Buffer): Grey {
  const width = png.readUInt32BE(16)
  const height = png.readUInt32BE(20)
  if (png.readUInt16BE(24) !== 0x0800 || png[28] !== 0) throw new Error('the peer reads 8-bit grey PNGs only')
  const parts: Buffer[] = []
  for (let at = 8; at < png.length; at += png.readUInt32BE(at) + 12) {
    if (png.toString('latin1', at + 4, at + 8) === 'IDAT') parts.push(png.subarray(at + 8, at + 8 + png.readUInt32BE(at)))
  }
  const raw = inflateSync(Buffer.concat(parts))
  const data = new Uint8Array(width * height)
  for (let y = 0; y < height; y++) {
    const filter = raw[y * (width + 1)]
    for (let x = 0; x < width; x++) {
      const at = y * width + x
      const a = x > 0 ? (data[at - 1] as number) : 0
      const b = y > 0 ? (data[at - width] as number) : 0
      const c = x > 0 && y > 0 ? (data[at - width - 1] as number) : 0
      const add = filter === 0 ? 0 : filter === 1 ? a : filter === 2 ? b : filter === 3 ? (a + b) >> 1 : paeth(a, b, c)
      data[at] = (raw[y * (width + 1) + 1 + x] as number) + add
    }
  }
  return { width, height, data }
}

/** 3 planes of height x width of -1 to 1; rows and columns are the nearest ones where the size differs. */
export function planesOf({ width, height, data }: Grey, toWidth: number, toHeight: number): Float32Array {
  const plane = toWidth * toHeight
  const planes = new Float32Array(3 * plane)
  const nearest = (i: number, from: number, to: number): number => (from === to ? i : Math.floor(((i + 0.5) * from) / to))
  for (let y = 0; y < toHeight; y++) {
    const row = nearest(y, height, toHeight) * width
    for (let x = 0; x < toWidth; x++) planes[y * toWidth + x] = ((data[row + nearest(x, width, toWidth)] as number) / 255 - 0.5) / 0.5
  }
  planes.copyWithin(plane, 0, plane)
  planes.copyWithin(2 * plane, 0, plane)
  return planes
}
