/** Floats to integers of eight bits by a scale and a zero point, and back. */
import { DONE } from '../status'
import { shareFrom, shareTo } from '../share'

export const QUANTIZE: i32 = 140
export const DEQUANTIZE: i32 = 141
export const QUANTIZATION: i32 = 142

/** Rounds to even, then clamps, as MLAS: the zero point is added as a float. */
function quantized(x: f32, scale: f32, zero: i32, signed: bool): i32 {
  const least: f32 = signed ? -128 : 0
  const most: f32 = signed ? 127 : 255
  const value = nearest<f32>(x / scale) + <f32>zero
  return <i32>(value > least ? (value < most ? value : most) : least)
}

/**
 * Operands: x, scales, zero points or none, out. Parameters: outer, scales, inner (values of one scale lie side by side), signed. Of QUANTIZE x is f32 and out of 8 bits.
 */
export function quantize(p: usize, part: i32, parts: i32): i32 {
  const x = load<u32>(p)
  const scales = load<u32>(p, 4)
  const zeros = load<u32>(p, 8)
  const out = load<u32>(p, 12)
  const many = load<u32>(p, 20)
  const inner = load<u32>(p, 24)
  const signed = load<u32>(p, 28) != 0
  const slices = load<u32>(p, 16) * many
  const to = shareTo(slices, 1, part, parts)
  for (let i = shareFrom(slices, 1, part, parts); i < to; i++) {
    const scale = load<f32>(scales + ((i % many) << 2))
    const at = zeros + (i % many)
    const zero = zeros == 0 ? 0 : signed ? <i32>load<i8>(at) : <i32>load<u8>(at)
    for (let j = i * inner; j < (i + 1) * inner; j++) store<u8>(out + j, <u8>quantized(load<f32>(x + (j << 2)), scale, zero, signed))
  }
  return DONE
}

/** The same with x of 8 bits, or of 32 where `bytes` (behind `signed`) is 4, and out f32. */
export function dequantize(p: usize, part: i32, parts: i32): i32 {
  const x = load<u32>(p)
  const scales = load<u32>(p, 4)
  const zeros = load<u32>(p, 8)
  const out = load<u32>(p, 12)
  const many = load<u32>(p, 20)
  const inner = load<u32>(p, 24)
  const signed = load<u32>(p, 28) != 0
  const wide = load<u32>(p, 32) == 4
  const slices = load<u32>(p, 16) * many
  const to = shareTo(slices, 1, part, parts)
  for (let i = shareFrom(slices, 1, part, parts); i < to; i++) {
    const scale = load<f32>(scales + ((i % many) << 2))
    const index = i % many
    const zero = zeros == 0 ? 0 : wide ? load<i32>(zeros + (index << 2)) : signed ? <i32>load<i8>(zeros + index) : <i32>load<u8>(zeros + index)
    for (let j = i * inner; j < (i + 1) * inner; j++) {
      const value = wide ? load<i32>(x + (j << 2)) : signed ? <i32>load<i8>(x + j) : <i32>load<u8>(x + j)
      store<f32>(out + (j << 2), <f32>(value - zero) * scale)
    }
  }
  return DONE
}

/** Scale and zero point of u8 that hold all of x, and zero (ONNX, DynamicQuantizeLinear). Operands: x, scale, zero point. Parameters: values. */
export function quantization(p: usize): i32 {
  const x = load<u32>(p)
  const n = load<u32>(p, 12)
  let least: f32 = 0
  let most: f32 = 0
  for (let at = x; at < x + (n << 2); at += 4) {
    const v = load<f32>(at)
    if (v < least) least = v
    if (v > most) most = v
  }
  const scale: f32 = most == least ? 1 : (most - least) / <f32>255
  const zero: f32 = <f32>0 - least / scale
  store<f32>(load<u32>(p, 4), scale)
  store<u8>(load<u32>(p, 8), <u8><i32>nearest<f32>(zero > 0 ? (zero < 255 ? zero : 255) : 0))
  return DONE
}
