/** Decoding tables for the Huffman codes of DEFLATE (RFC 1951, 3.2.2): a root table and sub-tables for longer codes. */

// An entry is a u32: bits 0-7 the code bits it uses up at this level, bits 8-15 the kind, bits 16-31 the value.
export const KIND_LITERAL: u32 = 0
/** Low four bits: how many extra bits follow; the value is the base. */
export const KIND_BASE: u32 = 0x10
export const KIND_END: u32 = 0x20
export const KIND_INVALID: u32 = 0x40
/** Low four bits: index bits of the sub-table; the value is its first entry. */
export const KIND_TABLE: u32 = 0x80

/** What the symbols of a code stand for. */
export const ALPHABET_LENGTHS = 0
export const ALPHABET_LITERALS = 1
export const ALPHABET_DISTANCES = 2

const LENGTH_BASE: StaticArray<u16> = [
  3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258,
]
const LENGTH_EXTRA: StaticArray<u8> = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0]
const DISTANCE_BASE: StaticArray<u16> = [
  1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385,
  24577,
]
const DISTANCE_EXTRA: StaticArray<u8> = [0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13]

const counts = memory.data(16 * 2, 16)
const offsets = memory.data(16 * 2, 16)
const sorted = memory.data(320 * 2, 16)

function entryOf(alphabet: i32, symbol: i32): u32 {
  if (alphabet == ALPHABET_LENGTHS || (alphabet == ALPHABET_LITERALS && symbol < 256)) return ((<u32>symbol) << 16) | (KIND_LITERAL << 8)
  if (alphabet == ALPHABET_LITERALS) {
    if (symbol == 256) return KIND_END << 8
    const i = symbol - 257
    if (i >= 29) return KIND_INVALID << 8
    return ((<u32>unchecked(LENGTH_BASE[i])) << 16) | ((KIND_BASE | <u32>unchecked(LENGTH_EXTRA[i])) << 8)
  }
  if (symbol >= 30) return KIND_INVALID << 8
  return ((<u32>unchecked(DISTANCE_BASE[symbol])) << 16) | ((KIND_BASE | <u32>unchecked(DISTANCE_EXTRA[symbol])) << 8)
}

function reverseBits(code: u32, length: u32): u32 {
  let r: u32 = 0
  for (let i: u32 = 0; i < length; i++) r |= ((code >>> i) & 1) << (length - 1 - i)
  return r
}

/**
 * Builds the decoding table of a code from its `n` code lengths (u8 each, at `lengths`) at `table`, which holds `capacity` entries.
 * False for an over-subscribed code and for an incomplete one, but for what zlib takes too: no code at all, or one code of one bit
 * (not for the code length alphabet).
 */
export function buildTable(lengths: usize, n: i32, table: usize, capacity: u32, root: u32, alphabet: i32): bool {
  memory.fill(counts, 0, 32)
  for (let i = 0; i < n; i++) {
    const at = counts + ((<usize>load<u8>(lengths + i)) << 1)
    store<u16>(at, load<u16>(at) + 1)
  }
  let max: u32 = 15
  while (max > 0 && load<u16>(counts + ((<usize>max) << 1)) == 0) max--
  let left: i32 = 1
  for (let l = 1; l <= 15; l++) {
    left = (left << 1) - <i32>load<u16>(counts + ((<usize>l) << 1))
    if (left < 0) return false
  }
  if (left > 0) {
    if (alphabet == ALPHABET_LENGTHS || max > 1) return false
    const invalid = (KIND_INVALID << 8) | 1
    for (let i: u32 = 0; i < (<u32>1) << root; i++) store<u32>(table + ((<usize>i) << 2), invalid)
    if (max == 0) return true
  }

  store<u16>(offsets + 2, 0)
  for (let l = 1; l < 15; l++) {
    const at = (<usize>l) << 1
    store<u16>(offsets + at + 2, load<u16>(offsets + at) + load<u16>(counts + at))
  }
  for (let i = 0; i < n; i++) {
    const l = <usize>load<u8>(lengths + i)
    if (l == 0) continue
    const at = load<u16>(offsets + (l << 1))
    store<u16>(sorted + ((<usize>at) << 1), <u16>i)
    store<u16>(offsets + (l << 1), at + 1)
  }

  const rootMask = ((<u32>1) << root) - 1
  let used: u32 = rootMask + 1
  let code: u32 = 0
  let index: usize = 0
  let prefix: u32 = 0xffffffff // root slot of the open sub-table
  let subTable: u32 = 0
  let subBits: u32 = 0
  for (let l: u32 = 1; l <= max; l++) {
    const countAt = counts + ((<usize>l) << 1)
    for (; load<u16>(countAt) > 0; store<u16>(countAt, load<u16>(countAt) - 1)) {
      const entry = entryOf(alphabet, <i32>load<u16>(sorted + (index++ << 1)))
      const bits = reverseBits(code, l)
      if (l <= root) {
        for (let slot = bits; slot <= rootMask; slot += (<u32>1) << l) store<u32>(table + ((<usize>slot) << 2), entry | l)
      } else {
        if ((bits & rootMask) != prefix) {
          prefix = bits & rootMask
          subTable = used
          subBits = l - root
          let free = (<i32>1) << subBits
          while (root + subBits < max) {
            free -= <i32>load<u16>(counts + ((<usize>(root + subBits)) << 1))
            if (free <= 0) break
            subBits++
            free <<= 1
          }
          used += (<u32>1) << subBits
          if (used > capacity) return false
          store<u32>(table + ((<usize>prefix) << 2), (subTable << 16) | ((KIND_TABLE | subBits) << 8) | root)
        }
        const short = l - root
        for (let slot = bits >>> root; slot < (<u32>1) << subBits; slot += (<u32>1) << short) {
          store<u32>(table + ((<usize>(subTable + slot)) << 2), entry | short)
        }
      }
      code++
    }
    code <<= 1
  }
  return true
}
