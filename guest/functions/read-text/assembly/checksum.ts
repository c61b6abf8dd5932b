/** The two checksums of PNG: CRC-32 over chunks (PNG annex D) and Adler-32 over the inflated data (RFC 1950). */

// Slicing by four: table k holds the CRC of a byte followed by k zero bytes.
const tables = memory.data(4 * 256 * 4, 16)
let tablesReady = false

function prepareTables(): void {
  for (let n = 0; n < 256; n++) {
    let c = <u32>n
    for (let k = 0; k < 8; k++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1
    store<u32>(tables + ((<usize>n) << 2), c)
  }
  for (let n = 0; n < 256; n++) {
    let c = load<u32>(tables + ((<usize>n) << 2))
    for (let k = 1; k < 4; k++) {
      c = load<u32>(tables + ((<usize>(c & 0xff)) << 2)) ^ (c >>> 8)
      store<u32>(tables + ((<usize>(k * 256 + n)) << 2), c)
    }
  }
  tablesReady = true
}

/** CRC-32 of `length` bytes at `start`. */
export function crc32(start: usize, length: usize): u32 {
  if (!tablesReady) prepareTables()
  let c: u32 = 0xffffffff
  let p = start
  const end = start + length
  while (p + 4 <= end) {
    c ^= load<u32>(p)
    c =
      load<u32>(tables + 3072 + ((<usize>(c & 0xff)) << 2)) ^
      load<u32>(tables + 2048 + ((<usize>((c >>> 8) & 0xff)) << 2)) ^
      load<u32>(tables + 1024 + ((<usize>((c >>> 16) & 0xff)) << 2)) ^
      load<u32>(tables + ((<usize>(c >>> 24)) << 2))
    p += 4
  }
  while (p < end) c = load<u32>(tables + ((<usize>((c ^ load<u8>(p++)) & 0xff)) << 2)) ^ (c >>> 8)
  return ~c
}

/** Adler-32 of `length` bytes at `start`. */
export function adler32(start: usize, length: usize): u32 {
  let a: u32 = 1
  let b: u32 = 0
  let p = start
  let left = length
  while (left > 0) {
    // 5552 is the largest run for which `b` cannot pass 32 bits before it is reduced.
    let run = min<usize>(left, 5552)
    left -= run
    for (; run > 0; run--) {
      a += load<u8>(p++)
      b += a
    }
    a %= 65521
    b %= 65521
  }
  return (b << 16) | a
}
