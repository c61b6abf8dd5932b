/** From a region of an image to the planes of a model input: bilinear resize in fixed point, then one f32 per 8-bit value. */

import { Image } from './image'

/** A region of an image in pixels. */
export class Box {
  constructor(
    public x: i32,
    public y: i32,
    public width: i32,
    public height: i32,
  ) {}
}

/** The f32 that each 8-bit value becomes, 256 for each of the three planes. */
export type Scale = StaticArray<f32>

/** (v / 255 - mean) / deviation for planes blue, green, red (the models were trained on BGR). */
function makeScale(means: StaticArray<f32>, deviations: StaticArray<f32>): Scale {
  const scale = new StaticArray<f32>(768)
  for (let plane = 0; plane < 3; plane++) {
    for (let v = 0; v < 256; v++) {
      unchecked((scale[plane * 256 + v] = (<f32>v / <f32>255 - unchecked(means[plane])) / unchecked(deviations[plane])))
    }
  }
  return scale
}

/** Direction and reader: -1 to 1. */
export function lineScale(): Scale {
  return makeScale([0.5, 0.5, 0.5], [0.5, 0.5, 0.5])
}

/** Detector: the ImageNet figures, in the order PaddleOCR applies them. */
export function detectScale(): Scale {
  return makeScale([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
}

const FRACTION_BITS = 11

/**
 * The two source offsets and the weight of the second, in 1/2048, for every output position: half-pixel centres, edges repeated.
 * Three i32 a position at `table`.
 */
function fillPositions(table: usize, from: i32, to: i32, reversed: bool, pitch: i32): void {
  const unit = 2 * to
  for (let i = 0; i < to; i++) {
    const t = max<i32>(0, (2 * i + 1) * from - to)
    let first = t / unit
    let fraction = (((t % unit) << FRACTION_BITS) + to) / unit
    if (first >= from - 1) {
      first = from - 1
      fraction = 0
    }
    let second = min(first + 1, from - 1)
    if (reversed) {
      first = from - 1 - first
      second = from - 1 - second
    }
    const at = table + <usize>i * 12
    store<i32>(at, first * pitch)
    store<i32>(at, second * pitch, 4)
    store<i32>(at, fraction, 8)
  }
}

/**
 * Three planes (1 x 3 x height x width, row-major) with `region` of `image` resized to `contentWidth` x `height` at their left and
 * zeros in what is left; turned by 180 degrees if `turned`. Integer arithmetic up to the last step, so any two runs agree.
 */
export function toPlanes(image: Image, region: Box, turned: bool, width: i32, contentWidth: i32, height: i32, scale: Scale): Float32Array {
  const planes = new Float32Array(3 * width * height)
  const channels = image.channels
  const pitch = image.width * channels
  const columns = heap.alloc(<usize>contentWidth * 12)
  const rows = heap.alloc(<usize>height * 12)
  fillPositions(columns, region.width, contentWidth, turned, channels)
  fillPositions(rows, region.height, height, turned, pitch)
  const source = changetype<usize>(image.data) + <usize>(region.y * pitch + region.x * channels)
  const table = changetype<usize>(scale)
  const planeBytes = (<usize>(width * height)) << 2
  const half: u32 = 1 << (2 * FRACTION_BITS - 1)
  for (let y = 0; y < height; y++) {
    const rowAt = rows + <usize>y * 12
    const top = source + load<u32>(rowAt)
    const bottom = source + load<u32>(rowAt, 4)
    const fy = load<u32>(rowAt, 8)
    const gy = (1 << FRACTION_BITS) - fy
    let out = planes.dataStart + ((<usize>(y * width)) << 2)
    const columnsEnd = columns + <usize>contentWidth * 12
    for (let at = columns; at < columnsEnd; at += 12) {
      const left = load<u32>(at)
      const right = load<u32>(at, 4)
      const fx = load<u32>(at, 8)
      const gx = (1 << FRACTION_BITS) - fx
      if (channels == 1) {
        const above = load<u8>(top + left) * gx + load<u8>(top + right) * fx
        const below = load<u8>(bottom + left) * gx + load<u8>(bottom + right) * fx
        const v = (above * gy + below * fy + half) >>> (2 * FRACTION_BITS)
        const entry = table + ((<usize>v) << 2)
        store<f32>(out, load<f32>(entry))
        store<f32>(out + planeBytes, load<f32>(entry, 1024))
        store<f32>(out + 2 * planeBytes, load<f32>(entry, 2048))
      } else {
        for (let c: u32 = 0; c < 3; c++) {
          const above = load<u8>(top + left + c) * gx + load<u8>(top + right + c) * fx
          const below = load<u8>(bottom + left + c) * gx + load<u8>(bottom + right + c) * fx
          const v = (above * gy + below * fy + half) >>> (2 * FRACTION_BITS)
          // Channel 0 is red, which is plane 2.
          const plane: u32 = 2 - c
          store<f32>(out + <usize>plane * planeBytes, load<f32>(table + ((<usize>((plane << 8) + v)) << 2)))
        }
      }
      out += 4
    }
  }
  heap.free(columns)
  heap.free(rows)
  return planes
}
