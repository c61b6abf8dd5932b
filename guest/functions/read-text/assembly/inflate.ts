/** Inflate (RFC 1951) of a zlib stream (RFC 1950) whose inflated length is known beforehand, as in PNG. */

import { adler32 } from './checksum'
import {
  ALPHABET_DISTANCES,
  ALPHABET_LENGTHS,
  ALPHABET_LITERALS,
  KIND_END,
  KIND_INVALID,
  KIND_LITERAL,
  KIND_TABLE,
  buildTable,
} from './huffman'

/** Bytes after the output that a copy may scribble on. */
export const INFLATE_SLACK: usize = 16

export const INFLATE_OK = 0
export const INFLATE_HEADER = 1
export const INFLATE_TRUNCATED = 2
export const INFLATE_BLOCK = 3
export const INFLATE_CODE = 4
export const INFLATE_DISTANCE = 5
export const INFLATE_TOO_LONG = 6
export const INFLATE_TOO_SHORT = 7
export const INFLATE_CHECKSUM = 8

const LITERAL_ROOT: u32 = 10
const DISTANCE_ROOT: u32 = 9
const LENGTHS_ROOT: u32 = 7
// The most that 286 codes of up to 15 bits need with these roots is 1334 entries, for 30 codes it is less than 600.
const LITERAL_CAPACITY: u32 = 2048
const DISTANCE_CAPACITY: u32 = 1024
const literalTable = memory.data(2048 * 4, 16)
const distanceTable = memory.data(1024 * 4, 16)
const lengthsTable = memory.data(128 * 4, 16)
const codeLengths = memory.data(320 + 16, 16)
const ORDER: StaticArray<u8> = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]

// The bit reader: `bits` holds at least `bitCount` next bits, low bit first; whatever lies above them agrees with the input or is zero.
let next: usize = 0
let inputEnd: usize = 0
let bits: u64 = 0
let bitCount: i32 = 0

function refill(): void {
  if (next + 8 <= inputEnd) {
    bits |= load<u64>(next) << bitCount
    next += (63 - bitCount) >> 3
    bitCount |= 56
  } else {
    while (bitCount <= 56 && next < inputEnd) {
      bits |= (<u64>load<u8>(next++)) << bitCount
      bitCount += 8
    }
  }
}

/** Takes up to 16 bits; a negative `bitCount` afterwards says that the input ended. */
function take(n: i32): u32 {
  const value = <u32>bits & (((<u32>1) << n) - 1)
  bits >>= n
  bitCount -= n
  return value
}

/** Drops the bits up to the next byte and gives whole bytes back to the input. */
function alignToByte(): void {
  next -= <usize>(bitCount >> 3)
  bits = 0
  bitCount = 0
}

function fixedTables(): void {
  memory.fill(codeLengths, 8, 144)
  memory.fill(codeLengths + 144, 9, 112)
  memory.fill(codeLengths + 256, 7, 24)
  memory.fill(codeLengths + 280, 8, 8)
  buildTable(codeLengths, 288, literalTable, LITERAL_CAPACITY, LITERAL_ROOT, ALPHABET_LITERALS)
  memory.fill(codeLengths, 5, 32)
  buildTable(codeLengths, 32, distanceTable, DISTANCE_CAPACITY, DISTANCE_ROOT, ALPHABET_DISTANCES)
}

function dynamicTables(): i32 {
  refill()
  const literals = <i32>take(5) + 257
  const distances = <i32>take(5) + 1
  const lengths = <i32>take(4) + 4
  if (bitCount < 0) return INFLATE_TRUNCATED
  if (literals > 286 || distances > 30) return INFLATE_CODE
  memory.fill(codeLengths, 0, 19)
  for (let i = 0; i < lengths; i++) {
    refill()
    store<u8>(codeLengths + unchecked(ORDER[i]), take(3))
  }
  if (bitCount < 0) return INFLATE_TRUNCATED
  if (!buildTable(codeLengths, 19, lengthsTable, 128, LENGTHS_ROOT, ALPHABET_LENGTHS)) return INFLATE_CODE

  const total = literals + distances
  let i = 0
  while (i < total) {
    refill()
    const entry = load<u32>(lengthsTable + ((<usize>(<u32>bits & 127)) << 2))
    take(<i32>(entry & 0xff))
    const symbol = entry >>> 16
    if (symbol < 16) {
      store<u8>(codeLengths + i++, symbol)
    } else {
      let value: u8 = 0
      let repeat: i32
      if (symbol == 16) {
        if (i == 0) return INFLATE_CODE
        value = load<u8>(codeLengths + i - 1)
        repeat = 3 + <i32>take(2)
      } else if (symbol == 17) {
        repeat = 3 + <i32>take(3)
      } else {
        repeat = 11 + <i32>take(7)
      }
      if (i + repeat > total) return bitCount < 0 ? INFLATE_TRUNCATED : INFLATE_CODE
      memory.fill(codeLengths + i, value, repeat)
      i += repeat
    }
    if (bitCount < 0) return INFLATE_TRUNCATED
  }
  // A block that cannot end is an error (RFC 1951, 3.2.7).
  if (load<u8>(codeLengths + 256) == 0) return INFLATE_CODE
  if (!buildTable(codeLengths, literals, literalTable, LITERAL_CAPACITY, LITERAL_ROOT, ALPHABET_LITERALS)) return INFLATE_CODE
  if (!buildTable(codeLengths + literals, distances, distanceTable, DISTANCE_CAPACITY, DISTANCE_ROOT, ALPHABET_DISTANCES))
    return INFLATE_CODE
  return INFLATE_OK
}

/** Copies a match of `length` >= 3 from `distance` back; may write up to 7 bytes past its end. */
function copyMatch(out: usize, distance: usize, length: usize): void {
  let to = out
  const end = out + length
  if (distance >= 8) {
    let from = out - distance
    do {
      store<u64>(to, load<u64>(from))
      to += 8
      from += 8
    } while (to < end)
  } else if (distance == 1) {
    const pattern = <u64>load<u8>(out - 1) * 0x0101010101010101
    do {
      store<u64>(to, pattern)
      to += 8
    } while (to < end)
  } else {
    let from = out - distance
    do store<u8>(to++, load<u8>(from++))
    while (to < end)
  }
}

let written: usize = 0

/** The symbols of one block. The bit reader is kept in locals here: this is the loop that takes the time. */
function inflateCodes(outStart: usize, outEnd: usize): i32 {
  const end = inputEnd
  let from = next
  let held = bits
  let count = bitCount
  let out = written
  while (true) {
    // 48 bits are the most that one length and distance take: one refill does.
    if (from + 8 <= end) {
      held |= load<u64>(from) << count
      from += (63 - count) >> 3
      count |= 56
    } else {
      while (count <= 56 && from < end) {
        held |= (<u64>load<u8>(from++)) << count
        count += 8
      }
    }
    let entry = load<u32>(literalTable + ((<usize>(<u32>held & ((1 << LITERAL_ROOT) - 1))) << 2))
    if (entry & (KIND_TABLE << 8)) {
      held >>= LITERAL_ROOT
      count -= LITERAL_ROOT
      const sub = <u32>held & ((1 << ((entry >>> 8) & 0xf)) - 1)
      entry = load<u32>(literalTable + ((<usize>((entry >>> 16) + sub)) << 2))
    }
    held >>= entry & 0xff
    count -= <i32>(entry & 0xff)
    if (count < 0) return INFLATE_TRUNCATED
    const kind = (entry >>> 8) & 0xff
    if (kind == KIND_LITERAL) {
      if (out >= outEnd) return INFLATE_TOO_LONG
      store<u8>(out++, entry >>> 16)
      continue
    }
    if (kind == KIND_END) {
      next = from
      bits = held
      bitCount = count
      written = out
      return INFLATE_OK
    }
    if (kind == KIND_INVALID) return INFLATE_CODE
    const lengthExtra = kind & 0xf
    const length = <usize>((entry >>> 16) + (<u32>held & ((1 << lengthExtra) - 1)))
    held >>= lengthExtra
    count -= <i32>lengthExtra

    entry = load<u32>(distanceTable + ((<usize>(<u32>held & ((1 << DISTANCE_ROOT) - 1))) << 2))
    if (entry & (KIND_TABLE << 8)) {
      held >>= DISTANCE_ROOT
      count -= DISTANCE_ROOT
      const sub = <u32>held & ((1 << ((entry >>> 8) & 0xf)) - 1)
      entry = load<u32>(distanceTable + ((<usize>((entry >>> 16) + sub)) << 2))
    }
    held >>= entry & 0xff
    count -= <i32>(entry & 0xff)
    const distanceExtra = (entry >>> 8) & 0xf
    const distance = <usize>((entry >>> 16) + (<u32>held & ((1 << distanceExtra) - 1)))
    held >>= distanceExtra
    count -= <i32>distanceExtra
    if (count < 0) return INFLATE_TRUNCATED
    if (entry & (KIND_INVALID << 8)) return INFLATE_CODE
    if (distance > out - outStart) return INFLATE_DISTANCE
    if (length > outEnd - out) return INFLATE_TOO_LONG
    copyMatch(out, distance, length)
    out += length
  }
}

function inflateStored(outEnd: usize): i32 {
  alignToByte()
  if (inputEnd - next < 4) return INFLATE_TRUNCATED
  const length = <usize>load<u16>(next)
  if (<u16>length != ~load<u16>(next, 2)) return INFLATE_BLOCK
  next += 4
  if (inputEnd - next < length) return INFLATE_TRUNCATED
  if (outEnd - written < length) return INFLATE_TOO_LONG
  memory.copy(written, next, length)
  next += length
  written += length
  return INFLATE_OK
}

/**
 * Inflates the zlib stream of `length` bytes at `start` into exactly `outLength` bytes at `out`, after which INFLATE_SLACK bytes must
 * be free. Bytes after the stream are ignored. Gives INFLATE_OK or what is wrong; never reads or writes outside the two ranges.
 */
export function inflateZlib(start: usize, length: usize, out: usize, outLength: usize): i32 {
  if (length < 2) return INFLATE_TRUNCATED
  const header = ((<u32>load<u8>(start)) << 8) | load<u8>(start, 1)
  // Method 8, window of at most 32 KiB, no preset dictionary (PNG 10.1).
  if (header % 31 != 0 || (header & 0x0f00) != 0x0800 || header >>> 12 > 7 || (header & 0x20) != 0) return INFLATE_HEADER
  next = start + 2
  inputEnd = start + length
  bits = 0
  bitCount = 0
  written = out
  const outEnd = out + outLength
  let last = false
  while (!last) {
    refill()
    last = take(1) == 1
    const type = take(2)
    if (bitCount < 0) return INFLATE_TRUNCATED
    let status: i32
    if (type == 0) {
      status = inflateStored(outEnd)
    } else if (type == 3) {
      return INFLATE_BLOCK
    } else {
      if (type == 1) {
        fixedTables()
      } else {
        status = dynamicTables()
        if (status != INFLATE_OK) return status
      }
      status = inflateCodes(out, outEnd)
    }
    if (status != INFLATE_OK) return status
  }
  if (written != outEnd) return INFLATE_TOO_SHORT
  alignToByte()
  if (inputEnd - next < 4) return INFLATE_TRUNCATED
  return bswap<u32>(load<u32>(next)) == adler32(out, outLength) ? INFLATE_OK : INFLATE_CHECKSUM
}
