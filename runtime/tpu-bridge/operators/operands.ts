/** Short names for what steps work on. */
import type { Operand } from './lowering.ts'

export const input = (index: number): Operand => ({ of: 'input', index })
export const output = (index: number): Operand => ({ of: 'output', index })
export const temp = (index: number): Operand => ({ of: 'temp', index })

const word = new DataView(new ArrayBuffer(4))

/** The i32 that has the bits of an f32. */
export function floatBits(value: number): number {
  word.setFloat32(0, value, true)
  return word.getInt32(0, true)
}
