import { DONE } from '../status'
import { shareFrom, shareTo } from '../share'
import { itemsOf } from './places'

export const COL_TO_IM: i32 = 425
export const AFFINE_GRID: i32 = 426

/**
 * f32 windows back to images: overlaps are summed, windows in order of the place within them. Operands: columns [n x channels, window, places], output. Parameters: n x channels, rank, then for each
 * axis: side of the image, of the window, windows along it, dilation, padding in front, stride.
 */
export function colToIm(p: usize, part: i32, parts: i32): i32 {
  const rank = load<i32>(p, 12)
  const image = p + 16
  const window = image + (rank << 2)
  const places = window + (rank << 2)
  const dilation = places + (rank << 2)
  const padding = dilation + (rank << 2)
  const stride = padding + (rank << 2)
  const size = itemsOf(rank, image)
  const taps = itemsOf(rank, window)
  const count = itemsOf(rank, places)
  const n = load<u32>(p, 8) * size
  const last = shareTo(n, 16, part, parts)
  for (let i = shareFrom(n, 16, part, parts); i < last; i++) {
    const plane = load<u32>(p) + (((i / size) * taps * count) << 2)
    let sum: f32 = 0
    for (let tap: u32 = 0; tap < taps; tap++) {
      let at = i % size
      let rest = tap
      let place: i32 = 0
      let step: i32 = 1
      let inside = true
      for (let d = (rank - 1) << 2; d >= 0; d -= 4) {
        const side = load<u32>(image + d)
        const width = load<u32>(window + d)
        const along = load<i32>(places + d)
        const from = <i32>(at % side) + load<i32>(padding + d) - <i32>(rest % width) * load<i32>(dilation + d)
        const by = load<i32>(stride + d)
        const which = from / by
        inside = inside && from >= 0 && which * by == from && which < along
        place += which * step
        step *= along
        at /= side
        rest /= width
      }
      if (inside) sum += load<f32>(plane + ((tap * count + place) << 2))
    }
    store<f32>(load<u32>(p, 4) + (i << 2), sum)
  }
  return DONE
}

/**
 * f32 places that an affine map sends a regular grid to. Operands: maps [n, axes, axes + 1], output [n, (d,) h, w, axes]. Parameters: n, axes (2 or 3), the places along each axis,
 * x first, then for each axis in that order the f32 of its places. Of three products the last two are added first, as onnxruntime's matrix library has it.
 */
export function affineGrid(p: usize, part: i32, parts: i32): i32 {
  const axes = load<u32>(p, 12)
  const sides = p + 16
  const points = itemsOf(axes, sides)
  const n = load<u32>(p, 8) * points
  const last = shareTo(n, 16, part, parts)
  for (let i = shareFrom(n, 16, part, parts); i < last; i++) {
    let rest = i % points
    let table = sides + (axes << 2)
    const x = load<f32>(table + ((rest % load<u32>(sides)) << 2))
    rest /= load<u32>(sides)
    table += load<u32>(sides) << 2
    const y = load<f32>(table + ((rest % load<u32>(sides, 4)) << 2))
    let z: f32 = 0
    if (axes == 3) z = load<f32>(table + ((load<u32>(sides, 4) + rest / load<u32>(sides, 4)) << 2))
    for (let row: u32 = 0; row < axes; row++) {
      const weights = load<u32>(p) + (((i / points) * axes + row) * (axes + 1) << 2)
      const a = load<f32>(weights) * x
      const b = load<f32>(weights, 4) * y
      let sum = a + b
      if (axes == 3) sum = a + (b + load<f32>(weights, 8) * z)
      store<f32>(load<u32>(p, 4) + ((i * axes + row) << 2), sum + load<f32>(weights + (axes << 2)))
    }
  }
  return DONE
}
