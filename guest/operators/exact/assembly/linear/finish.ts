/**
 * What follows a convolution before its values leave the cache: bias, then an activation, as MLAS does it (onnxruntime 1.30, mlas/lib/activate.cpp): four values at
 * once, and the last n % 4 of a plane one by one, where NaNs and zeros are compared otherwise.
 *
 * A finish is a piece of a kernel's record: 0 address of the bias, by channel, or 0; 4 activation; 8, 12 its two f32.
 */
export const FINISH_BYTES: usize = 16

const NONE: u32 = 0
/** max(0, x) */
const RELU: u32 = 1
/** x, at least the first value, at most the second */
const CLIP: u32 = 2
/** clip(x * first + second, 0, 1) */
const HARD_SIGMOID: u32 = 3
/** x * first where x is below zero */
const LEAKY_RELU: u32 = 4
/** x * clip(x * first + second, 0, 1) */
const HARD_SWISH: u32 = 5

/** Whether there is anything to do. */
export function finishes(f: usize): bool {
  return (load<u32>(f) | load<u32>(f, 4)) != 0
}

function single(kind: u32, x: f32, first: f32, second: f32): f32 {
  if (kind == RELU) return <f32>0 < x ? x : <f32>0
  if (kind == LEAKY_RELU) return x >= 0 ? x : x * first
  if (kind == CLIP) {
    const least = x < first ? first : x
    return second < least ? second : least
  }
  if (kind == HARD_SIGMOID || kind == HARD_SWISH) {
    const y = x * first + second
    const most = <f32>1 < y ? <f32>1 : y
    const least = most < <f32>0 ? <f32>0 : most
    return kind == HARD_SWISH ? least * x : least
  }
  return x
}

// @ts-ignore: decorator
@inline
function hardSwish(x: v128, first: v128, second: v128): v128 {
  const clipped = f32x4.max(v128.splat<f32>(0), f32x4.min(v128.splat<f32>(1), f32x4.add(f32x4.mul(x, first), second)))
  return f32x4.mul(clipped, x)
}

/** Finishes `n` values of a channel at `c`, of which the last `singles` (0 to 3) are the last of their plane. */
export function finishRow(f: usize, c: usize, n: u32, singles: u32, channel: u32): void {
  const bias = v128.splat<f32>(load<u32>(f) == 0 ? -0.0 : load<f32>(load<u32>(f) + (channel << 2)))
  const kind = load<u32>(f, 4)
  const first = v128.load32_splat(f, 8)
  const second = v128.load32_splat(f, 12)
  const zero = v128.splat<f32>(0)
  const end = c + ((n - singles) << 2)
  const whole = c + (((n - singles) & ~3) << 2)
  let at = c
  if (kind == NONE) for (; at < whole; at += 16) v128.store(at, f32x4.add(v128.load(at), bias))
  else if (kind == RELU) for (; at < whole; at += 16) v128.store(at, f32x4.max(zero, f32x4.add(v128.load(at), bias)))
  else if (kind == CLIP) for (; at < whole; at += 16) v128.store(at, f32x4.min(second, f32x4.max(first, f32x4.add(v128.load(at), bias))))
  else if (kind == HARD_SWISH)
    for (; at < whole; at += 16) v128.store(at, hardSwish(f32x4.add(v128.load(at), bias), first, second))
  for (; at < end; at += 16) {
    let x = f32x4.add(v128.load(at), bias)
    if (kind == RELU) x = f32x4.max(zero, x)
    else if (kind == CLIP) x = f32x4.min(second, f32x4.max(first, x))
    else if (kind == HARD_SIGMOID) x = f32x4.max(zero, f32x4.min(v128.splat<f32>(1), f32x4.add(f32x4.mul(x, first), second)))
    else if (kind == HARD_SWISH) x = hardSwish(x, first, second)
    else if (kind == LEAKY_RELU) x = v128.bitselect(x, f32x4.mul(x, first), f32x4.ge(x, zero))
    const left = (end - at) >> 2
    if (left >= 4) v128.store(at, x)
    else {
      if (left & 2) v128.store64_lane(at, x, 0)
      if (left == 1) v128.store32_lane(at, x, 0)
      if (left == 3) v128.store32_lane(at, x, 2, 8)
    }
  }
  for (at = end; at < end + (singles << 2); at += 4) {
    store<f32>(at, single(kind, load<f32>(at) + f32x4.extract_lane(bias, 0), load<f32>(f, 8), load<f32>(f, 12)))
  }
}
