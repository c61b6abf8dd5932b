import { DONE } from '../status'
import { shareFrom, shareTo } from '../share'
import { scaleAndAdd } from './batch'
import { pow } from './libm'

/**
 * Each row becomes (x - mean) / deviation * scale + bias, mean and squares carried on from element to element (Welford). Operands: x, scale, bias (0 where left out), out, mean and 1 / deviation of each
 * row (0 where nobody asks). Parameters: rows, elements of a row, epsilon (f32), 1 where the mean is taken for zero.
 */
export const LAYER_NORM_F32: i32 = 231

export function layerNormF32(p: usize, part: i32, parts: i32): i32 {
  const scale: usize = load<u32>(p, 4)
  const bias: usize = load<u32>(p, 8)
  const means: usize = load<u32>(p, 16)
  const inverses: usize = load<u32>(p, 20)
  const rows = load<u32>(p, 24)
  const n = load<u32>(p, 28)
  const epsilon = load<f32>(p, 32)
  const simple = load<u32>(p, 36) != 0
  const size: usize = n << 2
  const to = shareTo(rows, 1, part, parts)
  for (let row = shareFrom(rows, 1, part, parts); row < to; row++) {
    const x = load<u32>(p) + row * size
    const out = load<u32>(p, 12) + row * size
    let mean: f32 = 0
    let squares: f32 = 0
    if (simple)
      for (let i: usize = 0; i < size; i += 4) {
        const v = load<f32>(x + i)
        squares += v * v
      }
    else
      for (let i: usize = 0; i < size; i += 4) {
        const v = load<f32>(x + i)
        const off = v - mean
        mean += off / <f32>((<u32>i >> 2) + 1)
        squares += off * (v - mean)
      }
    const deviation = Mathf.sqrt(squares / <f32>n + epsilon)
    const m = f32x4.splat(mean)
    const d = f32x4.splat(deviation)
    let i: usize = 0
    for (; i + 16 <= size; i += 16) {
      const centred = simple ? v128.load(x + i) : f32x4.sub(v128.load(x + i), m)
      const y = f32x4.mul(f32x4.div(centred, d), v128.load(scale + i))
      v128.store(out + i, bias == 0 ? y : f32x4.add(y, v128.load(bias + i)))
    }
    for (; i < size; i += 4) {
      const centred = simple ? load<f32>(x + i) : load<f32>(x + i) - mean
      const y = (centred / deviation) * load<f32>(scale + i)
      store<f32>(out + i, bias == 0 ? y : y + load<f32>(bias + i))
    }
    if (means != 0) store<f32>(means + (row << 2), mean)
    if (inverses != 0) store<f32>(inverses + (row << 2), <f32>1 / deviation)
  }
  return DONE
}

/** Each plane by its own mean and deviation. Operands: x, scale, bias, out. Parameters: planes, channels, elements of a plane, epsilon (f32). */
export const INSTANCE_NORM_F32: i32 = 232

export function instanceNormF32(p: usize, part: i32, parts: i32): i32 {
  const planes = load<u32>(p, 16)
  const channels = load<u32>(p, 20)
  const n = load<u32>(p, 24)
  const epsilon = load<f32>(p, 28)
  const size: usize = n << 2
  const to = shareTo(planes, 1, part, parts)
  for (let plane = shareFrom(planes, 1, part, parts); plane < to; plane++) {
    const x = load<u32>(p) + plane * size
    let sum = load<f32>(x)
    for (let i: usize = 4; i < size; i += 4) sum += load<f32>(x + i)
    const mean = sum / <f32>n
    let d = load<f32>(x) - mean
    let squares = d * d
    for (let i: usize = 4; i < size; i += 4) {
      d = load<f32>(x + i) - mean
      squares += d * d
    }
    const channel: usize = (plane % channels) << 2
    const scale = (<f32>1 / Mathf.sqrt(squares / <f32>n + epsilon)) * load<f32>(load<u32>(p, 4) + channel)
    scaleAndAdd(x, load<u32>(p, 12) + plane * size, size, scale, load<f32>(load<u32>(p, 8) + channel) - mean * scale)
  }
  return DONE
}

/** Rows by their L1 or L2 norm. Operands: x, out. Parameters: rows; elements of a row; how far one lies from the next; 1 or 2. */
export const LP_NORM_F32: i32 = 233

export function lpNormF32(p: usize, part: i32, parts: i32): i32 {
  const rows = load<u32>(p, 8)
  const n = load<u32>(p, 12)
  const stride = load<u32>(p, 16)
  const squared = load<u32>(p, 20) == 2
  const step: usize = stride << 2
  const to = shareTo(rows, 1, part, parts)
  for (let row = shareFrom(rows, 1, part, parts); row < to; row++) {
    const first: usize = ((row / stride) * stride * n + (row % stride)) << 2
    const x = load<u32>(p) + first
    const out = load<u32>(p, 4) + first
    let sum: f32 = 0
    for (let i: u32 = 0; i < n; i++) {
      const v = load<f32>(x + i * step)
      sum += squared ? v * v : Mathf.abs(v)
    }
    const norm = squared ? Mathf.sqrt(sum) : sum
    for (let i: u32 = 0; i < n; i++) store<f32>(out + i * step, norm == 0 ? 0 : load<f32>(x + i * step) / norm)
  }
  return DONE
}

/**
 * Across channels. Operands: x, out, a temporary as large as they. Parameters: images, channels, elements of a plane, size, alpha / size, beta, bias (f32 each).
 * The sum of squares around a channel comes from that of the channel before, plus what enters, minus what leaves.
 */
export const LRN_F32: i32 = 234

export function lrnF32(p: usize, part: i32, parts: i32): i32 {
  const x: usize = load<u32>(p)
  const out: usize = load<u32>(p, 4)
  const sums: usize = load<u32>(p, 8)
  const images = load<u32>(p, 12)
  const channels = load<i32>(p, 16)
  const n = load<u32>(p, 20)
  const width = load<i32>(p, 24)
  const alpha = load<f32>(p, 28)
  const beta = load<f32>(p, 32)
  const bias = load<f32>(p, 36)
  const before = (width - 1) / 2
  const from = shareFrom(n, 1, part, parts)
  const to = shareTo(n, 1, part, parts)
  for (let image: u32 = 0; image < images; image++)
    for (let i = from; i < to; i++) {
      const at: usize = (image * channels * n + i) << 2
      const step: usize = n << 2
      let sum = bias
      for (let c = 0; c < width; c++) sum += alpha * square(x + at, c - before, channels, step)
      for (let c = 0; c < channels; c++) {
        if (c > 0) {
          sum += alpha * square(x + at, c + width - 1 - before, channels, step)
          sum += -alpha * square(x + at, c - 1 - before, channels, step)
        }
        store<f32>(sums + at + c * step, sum)
        store<f32>(out + at + c * step, load<f32>(x + at + c * step) * pow(sum, -beta))
      }
    }
  return DONE
}

@inline
function square(x: usize, channel: i32, channels: i32, step: usize): f32 {
  if (channel < 0 || channel >= channels) return 0
  const v = load<f32>(x + channel * step)
  return v * v
}

/** Groups of channels. Operands: x, scale, bias, out. Parameters: batch, channels, groups, elements of a plane, epsilon (f32). */
export const GROUP_NORM_F32: i32 = 235

export function groupNormF32(p: usize, part: i32, parts: i32): i32 {
  const batch = load<u32>(p, 16)
  const channels = load<u32>(p, 20)
  const groups = load<u32>(p, 24)
  const n = load<u32>(p, 28)
  const epsilon = load<f32>(p, 32)
  const size: usize = n << 2
  const each = channels / groups
  const count = <f32>(each * n)
  const to = shareTo(batch * groups, 1, part, parts)
  for (let group = shareFrom(batch * groups, 1, part, parts); group < to; group++) {
    const x: usize = load<u32>(p) + group * each * size
    const out: usize = load<u32>(p, 12) + group * each * size
    const end = x + each * size
    let sum = load<f32>(x)
    let squares = sum * sum
    for (let at = x + 4; at < end; at += 4) {
      const v = load<f32>(at)
      sum += v
      squares += v * v
    }
    const mean = sum / count
    const deviation = Mathf.sqrt(squares / count - mean * mean + epsilon)
    for (let c: u32 = 0; c < each; c++) {
      const channel: usize = ((group % groups) * each + c) << 2
      const scale = load<f32>(load<u32>(p, 4) + channel)
      const bias = load<f32>(load<u32>(p, 8) + channel)
      for (let i = c * size; i < (c + 1) * size; i += 4) store<f32>(out + i, ((load<f32>(x + i) - mean) / deviation) * scale + bias)
    }
  }
  return DONE
}
