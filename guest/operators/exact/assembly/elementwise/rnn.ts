import { DONE } from '../status'
import { start } from './gates'
import { rowTimes } from './recurrent'

function logistic(x: f32): f32 {
  if (x >= 0) return <f32>1 / (<f32>1 + Mathf.exp(-x))
  const e = Mathf.exp(x)
  return e / (<f32>1 + e)
}

/** onnxruntime's RNN, unlike its LSTM, takes the logistic function of twice x. */
function tanh(x: f32): f32 {
  return <f32>2 * logistic(<f32>2 * x) - <f32>1
}

/**
 * Steps of an RNN. Operands: x, W transposed [direction, inputs, hidden], R transposed [direction, hidden, hidden], biases (0), first h (0), Y, last h, a
 * temporary of 1 hidden f32. Parameters: directions, 1 where the first direction goes backwards, steps, batch, inputs, hidden, elements of one sum with W, with
 * R, 1 for Relu instead of Tanh, clip (f32; below zero none).
 */
export const RNN_F32: i32 = 304

export function rnnF32(p: usize): i32 {
  const directions = load<u32>(p, 32)
  const reverse = load<u32>(p, 36) != 0
  const steps = load<u32>(p, 40)
  const batch = load<u32>(p, 44)
  const inputs = load<u32>(p, 48)
  const hidden = load<u32>(p, 52)
  const relu = load<u32>(p, 64) != 0
  const clip = load<f32>(p, 68)
  const size: usize = hidden << 2
  const sum: usize = load<u32>(p, 28)
  for (let d: u32 = 0; d < directions; d++)
    for (let b: u32 = 0; b < batch; b++) {
      const state: usize = (d * batch + b) * size
      const h = load<u32>(p, 24) + state
      const bias: usize = load<u32>(p, 12) == 0 ? 0 : load<u32>(p, 12) + 2 * d * size
      start(h, load<u32>(p, 16), state, size)
      for (let step: u32 = 0; step < steps; step++) {
        const time = d == 1 || reverse ? steps - 1 - step : step
        const y = load<u32>(p, 20) + ((time * directions + d) * batch + b) * size
        // with the bias first, then x times W on top of it
        for (let i: usize = 0; i < size; i += 4) store<f32>(sum + i, bias == 0 ? 0 : load<f32>(bias + i) + load<f32>(bias + size + i))
        const x = load<u32>(p) + (((time * batch + b) * inputs) << 2)
        rowTimes(x, load<u32>(p, 4) + d * inputs * size, sum, hidden, inputs, load<u32>(p, 56), 0, hidden, true)
        rowTimes(h, load<u32>(p, 8) + d * hidden * size, y, hidden, hidden, load<u32>(p, 60), 0, hidden, false)
        for (let i: usize = 0; i < size; i += 4) {
          let v = load<f32>(y + i) + load<f32>(sum + i)
          if (clip >= 0) {
            v = clip < v ? clip : v
            v = v < -clip ? -clip : v
          }
          store<f32>(y + i, relu ? (0 < v ? v : 0) : tanh(v))
        }
        memory.copy(h, y, size)
      }
    }
  return DONE
}
