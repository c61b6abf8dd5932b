import { DONE } from '../status'
import { shareFrom, shareTo } from '../share'
import { storeSome } from './binary'

/** Inference. Operands: x, scale, bias, mean, variance, out. Parameters: planes (batch times channels), channels, elements of a plane, epsilon (f32). */
export const BATCH_NORM_F32: i32 = 230

export function batchNormF32(p: usize, part: i32, parts: i32): i32 {
  const planes = load<u32>(p, 24)
  const channels = load<u32>(p, 28)
  const n = load<u32>(p, 32)
  const epsilon = load<f32>(p, 36)
  const from = shareFrom(planes, 1, part, parts)
  const to = shareTo(planes, 1, part, parts)
  const size = n << 2
  let x: usize = load<u32>(p) + from * size
  let out: usize = load<u32>(p, 20) + from * size
  for (let plane = from; plane < to; plane++) {
    const channel: usize = (plane % channels) << 2
    const scale = (<f32>1 / Mathf.sqrt(load<f32>(load<u32>(p, 16) + channel) + epsilon)) * load<f32>(load<u32>(p, 4) + channel)
    const bias = load<f32>(load<u32>(p, 8) + channel) - load<f32>(load<u32>(p, 12) + channel) * scale
    scaleAndAdd(x, out, size, scale, bias)
    x += size
    out += size
  }
  return DONE
}

/** out = x * scale + bias for `size` bytes. */
export function scaleAndAdd(x: usize, out: usize, size: usize, scale: f32, bias: f32): void {
  const s = f32x4.splat(scale)
  const b = f32x4.splat(bias)
  let i: usize = 0
  for (; i + 32 <= size; i += 32) {
    const v0 = f32x4.add(f32x4.mul(v128.load(x + i), s), b)
    const v1 = f32x4.add(f32x4.mul(v128.load(x + i, 16), s), b)
    v128.store(out + i, v0)
    v128.store(out + i, v1, 16)
  }
  for (; i + 16 <= size; i += 16) v128.store(out + i, f32x4.add(f32x4.mul(v128.load(x + i), s), b))
  if (i < size) storeSome(out + i, f32x4.add(f32x4.mul(v128.load(x + i), s), b), size - i)
}
