/**
 * What follows a product before it leaves the cache, element by element: bias, an affine step, an activation, a second affine step, a tensor added. Each
 * operation rounds as it would alone, so fusing changes no bit. A step that is not there is x * 1 or x + -0: neither changes any value.
 *
 * A finish is a piece of a kernel's record:
 *   0 bias, by channel   4 scale   8 shift   12 second scale   16 second shift   20 tensor to add, as the output   (addresses, 0 = none)
 *   24 bits: 1, 2, 4, 8 scale, shift, second scale, second shift are by channel, else one value for all
 *   28 activation   32 four f32
 */
export const FINISH_WORDS: u32 = 12

/** max(0, x) */
const RELU: u32 = 1
/** x, at least the first value, at most the second */
const CLIP: u32 = 2
/** x * clip(x + first, second, third) / fourth */
const HARD_SWISH: u32 = 3
/** clip(x * first + second, 0, 1) */
const HARD_SIGMOID: u32 = 4
/** x * first where x is below zero */
const LEAKY_RELU: u32 = 5

/** Whether there is anything to do. */
export function finishes(f: usize): bool {
  return (load<u32>(f) | load<u32>(f, 4) | load<u32>(f, 8) | load<u32>(f, 12) | load<u32>(f, 16) | load<u32>(f, 20) | load<u32>(f, 28)) != 0
}

// @ts-ignore: decorator
@inline
function valueOf(address: u32, channel: u32, byChannel: u32, otherwise: f32): f32 {
  if (address == 0) return otherwise
  return load<f32>(byChannel != 0 ? address + (channel << 2) : address)
}

/** Finishes `n` values of a channel at `c`; `offset` is their place in the output, in bytes. */
export function finishRow(f: usize, c: usize, n: u32, channel: u32, offset: usize): void {
  const bits = load<u32>(f, 24)
  const bias = v128.splat<f32>(valueOf(load<u32>(f), channel, 1, -0.0))
  const scale = v128.splat<f32>(valueOf(load<u32>(f, 4), channel, bits & 1, 1))
  const shift = v128.splat<f32>(valueOf(load<u32>(f, 8), channel, bits & 2, -0.0))
  const scale2 = v128.splat<f32>(valueOf(load<u32>(f, 12), channel, bits & 4, 1))
  const shift2 = v128.splat<f32>(valueOf(load<u32>(f, 16), channel, bits & 8, -0.0))
  const p0 = v128.load32_splat(f, 32)
  const p1 = v128.load32_splat(f, 36)
  const p2 = v128.load32_splat(f, 40)
  const p3 = v128.load32_splat(f, 44)
  const added = load<u32>(f, 20)
  const kind = load<u32>(f, 28)
  const one = v128.splat<f32>(1)
  const zero = v128.splat<f32>(0)
  const whole = c + ((n & ~3) << 2)
  const end = c + (n << 2)
  let residual: usize = added + offset
  for (let at = c; at < end; at += 16) {
    let x = f32x4.add(f32x4.mul(f32x4.add(v128.load(at), bias), scale), shift)
    if (kind != 0) {
      if (kind == HARD_SWISH) x = f32x4.div(f32x4.mul(x, f32x4.min(f32x4.max(f32x4.add(x, p0), p1), p2)), p3)
      else if (kind == RELU) x = f32x4.max(zero, x)
      else if (kind == CLIP) x = f32x4.min(f32x4.max(x, p0), p1)
      else if (kind == HARD_SIGMOID) x = f32x4.max(f32x4.min(f32x4.add(f32x4.mul(x, p0), p1), one), zero)
      else if (kind == LEAKY_RELU) x = v128.bitselect(x, f32x4.mul(x, p0), f32x4.ge(x, zero))
    }
    x = f32x4.add(f32x4.mul(x, scale2), shift2)
    if (added != 0) {
      x = f32x4.add(x, v128.load(residual))
      residual += 16
    }
    if (at < whole) v128.store(at, x)
    else {
      const low = n & 3
      if (low & 2) v128.store64_lane(at, x, 0)
      if (low == 1) v128.store32_lane(at, x, 0)
      if (low == 3) v128.store32_lane(at, x, 2, 8)
    }
  }
}
