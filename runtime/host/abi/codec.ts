/**
 * Values between guest memory and their canonical form (core/wit-value.ts), as closures made once for each type.
 * CanonicalABI.md: `load` and `store` work on memory, `lift` and `lower` on core values. Handles are their numbers. NaNs become canonical.
 */
import type { WitType, WitValue } from '../../core/index.ts'
import type { StringEncoding } from '../component/model.ts'
import { alignTo, casesOf, fieldsLayout, layoutOf, payloadOffset, tagSize } from './layout.ts'
import { GuestTrap, ITEM_BYTES, type GuestMemory } from './memory.ts'

export type Core = number | bigint

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

const next = (flat: Flat): Core => flat.values[flat.at++] as Core

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

function small(kind: string): Codec {
  const { load, store, narrow } = SMALL[kind] as SmallAccess
  return {
    load: (m, at) => load(m.view, at),
    store: (m, value, at) => store(m.view, at, value as number),
    lift: (_, flat) => narrow(next(flat) as number),
    lower: (_, value, out) => out.push((value as number) | 0),
  }
}

function wide(signed: boolean): Codec {
  return {
    load: (m, at) => integer(signed ? m.view.getBigInt64(at, true) : m.view.getBigUint64(at, true)),
    store: (m, value, at) => m.view.setBigUint64(at, BigInt.asUintN(64, BigInt(value as number | bigint)), true),
    lift: (_, flat) => integer(signed ? BigInt.asIntN(64, next(flat) as bigint) : BigInt.asUintN(64, next(flat) as bigint)),
    lower: (_, value, out) => out.push(BigInt.asIntN(64, BigInt(value as number | bigint))),
  }
}

const BOOL: Codec = {
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

const CHAR: Codec = {
  load: (m, at) => character(m.view.getUint32(at, true)),
  store: (m, value, at) => m.view.setUint32(at, (value as string).codePointAt(0) as number, true),
  lift: (_, flat) => character(next(flat) as number),
  lower: (_, value, out) => out.push((value as string).codePointAt(0) as number),
}

const HANDLE: Codec = small('u32')

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
const F32: Codec = {
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

const F64: Codec = {
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

/** A codec of what is a pointer and a length: strings and lists. */
function pair(read: (m: GuestMemory, pointer: number, length: number) => WitValue, write: (m: GuestMemory, value: WitValue) => readonly [number, number]): Codec {
  return {
    load: (m, at) => read(m, m.view.getUint32(at, true), m.view.getUint32(at + 4, true)),
    store: (m, value, at) => {
      const [pointer, length] = write(m, value)
      m.view.setUint32(at, pointer, true)
      m.view.setUint32(at + 4, length, true)
    },
    lift: (m, flat) => {
      const pointer = (next(flat) as number) >>> 0
      return read(m, pointer, (next(flat) as number) >>> 0)
    },
    lower: (m, value, out) => {
      out.push(...write(m, value))
    },
  }
}

const UTF8 = pair((m, p, n) => m.readUtf8(p, n), (m, value) => m.writeUtf8(value as string))
const UTF16 = pair((m, p, n) => m.readUtf16(p, n), (m, value) => m.writeUtf16(value as string))
const BYTES = pair((m, p, n) => m.copyOut(p, n), (m, value) => [m.copyIn(value as Uint8Array), (value as Uint8Array).length])

function list(element: WitType, encoding: StringEncoding): Codec {
  if (element.kind === 'u8') return BYTES
  const inner = codecOf(element, encoding)
  const { size, align } = layoutOf(element)
  return pair(
    (m, pointer, length) => {
      const at = m.check(pointer, length * size, align)
      m.chargeIn(length * (size + ITEM_BYTES) + ITEM_BYTES)
      const out: WitValue[] = []
      for (let i = 0; i < length; i++) out.push(inner.load(m, at + i * size))
      return out
    },
    (m, value) => {
      const items = value as readonly WitValue[]
      m.chargeOut(items.length * (size + ITEM_BYTES) + ITEM_BYTES)
      const at = m.allocate(items.length * size, align)
      items.forEach((item, i) => inner.store(m, item, at + i * size))
      return [at, items.length]
    },
  )
}

function members(types: readonly WitType[], encoding: StringEncoding): Codec {
  const { offsets } = fieldsLayout(types)
  const inner = types.map((type) => codecOf(type, encoding))
  return {
    load: (m, at) => inner.map((c, i) => c.load(m, at + (offsets[i] as number))),
    store: (m, value, at) => inner.forEach((c, i) => c.store(m, (value as readonly WitValue[])[i] as WitValue, at + (offsets[i] as number))),
    lift: (m, flat) => inner.map((c) => c.lift(m, flat)),
    lower: (m, value, out) => inner.forEach((c, i) => c.lower(m, (value as readonly WitValue[])[i] as WitValue, out)),
  }
}

function flags(count: number): Codec {
  const bits = small(count <= 8 ? 'u8' : count <= 16 ? 'u16' : 'u32')
  const unpack = (mask: WitValue): WitValue => {
    const out: number[] = []
    for (let i = 0; i < count; i++) if ((((mask as number) >>> i) & 1) === 1) out.push(i)
    return out
  }
  const pack = (value: WitValue): number => (value as readonly number[]).reduce((mask, i) => (mask | (1 << i)) >>> 0, 0)
  return {
    load: (m, at) => unpack(bits.load(m, at)),
    store: (m, value, at) => bits.store(m, pack(value), at),
    lift: (m, flat) => unpack(bits.lift(m, flat)),
    lower: (m, value, out) => bits.lower(m, pack(value), out),
  }
}

/** A core value of a joined type as the type that the case wants. */
function unjoin(value: Core, have: string, want: string): Core {
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
function rejoin(value: Core, have: string, want: string): Core {
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

interface Shape {
  /** Case and payload of a value in its canonical form. */
  readonly open: (value: WitValue) => readonly [number, WitValue | undefined]
  readonly close: (tag: number, payload: WitValue | undefined) => WitValue
}

const TAGGED: Shape = {
  open: (value) => value as unknown as readonly [number, WitValue | undefined],
  close: (tag, payload) => (payload === undefined ? [tag] : [tag, payload]),
}
const OPTION: Shape = {
  open: (value) => ((value as readonly WitValue[]).length === 0 ? [0, undefined] : [1, (value as readonly WitValue[])[0]]),
  close: (tag, payload) => (tag === 0 ? [] : [payload as WitValue]),
}
const ENUM: Shape = { open: (value) => [value as number, undefined], close: (tag) => tag }

function variant(type: Extract<WitType, { kind: 'option' | 'result' | 'variant' | 'enum' }>, encoding: StringEncoding): Codec {
  const shape = type.kind === 'option' ? OPTION : type.kind === 'enum' ? ENUM : TAGGED
  const cases = casesOf(type)
  const codecs = cases.map((c) => (c === undefined ? undefined : codecOf(c, encoding)))
  const tag = small({ 1: 'u8', 2: 'u16', 4: 'u32' }[tagSize(cases.length)])
  const payload = payloadOffset(cases)
  const joined = layoutOf(type).flat.slice(1)
  const check = (n: number): number => {
    if (n >= cases.length) throw new GuestTrap(`the discriminant ${n} is out of range`)
    return n
  }
  const flats = cases.map((c) => (c === undefined ? '' : layoutOf(c).flat))
  return {
    load: (m, at) => {
      const n = check(tag.load(m, at) as number)
      return shape.close(n, codecs[n]?.load(m, at + payload))
    },
    store: (m, value, at) => {
      const [n, inner] = shape.open(value)
      tag.store(m, n, at)
      codecs[n]?.store(m, inner as WitValue, at + payload)
    },
    lift: (m, flat) => {
      const n = check((next(flat) as number) >>> 0)
      const first = flat.at
      flat.at += joined.length
      const values = [...(flats[n] as string)].map((want, i) => unjoin(flat.values[first + i] as Core, joined.charAt(i), want))
      return shape.close(n, codecs[n]?.lift(m, { values, at: 0 }))
    },
    lower: (m, value, out) => {
      const [n, inner] = shape.open(value)
      out.push(n)
      const values: Core[] = []
      codecs[n]?.lower(m, inner as WitValue, values)
      const own = flats[n] as string
      for (let i = 0; i < joined.length; i++) {
        const want = joined.charAt(i)
        if (i < values.length) out.push(rejoin(values[i] as Core, own.charAt(i), want))
        else out.push(want === 'l' ? 0n : 0)
      }
    },
  }
}

const cache = { utf8: new WeakMap<WitType, Codec>(), utf16: new WeakMap<WitType, Codec>() }

/** The codec of a type under a string encoding. */
export function codecOf(type: WitType, encoding: StringEncoding): Codec {
  let found = cache[encoding].get(type)
  if (found === undefined) {
    found = make(type, encoding)
    cache[encoding].set(type, found)
  }
  return found
}

function make(type: WitType, encoding: StringEncoding): Codec {
  switch (type.kind) {
    case 'bool':
      return BOOL
    case 'u64':
      return wide(false)
    case 's64':
      return wide(true)
    case 'f32':
      return F32
    case 'f64':
      return F64
    case 'char':
      return CHAR
    case 'string':
      return encoding === 'utf8' ? UTF8 : UTF16
    case 'list':
      return list(type.element, encoding)
    case 'record':
      return members(type.fields.map((f) => f.type), encoding)
    case 'tuple':
      return members(type.items, encoding)
    case 'flags':
      return flags(type.names.length)
    case 'option':
    case 'result':
    case 'variant':
    case 'enum':
      return variant(type, encoding)
    case 'own':
    case 'borrow':
      return HANDLE
    default:
      return small(type.kind)
  }
}

/** Room for a spilled list of parameters: their layout as a record's. */
export const spilledSize = (types: readonly WitType[]): { size: number; align: number } => {
  const { size, align } = fieldsLayout(types)
  return { size: alignTo(size, align), align }
}
