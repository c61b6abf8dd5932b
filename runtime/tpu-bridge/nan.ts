/** NaN canonicalisation: payload and sign of a NaN differ between engines, so they are fixed before anything is hashed (FORMATS, Trust). */
import type { Tensor } from '../core/index.ts'

const NAN32 = 0x7fc0_0000
const INF32 = 0x7f80_0000
const MAGNITUDE32 = 0x7fff_ffff
const NAN64 = 0x7ff8_0000_0000_0000n

/** Whether there is a NaN among the bits of f32 values: all ones in the exponent, and more. By integers, four at once: a pass that only reads costs a tenth of one that may write. */
function anyNaN32(bits: Int32Array): boolean {
  let signs = 0
  let i = 0
  for (const whole = bits.length & ~3; i < whole; i += 4)
    signs |=
      (INF32 - ((bits[i] as number) & MAGNITUDE32)) |
      (INF32 - ((bits[i + 1] as number) & MAGNITUDE32)) |
      (INF32 - ((bits[i + 2] as number) & MAGNITUDE32)) |
      (INF32 - ((bits[i + 3] as number) & MAGNITUDE32))
  for (; i < bits.length; i++) signs |= INF32 - ((bits[i] as number) & MAGNITUDE32)
  return signs < 0
}

/** Rewrites every NaN of an f32 or f64 tensor to the positive canonical NaN, in place. `data` must be aligned to its elements. */
export function canonicaliseNaNs(tensor: Tensor): void {
  const { data } = tensor
  if (tensor.dtype === 'f32') {
    const bits = new Int32Array(data.buffer, data.byteOffset, data.length / 4)
    if (!anyNaN32(bits)) return
    for (let i = 0; i < bits.length; i++) if (((bits[i] as number) & MAGNITUDE32) > INF32) bits[i] = NAN32
  } else if (tensor.dtype === 'f64') {
    const values = new Float64Array(data.buffer, data.byteOffset, data.length / 8)
    const bits = new BigUint64Array(data.buffer, data.byteOffset, data.length / 8)
    for (let i = 0; i < values.length; i++) if (Number.isNaN(values[i])) bits[i] = NAN64
  }
}
