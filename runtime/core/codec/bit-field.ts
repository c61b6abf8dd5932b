/** Bit fields over a list of members: bit i (least significant first) is member i. */

/** No member of `size`, in as few bytes as hold them. */
export const emptyBits = (size: number): Uint8Array => new Uint8Array(Math.ceil(size / 8))

/** False beyond the field's end. */
export const hasBit = (bits: Uint8Array, i: number): boolean => (((bits[i >> 3] ?? 0) >> (i & 7)) & 1) === 1

/** The field over `size` members with the bits of these. */
export function bitsOf(places: Iterable<number>, size: number): Uint8Array {
  const bits = emptyBits(size)
  for (const i of places) bits[i >> 3] = (bits[i >> 3] ?? 0) | (1 << (i & 7))
  return bits
}

/** Members of one or the other, in as many bytes as `a` has. */
export const eitherBits = (a: Uint8Array, b: Uint8Array): Uint8Array => a.map((x, i) => x | (b[i] ?? 0))

/** Whether one member is in both. */
export const shareBits = (a: Uint8Array, b: Uint8Array): boolean => a.some((x, i) => (x & (b[i] ?? 0)) !== 0)

/** Members whose bits are set; undefined where the field has another length than theirs, or bits beyond them. */
export function membersOf<T>(bits: Uint8Array, members: readonly T[]): T[] | undefined {
  if (bits.length !== Math.ceil(members.length / 8)) return undefined
  for (let i = members.length; i < bits.length * 8; i++) if (hasBit(bits, i)) return undefined
  return members.filter((_, i) => hasBit(bits, i))
}
