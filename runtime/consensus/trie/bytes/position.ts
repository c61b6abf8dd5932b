/** Positions where they lie: 32 bytes in a larger array, bit 0 the most significant of the first byte. */

/** Length of a position. */
export const POSITION_BYTES = 32

/** Bit `depth` of the position at `at`. */
export function bitIn(bytes: Uint8Array, at: number, depth: number): number {
  return ((bytes[at + (depth >> 3)] as number) >> (7 - (depth & 7))) & 1
}

/** The four bits of a position that are a path through the branch `page` branches below the root. */
export function nibbleIn(bytes: Uint8Array, at: number, page: number): number {
  const byte = bytes[at + (page >> 1)] as number
  return (page & 1) === 0 ? byte >> 4 : byte & 15
}

/** How many bits two positions share from the first on: 256 when they are one. */
export function sharedBits(a: Uint8Array, aAt: number, b: Uint8Array, bAt: number): number {
  for (let i = 0; i < POSITION_BYTES; i++) {
    const differs = (a[aAt + i] as number) ^ (b[bAt + i] as number)
    if (differs !== 0) return i * 8 + Math.clz32(differs) - 24
  }
  return 256
}

/** Order of two positions that share their first `from` bytes. */
export function comparePositions(a: Uint8Array, aAt: number, b: Uint8Array, bAt: number, from: number): number {
  for (let i = from; i < POSITION_BYTES; i++) {
    const d = (a[aAt + i] as number) - (b[bAt + i] as number)
    if (d !== 0) return d
  }
  return 0
}

/** True where 32 bytes are the same: positions or hashes. */
export function same32(a: Uint8Array, aAt: number, b: Uint8Array, bAt: number): boolean {
  for (let i = 0; i < 32; i++) if (a[aAt + i] !== b[bAt + i]) return false
  return true
}
