import { storeSome } from './binary'
import { logistic, tanh } from './poly'

/** Activations of gates. */
const LOGISTIC: i32 = 0
export const TANH: i32 = 1
export const RELU: i32 = 2

export function activation(kind: i32, x: v128): v128 {
  if (kind == LOGISTIC) return logistic(x)
  if (kind == TANH) return tanh(x)
  return f32x4.max(f32x4.splat(0), x)
}

/** x within -clip and clip; what cannot be compared stays. */
@inline
export function clipped(x: v128, clip: v128): v128 {
  return f32x4.pmax(f32x4.pmin(x, clip), f32x4.neg(clip))
}

/** The same of x + bias, in the order of C's min and max: what cannot be compared becomes the clip. */
@inline
export function clippedSum(x: v128, bias: v128, clip: v128): v128 {
  return f32x4.pmax(f32x4.neg(clip), f32x4.pmin(clip, f32x4.add(x, bias)))
}

/** Writes what is left of a row, at most four. */
@inline
export function put(at: usize, v: v128, left: usize): void {
  if (left >= 16) v128.store(at, v)
  else storeSome(at, v, left)
}

/** A first state, zero where none is given. */
export function start(at: usize, from: usize, offset: usize, size: usize): void {
  if (from == 0) memory.fill(at, 0, size)
  else memory.copy(at, from + offset, size)
}

/** Whether each length is one that a sequence can have. */
export function lengthsFit(lengths: usize, batch: u32, steps: u32): bool {
  if (lengths == 0) return true
  for (let b: u32 = 0; b < batch; b++) if (load<u32>(lengths + (b << 2)) > steps) return false
  return true
}
