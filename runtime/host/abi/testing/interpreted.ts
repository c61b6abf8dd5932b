/**
 * For tests: the oracle of the compiled glue. Values between guest memory and their canonical form (core/wit/wit-value.ts), as closures made once
 * for each type. CanonicalABI.md: `load` and `store` work on memory, `lift` and `lower` on core values.
 */
import type { WitFunction, WitType, WitValue } from '../../../core/index.ts'
import type { ExportGlue, ImportGlue } from '../call.ts'
import type { StringEncoding } from '../memory.ts'
import { casesOf, coreSignature, fieldsLayout, layoutOf, payloadOffset, tagSize } from '../layout.ts'
import { GuestTrap, latin1OrUtf16Length, utf8Length, type GuestMemory } from '../memory.ts'
import type { Core } from '../values.ts'
import { BOOL, CHAR, F32, F64, HANDLE, next, rejoin, small, unjoin, wide, type Codec } from './interpreted-scalars.ts'

/** A codec of what is a pointer and a length: strings and lists. */
function pair(
  read: (m: GuestMemory, pointer: number, length: number) => WitValue,
  write: (m: GuestMemory, value: WitValue) => readonly [number, number],
): Codec {
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

const UTF8 = pair(
  (m, p, n) => m.readUtf8(p, n),
  (m, value) => {
    const n = utf8Length(value as string)
    return [m.writeUtf8(value as string, n), n]
  },
)
const UTF16 = pair(
  (m, p, n) => m.readUtf16(p, n),
  (m, value) => [m.writeUtf16(value as string), (value as string).length],
)
const LATIN1 = pair(
  (m, p, n) => m.readLatin1OrUtf16(p, n),
  (m, value) => {
    const n = latin1OrUtf16Length(value as string)
    return [m.writeLatin1OrUtf16(value as string, n), n]
  },
)
const BYTES = pair(
  (m, p, n) => m.copyOut(p, n),
  (m, value) => [m.copyIn(value as Uint8Array), (value as Uint8Array).length],
)

function list(element: WitType, encoding: StringEncoding): Codec {
  if (element.kind === 'u8') return BYTES
  const inner = codecOf(element, encoding)
  const { size, align } = layoutOf(element)
  return pair(
    (m, pointer, length) => {
      const at = m.check(pointer, length * size, align)
      m.chargeIn(length * size, length + 1)
      const out: WitValue[] = []
      for (let i = 0; i < length; i++) out.push(inner.load(m, at + i * size))
      return out
    },
    (m, value) => {
      const items = value as readonly WitValue[]
      m.chargeOut(items.length * size, items.length + 1)
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
    store: (m, value, at) =>
      inner.forEach((c, i) => c.store(m, (value as readonly WitValue[])[i] as WitValue, at + (offsets[i] as number))),
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

const cache = { utf8: new WeakMap<WitType, Codec>(), utf16: new WeakMap<WitType, Codec>(), 'latin1+utf16': new WeakMap<WitType, Codec>() }

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
      return encoding === 'utf8' ? UTF8 : encoding === 'utf16' ? UTF16 : LATIN1
    case 'list':
      return list(type.element, encoding)
    case 'record':
      return members(
        type.fields.map((f) => f.type),
        encoding,
      )
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

/** The glue of `call.ts` by codecs. */
function callOf(fn: WitFunction, encoding: StringEncoding, way: 'lift' | 'lower') {
  const { spilled, area } = coreSignature(fn, way)
  const types = fn.params.map((p) => p.type)
  const params = members(types, encoding)
  const result = fn.result === undefined ? undefined : codecOf(fn.result, encoding)
  const place = area && fn.result !== undefined ? layoutOf(fn.result) : undefined
  return { spilled, params, whole: fieldsLayout(types), result, place }
}

export function interpretedExport(fn: WitFunction, encoding: StringEncoding): ExportGlue {
  const { spilled, params, whole, result, place } = callOf(fn, encoding, 'lift')
  return {
    lower: (m, args) => {
      const out: Core[] = []
      if (spilled) {
        const at = m.allocate(whole.size, whole.align)
        params.store(m, args as WitValue, at)
        return [at]
      }
      params.lower(m, args as WitValue, out)
      return out
    },
    lift: (m, value) => {
      if (result === undefined) return null
      m.begin()
      if (place === undefined) return result.lift(m, { values: [value as Core], at: 0 })
      return result.load(m, m.check(value as number, place.size, place.align))
    },
  }
}

export function interpretedImport(fn: WitFunction, encoding: StringEncoding): ImportGlue {
  const { spilled, params, whole, result, place } = callOf(fn, encoding, 'lower')
  return {
    lift: (m, args) => {
      m.begin()
      if (place !== undefined) m.check(args[args.length - 1] as number, place.size, place.align)
      if (spilled) return params.load(m, m.check(args[0] as number, whole.size, whole.align)) as readonly WitValue[]
      return params.lift(m, { values: args, at: 0 }) as readonly WitValue[]
    },
    lower: (m, value, args) => {
      if (result === undefined) return undefined
      if (place !== undefined) {
        result.store(m, value, m.check(args[args.length - 1] as number, place.size, place.align))
        return undefined
      }
      const out: Core[] = []
      result.lower(m, value, out)
      return out[0]
    },
  }
}
