/** Heights in the bytes of rows and keys. */

/** Bytes of a height. */
export const VERSION_BYTES = 6

/** Writes a height, big-endian. */
export function writeVersion(out: Uint8Array, at: number, version: number): void {
  const high = Math.floor(version / 0x1_0000_0000)
  out[at] = high >> 8
  out[at + 1] = high
  out[at + 2] = version >>> 24
  out[at + 3] = version >>> 16
  out[at + 4] = version >>> 8
  out[at + 5] = version
}

/** Six bytes, big-endian: the form of a height in the keys of rows, so that they sort by height. */
export function heightBytes(height: number): Uint8Array {
  const out = new Uint8Array(VERSION_BYTES)
  writeVersion(out, 0, height)
  return out
}

/** The height of its six bytes. */
export function bytesHeight(bytes: Uint8Array, at = 0): number {
  let n = 0
  for (let i = 0; i < VERSION_BYTES; i++) n = n * 256 + (bytes[at + i] as number)
  return n
}
