/** What compiled glue calls for values that are no plain number or bool: text, 64-bit integers, floats by their bits, flags, joined core values. */
import type { WitValue } from '../../core/index.ts'
import { GuestTrap, latin1OrUtf16Length, utf8Length, type GuestMemory } from './memory.ts'

/** A core value; i64 alone is a bigint. */
export type Core = number | bigint

const TWO_32 = 0x1_0000_0000
const scratch = new DataView(new ArrayBuffer(8))

/** The canonical form of an integer: a number where it is safe. */
function integer(n: bigint): number | bigint {
  return n >= -9_007_199_254_740_991n && n <= 9_007_199_254_740_991n ? Number(n) : n
}

function loadU64(v: DataView, at: number): number | bigint {
  const high = v.getUint32(at + 4, true)
  return high <= 0x1f_ffff ? high * TWO_32 + v.getUint32(at, true) : v.getBigUint64(at, true)
}

function loadS64(v: DataView, at: number): number | bigint {
  const high = v.getInt32(at + 4, true)
  if (high < -0x1f_ffff || high > 0x1f_ffff) return integer(v.getBigInt64(at, true))
  return high * TWO_32 + v.getUint32(at, true)
}

function store64(v: DataView, at: number, value: number | bigint): void {
  if (typeof value === 'bigint') {
    v.setBigUint64(at, BigInt.asUintN(64, value), true)
    return
  }
  v.setUint32(at, value >>> 0, true)
  v.setInt32(at + 4, Math.floor(value / TWO_32), true)
}

const liftU64 = (core: Core): number | bigint => integer(BigInt.asUintN(64, core as bigint))
const liftS64 = (core: Core): number | bigint => integer(BigInt.asIntN(64, core as bigint))
const lower64 = (value: number | bigint): bigint => BigInt.asIntN(64, BigInt(value))

function char(code: number): string {
  const n = code >>> 0
  if (n > 0x10_ffff || (n >= 0xd800 && n <= 0xdfff)) throw new GuestTrap('a char is no Unicode scalar value')
  return String.fromCodePoint(n)
}

const charCode = (text: string): number => text.codePointAt(0) as number

/** Pointer and length of a string or list. */
function storePair(m: GuestMemory, at: number, pointer: number, length: number): void {
  const v = m.view
  v.setUint32(at, pointer, true)
  v.setUint32(at + 4, length, true)
}

const loadUtf8 = (m: GuestMemory, v: DataView, at: number): string => m.readUtf8(v.getUint32(at, true), v.getUint32(at + 4, true))
const loadUtf16 = (m: GuestMemory, v: DataView, at: number): string => m.readUtf16(v.getUint32(at, true), v.getUint32(at + 4, true))
const loadLatin1OrUtf16 = (m: GuestMemory, v: DataView, at: number): string =>
  m.readLatin1OrUtf16(v.getUint32(at, true), v.getUint32(at + 4, true))
const loadBytes = (m: GuestMemory, v: DataView, at: number): Uint8Array => m.copyOut(v.getUint32(at, true), v.getUint32(at + 4, true))

function storeUtf8(m: GuestMemory, at: number, text: string): void {
  const n = utf8Length(text)
  storePair(m, at, m.writeUtf8(text, n), n)
}

function storeUtf16(m: GuestMemory, at: number, text: string): void {
  storePair(m, at, m.writeUtf16(text), text.length)
}

function storeLatin1OrUtf16(m: GuestMemory, at: number, text: string): void {
  const n = latin1OrUtf16Length(text)
  storePair(m, at, m.writeLatin1OrUtf16(text, n), n)
}

function storeBytes(m: GuestMemory, at: number, bytes: Uint8Array): void {
  storePair(m, at, m.copyIn(bytes), bytes.length)
}

/** Bits of a float whose NaN is canonical. */
const f32Bits = (bits: number): number => ((bits & 0x7fff_ffff) > 0x7f80_0000 ? 0x7fc0_0000 : bits >>> 0)
const isNan64 = (low: number, high: number): boolean => {
  const top = high & 0x7fff_ffff
  return top > 0x7ff0_0000 || (top === 0x7ff0_0000 && low !== 0)
}

function word(bytes: Uint8Array, at: number): number {
  return (
    ((bytes[at] as number) | ((bytes[at + 1] as number) << 8) | ((bytes[at + 2] as number) << 16) | ((bytes[at + 3] as number) << 24)) >>> 0
  )
}

function putWord(bytes: Uint8Array, at: number, n: number): void {
  bytes[at] = n
  bytes[at + 1] = n >>> 8
  bytes[at + 2] = n >>> 16
  bytes[at + 3] = n >>> 24
}

function loadF32(v: DataView, at: number): Uint8Array {
  const out = new Uint8Array(4)
  putWord(out, 0, f32Bits(v.getUint32(at, true)))
  return out
}

function loadF64(v: DataView, at: number): Uint8Array {
  const out = new Uint8Array(8)
  const low = v.getUint32(at, true)
  const high = v.getUint32(at + 4, true)
  const nan = isNan64(low, high)
  putWord(out, 0, nan ? 0 : low)
  putWord(out, 4, nan ? 0x7ff8_0000 : high)
  return out
}

function storeF32(v: DataView, at: number, value: Uint8Array): void {
  v.setUint32(at, f32Bits(word(value, 0)), true)
}

function storeF64(v: DataView, at: number, value: Uint8Array): void {
  const low = word(value, 0)
  const high = word(value, 4)
  const nan = isNan64(low, high)
  v.setUint32(at, nan ? 0 : low, true)
  v.setUint32(at + 4, nan ? 0x7ff8_0000 : high, true)
}

function liftF32(core: Core): Uint8Array {
  scratch.setFloat32(0, core as number, true)
  return loadF32(scratch, 0)
}

function liftF64(core: Core): Uint8Array {
  scratch.setFloat64(0, core as number, true)
  return loadF64(scratch, 0)
}

/** A NaN crosses from JavaScript as the engine likes, so that one only is handed over. */
function lowerF32(value: Uint8Array): number {
  storeF32(scratch, 0, value)
  return scratch.getFloat32(0, true)
}

function lowerF64(value: Uint8Array): number {
  storeF64(scratch, 0, value)
  return scratch.getFloat64(0, true)
}

/** The indices of the bits that are set; those beyond `count` say nothing (CanonicalABI.md, `unpack_flags_from_int`). */
function unpackFlags(mask: number, count: number): number[] {
  const out: number[] = []
  for (let i = 0; i < count; i++) if (((mask >>> i) & 1) === 1) out.push(i)
  return out
}

function packFlags(value: readonly WitValue[]): number {
  let mask = 0
  for (const i of value as readonly number[]) mask |= 1 << i
  return mask >>> 0
}

function badTag(n: number): GuestTrap {
  return new GuestTrap(`the discriminant ${n >>> 0} is out of range`)
}

// A variant's payload of one core type in the slot of another (CanonicalABI.md, "Flattening", `join`)

const lowOf64 = (core: Core): number => Number(BigInt.asIntN(32, core as bigint))

function f32OfBits(bits: Core): number {
  scratch.setUint32(0, f32Bits(bits as number), true)
  return scratch.getFloat32(0, true)
}

function f64OfBits(bits: Core): number {
  scratch.setBigUint64(0, BigInt.asUintN(64, bits as bigint), true)
  return scratch.getFloat64(0, true)
}

function bitsOfF32(value: Core): number {
  scratch.setFloat32(0, value as number, true)
  return f32Bits(scratch.getUint32(0, true)) | 0
}

function bitsOfF64(value: Core): bigint {
  scratch.setFloat64(0, value as number, true)
  return isNan64(scratch.getUint32(0, true), scratch.getUint32(4, true)) ? 0x7ff8_0000_0000_0000n : scratch.getBigInt64(0, true)
}

const wideOf = (low: Core): bigint => BigInt((low as number) >>> 0)

/** By the names that emit.ts writes. */
export const RUNTIME = {
  utf8Length,
  latin1OrUtf16Length,
  storePair,
  loadUtf8,
  loadUtf16,
  loadLatin1OrUtf16,
  loadBytes,
  storeUtf8,
  storeUtf16,
  storeLatin1OrUtf16,
  storeBytes,
  loadU64,
  loadS64,
  store64,
  liftU64,
  liftS64,
  lower64,
  char,
  charCode,
  loadF32,
  loadF64,
  storeF32,
  storeF64,
  liftF32,
  liftF64,
  lowerF32,
  lowerF64,
  unpackFlags,
  packFlags,
  badTag,
  lowOf64,
  f32OfBits,
  f64OfBits,
  bitsOfF32,
  bitsOfF64,
  wideOf,
} as const
