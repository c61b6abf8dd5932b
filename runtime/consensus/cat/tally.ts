/** Bit fields over a validator set. */
import type { Validator } from '../../core/index.ts'

export const emptyBits = (size: number): Uint8Array => new Uint8Array(Math.ceil(size / 8))

export const hasBit = (bits: Uint8Array, i: number): boolean => (((bits[i >> 3] ?? 0) >> (i & 7)) & 1) === 1

/** The field with one more bit. */
export function withBit(bits: Uint8Array, i: number): Uint8Array {
  const out = bits.slice()
  out[i >> 3] = (out[i >> 3] ?? 0) | (1 << (i & 7))
  return out
}

export const eitherBits = (a: Uint8Array, b: Uint8Array): Uint8Array => a.map((x, i) => x | (b[i] ?? 0))

export const overlap = (a: Uint8Array, b: Uint8Array): boolean => a.some((x, i) => (x & (b[i] ?? 0)) !== 0)

/** Power of the members whose bits are set. */
export function powerIn(bits: Uint8Array, set: readonly Validator[]): number {
  return set.reduce((sum, v, i) => (hasBit(bits, i) ? sum + v.power : sum), 0)
}
