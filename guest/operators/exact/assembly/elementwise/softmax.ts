import { DONE } from '../status'
import { shareFrom, shareTo } from '../share'
import { expNegative } from './poly'

/**
 * Operands: x, out, a temporary as large as they (0 where `stride` is 1). Parameters: rows; elements of a row; how far one lies from the next, which is also
 * how many rows lie side by side; 1 for the logarithm.
 */
export const SOFTMAX_F32: i32 = 220

function rowMaximum(x: usize, n: u32): f32 {
  const end = x + (n << 2)
  let most: f32 = -3.4028234663852886e38
  if (n >= 4) {
    let v = f32x4.splat(most)
    for (; x + 16 <= end; x += 16) v = f32x4.max(v, v128.load(x))
    most = max(max(f32x4.extract_lane(v, 0), f32x4.extract_lane(v, 1)), max(f32x4.extract_lane(v, 2), f32x4.extract_lane(v, 3)))
  }
  for (; x < end; x += 4) {
    const value = load<f32>(x)
    most = most < value ? value : most
  }
  return most
}

/** Writes e^(x - most) unless out is 0; gives their sum: four sums side by side, lanes 0 and 2 with 1 and 3, then what is left over one by one. */
function exponentials(x: usize, out: usize, n: u32, most: f32): f32 {
  const end = x + (n << 2)
  const shift = f32x4.splat(-most)
  let sum: f32 = 0
  if (n >= 4) {
    let sums = f32x4.splat(0)
    for (; x + 16 <= end; x += 16) {
      const e = expNegative(f32x4.add(v128.load(x), shift))
      sums = f32x4.add(sums, e)
      if (out != 0) {
        v128.store(out, e)
        out += 16
      }
    }
    sum = f32x4.extract_lane(sums, 0) + f32x4.extract_lane(sums, 2) + (f32x4.extract_lane(sums, 1) + f32x4.extract_lane(sums, 3))
  }
  for (; x < end; x += 4) {
    const e = f32x4.extract_lane(expNegative(f32x4.add(v128.load32_splat(x), shift)), 0)
    sum += e
    if (out != 0) {
      store<f32>(out, e)
      out += 4
    }
  }
  return sum
}

function softmaxRow(x: usize, out: usize, n: u32): void {
  const sum = exponentials(x, out, n, rowMaximum(x, n))
  const scale = f32x4.splat(1 / sum)
  const end = out + (n << 2)
  for (; out + 16 <= end; out += 16) v128.store(out, f32x4.mul(scale, v128.load(out)))
  for (; out < end; out += 4) store<f32>(out, load<f32>(out) * f32x4.extract_lane(scale, 0))
}

function logSoftmaxRow(x: usize, out: usize, n: u32): void {
  const most = rowMaximum(x, n)
  const log = Mathf.log(exponentials(x, 0, n, most))
  const end = out + (n << 2)
  for (; out + 16 <= end; out += 16, x += 16) v128.store(out, f32x4.sub(f32x4.add(v128.load(x), f32x4.splat(-most)), f32x4.splat(log)))
  for (; out < end; out += 4, x += 4) store<f32>(out, load<f32>(x) + -most - log)
}

export function softmaxF32(p: usize, part: i32, parts: i32): i32 {
  const x: usize = load<u32>(p)
  const out: usize = load<u32>(p, 4)
  const room: usize = load<u32>(p, 8)
  const rows = load<u32>(p, 12)
  const n = load<u32>(p, 16)
  const stride = load<u32>(p, 20)
  const logarithm = load<u32>(p, 24) != 0
  const to = shareTo(rows, 1, part, parts)
  for (let row = shareFrom(rows, 1, part, parts); row < to; row++) {
    if (stride == 1) {
      const at = (row * n) << 2
      if (logarithm) logSoftmaxRow(x + at, out + at, n)
      else softmaxRow(x + at, out + at, n)
      continue
    }
    // rows that do not lie together go through the temporary
    const at = room + ((row * n) << 2)
    const first = ((row / stride) * stride * n + (row % stride)) << 2
    const step = stride << 2
    for (let i: u32 = 0; i < n; i++) store<f32>(at + (i << 2), load<f32>(x + first + i * step))
    if (logarithm) logSoftmaxRow(at, at, n)
    else softmaxRow(at, at, n)
    for (let i: u32 = 0; i < n; i++) store<f32>(out + first + i * step, load<f32>(at + (i << 2)))
  }
  return DONE
}
