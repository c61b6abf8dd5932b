/** States of float values (nan.ts), and which instruction asks for which and gives which. */
import { FC, FD, type NanFix } from '../../wasm/index.ts'
import { TYPE } from '../code/index.ts'

export const EXACT = 1
export const AS32 = 2
export const AS64 = 4
export const ALL = EXACT | AS32 | AS64

export const fixOf = (type: number, state: number): NanFix =>
  type === TYPE.f32 ? 'f32' : type === TYPE.f64 ? 'f64' : (state & AS32) !== 0 ? 'f32x4' : 'f64x2'
export const LANES: Readonly<Record<NanFix, number>> = { f32: AS32, f32x4: AS32, f64: AS64, f64x2: AS64 }

/** Numeric instructions whose result does not depend on which NaN they are given: comparisons, truncations. By first and last opcode, lanes. */
const BLIND: readonly (readonly [number, number, number])[] = [
  [0x5b, 0x60, AS32],
  [0xa8, 0xa9, AS32],
  [0xae, 0xaf, AS32],
  [FC, FC + 1, AS32],
  [FC + 4, FC + 5, AS32],
  [FD + 65, FD + 70, AS32],
  [FD + 248, FD + 249, AS32],
  [0x61, 0x66, AS64],
  [0xaa, 0xab, AS64],
  [0xb0, 0xb1, AS64],
  [FC + 2, FC + 3, AS64],
  [FC + 6, FC + 7, AS64],
  [FD + 71, FD + 76, AS64],
  [FD + 252, FD + 253, AS64],
]

export const BLIND_LANES = new Uint8Array(0x1_0000)
for (const [first, last, lanes] of BLIND) BLIND_LANES.fill(lanes, first, last + 1)

/** Splat, extract and replace of float lanes, and the choices pmin and pmax, whose comparison does not depend on which NaN it is given: [opcode, operands, lanes]. The bits go through as they are. */
export const LANE_MOVES: ReadonlyMap<number, readonly [number, number]> = new Map([
  [FD + 19, [1, AS32]],
  [FD + 20, [1, AS64]],
  [FD + 31, [1, AS32]],
  [FD + 32, [2, AS32]],
  [FD + 33, [1, AS64]],
  [FD + 34, [2, AS64]],
  [FD + 234, [2, AS32]],
  [FD + 235, [2, AS32]],
  [FD + 246, [2, AS64]],
  [FD + 247, [2, AS64]],
])

/** Instructions whose result is no NaN that the oracle would change: conversions from integers; abs, which gives a canonical NaN for one. */
export const CONVERSIONS: ReadonlyMap<number, number> = new Map([
  ...[0xb2, 0xb3, 0xb4, 0xb5, FD + 250, FD + 251].map((code) => [code, AS32] as const),
  ...[0xb7, 0xb8, 0xb9, 0xba, FD + 254, FD + 255].map((code) => [code, AS64] as const),
])
export const ABS: ReadonlyMap<number, number> = new Map([
  [0x8b, AS32],
  [FD + 224, AS32],
  [0x99, AS64],
  [FD + 236, AS64],
])

/** What holds for constant bits: a NaN that is not the positive canonical one is EXACT only. */
export function constantState(bytes: Uint8Array, at: number, length: number): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, length)
  let state = ALL
  for (let i = 0; i + 4 <= length; i += 4) {
    const bits = view.getUint32(i, true)
    if ((bits & 0x7fff_ffff) > 0x7f80_0000 && bits !== 0x7fc0_0000) state &= ~AS32
  }
  for (let i = 0; i + 8 <= length; i += 8) {
    const high = view.getUint32(i + 4, true)
    const low = view.getUint32(i, true)
    const magnitude = high & 0x7fff_ffff
    const nan = magnitude > 0x7ff0_0000 || (magnitude === 0x7ff0_0000 && low !== 0)
    if (nan && !(high === 0x7ff8_0000 && low === 0)) state &= ~AS64
  }
  return state
}
