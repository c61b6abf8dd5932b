/** For tests: codecs of the types that are one core value, and what the joined types of a variant's flattening do to such values. */
import type { WitValue } from '../../../core/index.ts'
import type { Core } from '../values.ts'
import { GuestTrap, type GuestMemory } from '../memory.ts'

/** Core values being read in order. */
export interface Flat {
  readonly values: readonly Core[]
  at: number
}

export interface Codec {
  load(m: GuestMemory, at: number): WitValue
  store(m: GuestMemory, value: WitValue, at: number): void
  lift(m: GuestMemory, flat: Flat): WitValue
  lower(m: GuestMemory, value: WitValue, out: Core[]): void
}

const integer = (n: bigint): number | bigint => (n >= -9_007_199_254_740_991n && n <= 9_007_199_254_740_991n ? Number(n) : n)

export const next = (flat: Flat): Core => flat.values[flat.at++] as Core

interface SmallAccess {
  readonly load: (view: DataView, at: number) => number
  readonly store: (view: DataView, at: number, value: number) => void
  /** The value of a core i32, whose upper bits do not count. */
  readonly narrow: (value: number) => number
}

const SMALL: Readonly<Record<string, SmallAccess>> = {
  u8: { load: (v, at) => v.getUint8(at), store: (v, at, n) => v.setUint8(at, n), narrow: (n) => n & 0xff },
  s8: { load: (v, at) => v.getInt8(at), store: (v, at, n) => v.setInt8(at, n), narrow: (n) => (n << 24) >> 24 },
  u16: { load: (v, at) => v.getUint16(at, true), store: (v, at, n) => v.setUint16(at, n, true), narrow: (n) => n & 0xffff },
  s16: { load: (v, at) => v.getInt16(at, true), store: (v, at, n) => v.setInt16(at, n, true), narrow: (n) => (n << 16) >> 16 },
  u32: { load: (v, at) => v.getUint32(at, true), store: (v, at, n) => v.setUint32(at, n, true), narrow: (n) => n >>> 0 },
  s32: { load: (v, at) => v.getInt32(at, true), store: (v, at, n) => v.setInt32(at, n, true), narrow: (n) => n | 0 },
}

export function small(kind: string): Codec {
  const { load, store, narrow } = SMALL[kind] as SmallAccess
  return {
    load: (m, at) => load(m.view, at),
    store: (m, value, at) => store(m.view, at, value as number),
    lift: (_, flat) => narrow(next(flat) as number),
    lower: (_, value, out) => out.push((value as number) | 0),
  }
}

export function wide(signed: boolean): Codec {
  return {
    load: (m, at) => integer(signed ? m.view.getBigInt64(at, true) : m.view.getBigUint64(at, true)),
    store: (m, value, at) => m.view.setBigUint64(at, BigInt.asUintN(64, BigInt(value as number | bigint)), true),
    lift: (_, flat) => integer(signed ? BigInt.asIntN(64, next(flat) as bigint) : BigInt.asUintN(64, next(flat) as bigint)),
    lower: (_, value, out) => out.push(BigInt.asIntN(64, BigInt(value as number | bigint))),
  }
}

export const BOOL: Codec = {
  load: (m, at) => m.view.getUint8(at) !== 0,
  store: (m, value, at) => m.view.setUint8(at, value === true ? 1 : 0),
  lift: (_, flat) => next(flat) !== 0,
  lower: (_, value, out) => out.push(value === true ? 1 : 0),
}

function character(code: number): string {
  const n = code >>> 0
  if (n > 0x10_ffff || (n >= 0xd800 && n <= 0xdfff)) throw new GuestTrap('a char is no Unicode scalar value')
  return String.fromCodePoint(n)
}

export const CHAR: Codec = {
  load: (m, at) => character(m.view.getUint32(at, true)),
  store: (m, value, at) => m.view.setUint32(at, (value as string).codePointAt(0) as number, true),
  lift: (_, flat) => character(next(flat) as number),
  lower: (_, value, out) => out.push((value as string).codePointAt(0) as number),
}

export const HANDLE: Codec = small('u32')

const scratch = new DataView(new ArrayBuffer(8))

/** Bits of a float whose NaN is canonical. */
const f32Bits = (bits: number): number => ((bits & 0x7fff_ffff) > 0x7f80_0000 ? 0x7fc0_0000 : bits >>> 0)
const f64Bits = (bits: bigint): bigint => ((bits & 0x7fff_ffff_ffff_ffffn) > 0x7ff0_0000_0000_0000n ? 0x7ff8_0000_0000_0000n : bits)

const view = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.length)

function f32Value(bits: number): Uint8Array {
  const out = new Uint8Array(4)
  view(out).setUint32(0, f32Bits(bits), true)
  return out
}

function f64Value(bits: bigint): Uint8Array {
  const out = new Uint8Array(8)
  view(out).setBigUint64(0, f64Bits(bits), true)
  return out
}

/** A NaN crosses from JavaScript as the engine likes, so that one only is handed over. */
export const F32: Codec = {
  load: (m, at) => f32Value(m.view.getUint32(at, true)),
  store: (m, value, at) => m.view.setUint32(at, f32Bits(view(value as Uint8Array).getUint32(0, true)), true),
  lift: (_, flat) => {
    scratch.setFloat32(0, next(flat) as number)
    return f32Value(scratch.getUint32(0))
  },
  lower: (_, value, out) => {
    const number = view(value as Uint8Array).getFloat32(0, true)
    out.push(Number.isNaN(number) ? Number.NaN : number)
  },
}

export const F64: Codec = {
  load: (m, at) => f64Value(m.view.getBigUint64(at, true)),
  store: (m, value, at) => m.view.setBigUint64(at, f64Bits(view(value as Uint8Array).getBigUint64(0, true)), true),
  lift: (_, flat) => {
    scratch.setFloat64(0, next(flat) as number)
    return f64Value(scratch.getBigUint64(0))
  },
  lower: (_, value, out) => {
    const number = view(value as Uint8Array).getFloat64(0, true)
    out.push(Number.isNaN(number) ? Number.NaN : number)
  },
}

/** A core value of a joined type as the type that the case wants. */
export function unjoin(value: Core, have: string, want: string): Core {
  if (have === want) return value
  if (want === 'd') {
    scratch.setBigUint64(0, BigInt.asUintN(64, value as bigint))
    return scratch.getFloat64(0)
  }
  const low = have === 'l' ? Number(BigInt.asIntN(32, value as bigint)) : (value as number)
  if (want === 'i') return low
  scratch.setInt32(0, low)
  return scratch.getFloat32(0)
}

/** The reverse of `unjoin`. */
export function rejoin(value: Core, have: string, want: string): Core {
  if (have === want) return value
  if (have === 'd') {
    scratch.setFloat64(0, value as number)
    return BigInt.asIntN(64, f64Bits(scratch.getBigUint64(0)))
  }
  let low = value as number
  if (have === 'f') {
    scratch.setFloat32(0, low)
    low = f32Bits(scratch.getUint32(0))
  }
  return want === 'l' ? BigInt(low >>> 0) : low | 0
}
