/** NaN canonicalisation: payload and sign of a NaN differ between engines, so they are fixed before anything is hashed (FORMATS, Trust). */
import type { Tensor } from '../core/index.ts'

const NAN32 = 0x7fc0_0000
const NAN64 = 0x7ff8_0000_0000_0000n

/** Index of the first NaN, or the length. A pass that only reads is three times as fast as one that may write, and NaNs are rare. */
function firstNaN(values: Float32Array | Float64Array): number {
  const { length } = values
  let i = 0
  while (i < length && !Number.isNaN(values[i])) i++
  return i
}

/** Rewrites every NaN of an f32 or f64 tensor to the positive canonical NaN, in place. `data` must be aligned to its elements. */
export function canonicaliseNaNs(tensor: Tensor): void {
  const { data } = tensor
  if (tensor.dtype === 'f32') {
    const values = new Float32Array(data.buffer, data.byteOffset, data.length / 4)
    const bits = new Uint32Array(data.buffer, data.byteOffset, data.length / 4)
    for (let i = firstNaN(values); i < values.length; i++) if (Number.isNaN(values[i])) bits[i] = NAN32
  } else if (tensor.dtype === 'f64') {
    const values = new Float64Array(data.buffer, data.byteOffset, data.length / 8)
    const bits = new BigUint64Array(data.buffer, data.byteOffset, data.length / 8)
    for (let i = firstNaN(values); i < values.length; i++) if (Number.isNaN(values[i])) bits[i] = NAN64
  }
}
