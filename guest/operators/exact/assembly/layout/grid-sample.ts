import { DONE } from '../status'
import { shareFrom, shareTo } from '../share'

export const GRID_SAMPLE: i32 = 424

const NEAREST: i32 = 0
const CUBIC: i32 = 2
const ZEROS: i32 = 0
const BORDER: i32 = 1

/**
 * f32 at places that a grid names. Operands: input [n, c, (d,) h, w], grid [n, (d,) h, w, 2 or 3], output. Parameters: how (0 nearest, 1 linear, 2 cubic), what lies outside (0 zeros, 1 the border, 2
 * reflected), whether corners are aligned, images, channels, layers of the input (0: two axes), rows, columns, points of an image. Sums are in the order of onnxruntime.
 */
export function gridSample(p: usize, part: i32, parts: i32): i32 {
  const how = load<i32>(p, 12)
  const outside = load<i32>(p, 16)
  const aligned = load<i32>(p, 20) != 0
  const images = load<u32>(p, 24)
  const channels = load<u32>(p, 28)
  const layers = load<u32>(p, 32)
  const rows = load<u32>(p, 36)
  const columns = load<u32>(p, 40)
  const points = load<u32>(p, 44)
  const plane = rows * columns * max<u32>(layers, 1)
  const axes: u32 = layers == 0 ? 2 : 3
  const n = images * channels * points
  const last = shareTo(n, 16, part, parts)
  for (let i = shareFrom(n, 16, part, parts); i < last; i++) {
    const image = i / points
    const point = load<u32>(p, 4) + (((image / channels) * points + (i - image * points)) * axes << 2)
    const source = load<u32>(p) + ((image * plane) << 2)
    const x = original(load<f32>(point), columns, aligned)
    const y = original(load<f32>(point, 4), rows, aligned)
    let value: f32
    if (axes == 3) value = inSpace(source, how, outside, aligned, x, y, original(load<f32>(point, 8), layers, aligned), columns, rows, layers)
    else if (how == NEAREST) value = at(source, outside, aligned, <i64>nearest<f32>(x), <i64>nearest<f32>(y), columns, rows)
    else if (how == CUBIC) value = cubic(source, outside, aligned, x, y, columns, rows)
    else if (outside == ZEROS && !aligned) value = weighed(source, x, y, columns, rows)
    else value = linear(source, outside, aligned, x, y, columns, rows)
    store<f32>(load<u32>(p, 8) + (i << 2), value)
  }
  return DONE
}

/** From [-1, 1] to places of elements. */
// @ts-ignore: decorator
@inline
function original(n: f32, side: u32, aligned: bool): f32 {
  return aligned ? ((n + 1) / 2) * <f32>(side - 1) : ((n + 1) * <f32>side - 1) / 2
}

/** The place within the borders that a place outside is reflected to. */
function reflected(given: i64, side: u32, aligned: bool): i64 {
  const low: f32 = aligned ? 0 : -0.5
  const high: f32 = aligned ? <f32>side - 1 : <f32>side - 0.5
  const range = high - low
  let x = <f32>given
  if (x < low || x > high) {
    const over = x < low ? low - x : x - high
    const turns = <i32>(over / range)
    const rest = over - <f32>turns * range
    x = (turns % 2 == 0) == x < low ? low + rest : high - rest
  }
  // a side of one element has no range
  return max<i64>(0, min<i64>(<i64>side - 1, <i64>x))
}

/** The index along one axis; -1 where there is nothing. */
// @ts-ignore: decorator
@inline
function along(outside: i32, aligned: bool, i: i64, side: u32): i64 {
  if (outside == ZEROS) return i >= 0 && i < <i64>side ? i : -1
  if (outside == BORDER) return max<i64>(0, min<i64>(<i64>side - 1, i))
  return reflected(i, side, aligned)
}

function at(source: usize, outside: i32, aligned: bool, x: i64, y: i64, columns: u32, rows: u32): f32 {
  const c = along(outside, aligned, x, columns)
  const r = along(outside, aligned, y, rows)
  return c < 0 || r < 0 ? 0 : load<f32>(source + ((<u32>r * columns + <u32>c) << 2))
}

function weighed(source: usize, x: f32, y: f32, columns: u32, rows: u32): f32 {
  const x1 = <i64>floor<f32>(x)
  const y1 = <i64>floor<f32>(y)
  const inX = x1 >= -1 && x1 < <i64>columns
  const inY = y1 >= -1 && y1 < <i64>rows
  if (!inX || !inY) return 0
  const dx2 = <f32>(x1 + 1) - x
  const dx1 = x - <f32>x1
  const dy2 = <f32>(y1 + 1) - y
  const dy1 = y - <f32>y1
  const a = at(source, ZEROS, false, x1, y1, columns, rows)
  const b = at(source, ZEROS, false, x1 + 1, y1, columns, rows)
  const c = at(source, ZEROS, false, x1, y1 + 1, columns, rows)
  const d = at(source, ZEROS, false, x1 + 1, y1 + 1, columns, rows)
  return dy2 * dx2 * a + dy2 * dx1 * b + dy1 * dx2 * c + dy1 * dx1 * d
}

function linear(source: usize, outside: i32, aligned: bool, x: f32, y: f32, columns: u32, rows: u32): f32 {
  const x1 = <i64>floor<f32>(x)
  const y1 = <i64>floor<f32>(y)
  const a = at(source, outside, aligned, x1, y1, columns, rows)
  const b = at(source, outside, aligned, x1 + 1, y1, columns, rows)
  const c = at(source, outside, aligned, x1, y1 + 1, columns, rows)
  const d = at(source, outside, aligned, x1 + 1, y1 + 1, columns, rows)
  const dx2 = <f32>(x1 + 1) - x
  const dx1 = x - <f32>x1
  return (<f32>(y1 + 1) - y) * (dx2 * a + dx1 * b) + (y - <f32>y1) * (dx2 * c + dx1 * d)
}

function inSpace(source: usize, how: i32, outside: i32, aligned: bool, x: f32, y: f32, z: f32, columns: u32, rows: u32, layers: u32): f32 {
  if (how == NEAREST) return layer(source, outside, aligned, <i64>nearest<f32>(x), <i64>nearest<f32>(y), <i64>nearest<f32>(z), columns, rows, layers)
  const x1 = <i64>floor<f32>(x)
  const y1 = <i64>floor<f32>(y)
  const z1 = <i64>floor<f32>(z)
  const dx2 = <f32>(x1 + 1) - x
  const dx1 = x - <f32>x1
  const dy2 = <f32>(y1 + 1) - y
  const dy1 = y - <f32>y1
  let near: f32 = 0
  let far: f32 = 0
  for (let k = 0; k < 2; k++) {
    const a = layer(source, outside, aligned, x1, y1, z1 + k, columns, rows, layers)
    const b = layer(source, outside, aligned, x1 + 1, y1, z1 + k, columns, rows, layers)
    const c = layer(source, outside, aligned, x1, y1 + 1, z1 + k, columns, rows, layers)
    const d = layer(source, outside, aligned, x1 + 1, y1 + 1, z1 + k, columns, rows, layers)
    const value = dy2 * (dx2 * a + dx1 * b) + dy1 * (dx2 * c + dx1 * d)
    if (k == 0) near = value
    else far = value
  }
  return (<f32>(z1 + 1) - z) * near + (z - <f32>z1) * far
}

function layer(source: usize, outside: i32, aligned: bool, x: i64, y: i64, z: i64, columns: u32, rows: u32, layers: u32): f32 {
  const l = along(outside, aligned, z, layers)
  return l < 0 ? 0 : at(source + ((<u32>l * rows * columns) << 2), outside, aligned, x, y, columns, rows)
}

const A: f32 = -0.75

/** Keys' convolution at a distance of 1 to 2, and of less than 1. */
// @ts-ignore: decorator
@inline
function outer(t: f32): f32 {
  return ((A * t - 5 * A) * t + 8 * A) * t - 4 * A
}

// @ts-ignore: decorator
@inline
function inner(t: f32): f32 {
  return ((A + 2) * t - (A + 3)) * t * t + 1
}

function cubic(source: usize, outside: i32, aligned: bool, x: f32, y: f32, columns: u32, rows: u32): f32 {
  const x0 = <i64>floor<f32>(x) - 1
  const y0 = <i64>floor<f32>(y) - 1
  const dx = abs<f32>(x - <f32>x0 - 1)
  const dy = abs<f32>(y - <f32>y0 - 1)
  let sum: f32 = 0
  for (let i = 0; i < 4; i++) {
    const across =
      outer(dx + 1) * at(source, outside, aligned, x0, y0 + i, columns, rows) +
      inner(dx) * at(source, outside, aligned, x0 + 1, y0 + i, columns, rows) +
      inner(1 - dx) * at(source, outside, aligned, x0 + 2, y0 + i, columns, rows) +
      outer(2 - dx) * at(source, outside, aligned, x0 + 3, y0 + i, columns, rows)
    const weight = i == 0 ? outer(dy + 1) : i == 1 ? inner(dy) : i == 2 ? inner(1 - dy) : outer(2 - dy)
    sum = i == 0 ? weight * across : sum + weight * across
  }
  return sum
}
