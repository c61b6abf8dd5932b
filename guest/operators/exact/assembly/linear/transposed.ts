/** What transposed convolution adds to a product of matrices: the transposed filters before it, and after it the sum of all that windows give to a pixel. */
import { DONE } from '../status'
import { shareFrom, shareTo } from '../share'
import { FINISH_BYTES, finishes, finishRow } from './finish'
import { DILATION, GEOMETRY_WORDS, IMAGE, PADDING, RESULT, STRIDE, volume, WINDOW } from './geometry'

export const TRANSPOSE: i32 = 103
export const COLLECT: i32 = 112

/** Matrices [rows, columns] to [columns, rows], 4 bytes a value. Operands: x, out. Parameters: matrices, rows, columns. */
export function transpose(p: usize, part: i32, parts: i32): i32 {
  const x = load<u32>(p)
  const out = load<u32>(p, 4)
  const rows = load<u32>(p, 12)
  const columns = load<u32>(p, 16)
  const all = load<u32>(p, 8) * columns
  const to = shareTo(all, 1, part, parts)
  for (let i = shareFrom(all, 1, part, parts); i < to; i++) {
    const matrix = i / columns
    let from = x + ((matrix * rows * columns + (i - matrix * columns)) << 2)
    const end = out + (((i + 1) * rows) << 2)
    for (let at = out + ((i * rows) << 2); at < end; at += 4) {
      store<u32>(at, load<u32>(from))
      from += columns << 2
    }
  }
  return DONE
}

/**
 * Sums what the windows give: taps of the window in order, from zero. Operands: products [planes, taps, pixels of the image], out, the bias or none. Parameters:
 * an activation and its two values, the geometry (of the convolution that this transposes: its image is our output, its result our image), planes, planes of one image.
 */
export function collect(p: usize, part: i32, parts: i32): i32 {
  const x = load<u32>(p)
  const out = load<u32>(p, 4)
  const f = p + 8
  const g = f + FINISH_BYTES
  const q = g + (GEOMETRY_WORDS << 2)
  const planes = load<u32>(q)
  const channels = load<u32>(q, 4)
  const depth = load<i32>(g, IMAGE)
  const height = load<i32>(g, IMAGE + 4)
  const width = load<i32>(g, IMAGE + 8)
  const fromDepth = load<i32>(g, RESULT)
  const fromHeight = load<i32>(g, RESULT + 4)
  const fromWidth = load<i32>(g, RESULT + 8)
  const strideX = load<i32>(g, STRIDE + 8)
  const windowWidth = load<i32>(g, WINDOW + 8)
  const dx = load<i32>(g, DILATION + 8)
  const padX = load<i32>(g, PADDING + 8)
  const pixels = volume(g + RESULT)
  const finishing = finishes(f)
  const to = shareTo(planes, 1, part, parts)
  for (let i = shareFrom(planes, 1, part, parts); i < to; i++) {
    const products = x + ((i * volume(g + WINDOW) * pixels) << 2)
    for (let z = 0; z < depth; z++) {
      for (let y = 0; y < height; y++) {
        const row = out + ((((i * depth + z) * height + y) * width) << 2)
        memory.fill(row, 0, width << 2)
        for (let kz = 0; kz < load<i32>(g, WINDOW); kz++) {
          const atZ = z + load<i32>(g, PADDING) - kz * load<i32>(g, DILATION)
          const fromZ = atZ / load<i32>(g, STRIDE)
          if (atZ < 0 || fromZ >= fromDepth || fromZ * load<i32>(g, STRIDE) != atZ) continue
          for (let ky = 0; ky < load<i32>(g, WINDOW + 4); ky++) {
            const atY = y + load<i32>(g, PADDING + 4) - ky * load<i32>(g, DILATION + 4)
            const fromY = atY / load<i32>(g, STRIDE + 4)
            if (atY < 0 || fromY >= fromHeight || fromY * load<i32>(g, STRIDE + 4) != atY) continue
            const line =
              products + (((kz * load<i32>(g, WINDOW + 4) + ky) * windowWidth * pixels + (fromZ * fromHeight + fromY) * fromWidth) << 2)
            for (let kx = 0; kx < windowWidth; kx++) {
              let at = line + ((kx * pixels) << 2)
              // the first pixel of the image whose window reaches into the row
              let place = kx * dx - padX
              let from = 0
              if (place < 0) {
                from = (strideX - 1 - place) / strideX
                place += from * strideX
              }
              at += from << 2
              const count = min(fromWidth - from, place < width ? (width - 1 - place) / strideX + 1 : 0)
              if (count <= 0) continue
              spread(at, row + (place << 2), count, strideX)
            }
          }
        }
        if (finishing) finishRow(f, row, width, 0, i % channels)
      }
    }
  }
  return DONE
}

/** Adds `n` values to every `stride`th of a row. */
function spread(x: usize, out: usize, n: i32, stride: i32): void {
  const end = x + (n << 2)
  if (stride == 1) {
    for (const whole = x + ((n & ~3) << 2); x < whole; x += 16) {
      v128.store(out, f32x4.add(v128.load(out), v128.load(x)))
      out += 16
    }
  }
  const step = stride << 2
  for (; x < end; x += 4) {
    store<f32>(out, load<f32>(out) + load<f32>(x))
    out += step
  }
}
