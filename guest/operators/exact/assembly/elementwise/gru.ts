import { BAD_VALUE, DONE } from '../status'
import { RELU, TANH, activation, clipped, clippedSum, lengthsFit, put, start } from './gates'
import { tanhQuotient } from './poly'
import { lengthOf, rowTimes, timeOf } from './recurrent'

/**
 * Steps of a GRU (ONNX: gates z, r, h). Operands: products of x and W [direction, steps, batch, 3 hidden] (is overwritten), R transposed [direction, hidden,
 * 3 hidden], biases (0), lengths s32 (0), first h (0), Y (0), last h, a temporary of 2 hidden f32. Parameters: directions, 1 where the first direction goes
 * backwards, steps, batch, hidden, elements of one sum for z and r, for h, activations f and g (as in gates), clip (f32), 1 where R is applied before the reset.
 */
export const GRU_F32: i32 = 303

export function gruF32(p: usize): i32 {
  const directions = load<u32>(p, 32)
  const reverse = load<u32>(p, 36) != 0
  const steps = load<u32>(p, 40)
  const batch = load<u32>(p, 44)
  if (!lengthsFit(load<u32>(p, 12), batch, steps)) return BAD_VALUE
  for (let d: u32 = 0; d < directions; d++) for (let b: u32 = 0; b < batch; b++) sequence(p, d, d == 1 || reverse, b)
  return DONE
}

/** The reset gate has a clip and a quotient of its own. */
function reset(kind: i32, x: v128): v128 {
  if (kind == RELU) return f32x4.pmax(f32x4.splat(0), x)
  if (kind == TANH) return tanhQuotient(clipped(x, f32x4.splat(10)))
  const half = f32x4.mul(f32x4.splat(0.5), clipped(x, f32x4.splat(20)))
  return f32x4.mul(f32x4.splat(0.5), f32x4.add(f32x4.splat(1), tanhQuotient(half)))
}

/** (1 - z) times the new state. */
function fresh(kind: i32, x: v128, z: v128): v128 {
  const rest = f32x4.sub(f32x4.splat(1), z)
  if (kind == RELU) return f32x4.mul(rest, f32x4.pmax(f32x4.splat(0), x))
  if (kind == TANH) return f32x4.mul(rest, tanhQuotient(clipped(x, f32x4.splat(10))))
  const half = f32x4.mul(f32x4.splat(0.5), clipped(x, f32x4.splat(20)))
  return f32x4.mul(f32x4.mul(rest, f32x4.splat(0.5)), f32x4.add(f32x4.splat(1), tanhQuotient(half)))
}

/** One sequence in one direction: it hangs on no other. */
function sequence(p: usize, d: u32, backwards: bool, b: u32): void {
  const directions = load<u32>(p, 32)
  const steps = load<u32>(p, 40)
  const batch = load<u32>(p, 44)
  const hidden = load<u32>(p, 48)
  const blockZR = load<u32>(p, 52)
  const blockH = load<u32>(p, 56)
  const f = load<i32>(p, 60)
  const g = load<i32>(p, 64)
  const clip = v128.load32_splat(p, 68)
  const linear = load<u32>(p, 72) != 0
  const size: usize = hidden << 2
  const length = lengthOf(load<u32>(p, 12), b, steps)
  const bias: usize = load<u32>(p, 8) == 0 ? 0 : load<u32>(p, 8) + 6 * d * size
  const recurrent = load<u32>(p, 4) + d * hidden * 3 * size
  const state: usize = (d * batch + b) * size
  const y: usize = load<u32>(p, 20)
  const h = load<u32>(p, 24) + state
  const current: usize = load<u32>(p, 28)
  const product = current + size
  start(h, load<u32>(p, 16), state, size)
  for (let step: u32 = 0; step < length; step++) {
    const time = timeOf(step, length, backwards)
    const gates = load<u32>(p) + ((d * steps + time) * batch + b) * 3 * size
    rowTimes(h, recurrent, gates, 3 * hidden, hidden, blockZR, 0, 2 * hidden, true)
    if (linear) {
      if (bias != 0) memory.copy(product, bias + 5 * size, size)
      rowTimes(h, recurrent, product - 2 * size, 3 * hidden, hidden, blockH, 2 * hidden, 3 * hidden, bias != 0)
    }
    for (let i: usize = 0; i < size; i += 16) {
      const x = v128.load(gates + size + i)
      const r = reset(
        f,
        bias == 0 ? clipped(x, clip) : clippedSum(x, f32x4.add(v128.load(bias + size + i), v128.load(bias + 4 * size + i)), clip),
      )
      put(current + i, f32x4.mul(v128.load((linear ? product : h) + i), r), size - i)
    }
    if (linear)
      for (let i: usize = 0; i < size; i += 16)
        put(gates + 2 * size + i, f32x4.add(v128.load(gates + 2 * size + i), v128.load(current + i)), size - i)
    else rowTimes(current, recurrent, gates, 3 * hidden, hidden, blockH, 2 * hidden, 3 * hidden, true)
    for (let i: usize = 0; i < size; i += 16) {
      let z = v128.load(gates + i)
      let x = v128.load(gates + 2 * size + i)
      if (bias == 0) {
        z = clipped(z, clip)
        x = clipped(x, clip)
      } else {
        z = clippedSum(z, f32x4.add(v128.load(bias + i), v128.load(bias + 3 * size + i)), clip)
        const own = v128.load(bias + 2 * size + i)
        x = clippedSum(x, linear ? own : f32x4.add(own, v128.load(bias + 5 * size + i)), clip)
      }
      z = activation(f, z)
      put(h + i, f32x4.add(fresh(g, x, z), f32x4.mul(z, v128.load(h + i))), size - i)
    }
    if (y != 0) memory.copy(y + ((time * directions + d) * batch + b) * size, h, size)
  }
  if (length == 0) memory.fill(h, 0, size)
  if (y != 0) for (let step = length; step < steps; step++) memory.fill(y + ((step * directions + d) * batch + b) * size, 0, size)
}
