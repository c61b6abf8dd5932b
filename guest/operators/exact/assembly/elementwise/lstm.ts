import { BAD_VALUE, DONE } from '../status'
import { activation, clipped, clippedSum, lengthsFit, put, start } from './gates'
import { lengthOf, rowTimes, timeOf } from './recurrent'

/**
 * Steps of an LSTM (ONNX: gates i, o, f, c). Operands: products of x and W [direction, steps, batch, 4 hidden] (is overwritten), R transposed [direction, hidden,
 * 4 hidden], biases (0), lengths s32 (0), first h (0), first c (0), peepholes (0), Y (0), last h, last c. Parameters: directions,
 * 1 where the first direction goes backwards, steps, batch, hidden, elements of one sum, activations f, g and h (0 logistic, 1 tanh, 2 relu), clip (f32), 1 where
 * the forget gate is 1 - i.
 */
export const LSTM_F32: i32 = 302

@inline
function gate(x: v128, bias: usize, i: usize, size: usize, clip: v128): v128 {
  if (bias == 0) return clipped(x, clip)
  return clippedSum(x, f32x4.add(v128.load(bias + i), v128.load(bias + 4 * size + i)), clip)
}

export function lstmF32(p: usize): i32 {
  const directions = load<u32>(p, 40)
  const reverse = load<u32>(p, 44) != 0
  const steps = load<u32>(p, 48)
  const batch = load<u32>(p, 52)
  const hidden = load<u32>(p, 56)
  const lengths: usize = load<u32>(p, 12)
  if (!lengthsFit(lengths, batch, steps)) return BAD_VALUE
  for (let d: u32 = 0; d < directions; d++)
    for (let b: u32 = 0; b < batch; b++) sequence(p, d, d == 1 || reverse, b, steps, batch, hidden)
  return DONE
}

/** One sequence in one direction: it hangs on no other. */
function sequence(p: usize, d: u32, backwards: bool, b: u32, steps: u32, batch: u32, hidden: u32): void {
  const size: usize = hidden << 2
  const length = lengthOf(load<u32>(p, 12), b, steps)
  const bias: usize = load<u32>(p, 8) == 0 ? 0 : load<u32>(p, 8) + 8 * d * size
  const peep: usize = load<u32>(p, 24) == 0 ? 0 : load<u32>(p, 24) + 3 * d * size
  const recurrent = load<u32>(p, 4) + d * hidden * 4 * size
  const state: usize = (d * batch + b) * size
  const y: usize = load<u32>(p, 28)
  const lastH = load<u32>(p, 32) + state
  const c = load<u32>(p, 36) + state
  const block = load<u32>(p, 60)
  const f = load<i32>(p, 64)
  const g = load<i32>(p, 68)
  const h = load<i32>(p, 72)
  const clip = v128.load32_splat(p, 76)
  const coupled = load<u32>(p, 80) != 0
  start(lastH, load<u32>(p, 16), state, size)
  start(c, load<u32>(p, 20), state, size)
  for (let step: u32 = 0; step < length; step++) {
    const time = timeOf(step, length, backwards)
    const gates = load<u32>(p) + ((d * steps + time) * batch + b) * 4 * size
    rowTimes(lastH, recurrent, gates, 4 * hidden, hidden, block, 0, 4 * hidden, true)
    for (let i: usize = 0; i < size; i += 16) {
      const old = v128.load(c + i)
      let xi = v128.load(gates + i)
      let xf = v128.load(gates + 2 * size + i)
      if (peep != 0) {
        xi = f32x4.add(xi, f32x4.mul(old, v128.load(peep + i)))
        xf = f32x4.add(xf, f32x4.mul(old, v128.load(peep + 2 * size + i)))
      }
      const gi = activation(f, gate(xi, bias, i, size, clip))
      const gf = coupled ? f32x4.sub(f32x4.splat(1), gi) : activation(f, gate(xf, bias == 0 ? 0 : bias + 2 * size, i, size, clip))
      const gc = activation(g, gate(v128.load(gates + 3 * size + i), bias == 0 ? 0 : bias + 3 * size, i, size, clip))
      const cell = f32x4.add(f32x4.mul(old, gf), f32x4.mul(gi, gc))
      let xo = v128.load(gates + size + i)
      if (peep != 0) xo = f32x4.add(xo, f32x4.mul(cell, v128.load(peep + size + i)))
      const go = activation(f, gate(xo, bias == 0 ? 0 : bias + size, i, size, clip))
      const out = f32x4.mul(activation(h, cell), go)
      put(c + i, cell, size - i)
      put(lastH + i, out, size - i)
    }
    if (y != 0) memory.copy(y + ((time * load<u32>(p, 40) + d) * batch + b) * size, lastH, size)
  }
  if (length == 0) {
    memory.fill(lastH, 0, size)
    memory.fill(c, 0, size)
  }
  if (y != 0) for (let step = length; step < steps; step++) memory.fill(y + ((step * load<u32>(p, 40) + d) * batch + b) * size, 0, size)
}
