/** For tests: values in canonical form against the JavaScript objects of jco's glue. */
import type { WitType, WitValue } from '../../../core/index.ts'

const camel = (kebab: string): string => kebab.replace(/-([a-z0-9])/g, (_, c: string) => c.toUpperCase())

const ARRAYS = {
  u8: Uint8Array,
  s8: Int8Array,
  u16: Uint16Array,
  s16: Int16Array,
  u32: Uint32Array,
  s32: Int32Array,
  u64: BigUint64Array,
  s64: BigInt64Array,
  f32: Float32Array,
  f64: Float64Array,
} as const

const view = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.length)

/** Written as the value or undefined. An option around such a one is tagged, and so has no undefined of its own. */
const nullable = (type: WitType): boolean => type.kind === 'option' && !nullable(type.some)

interface TaggedValue {
  readonly tag: string
  readonly val?: unknown
}

const withPayload = (tag: string, type: WitType | undefined, value: WitValue | undefined): TaggedValue =>
  type === undefined ? { tag } : { tag, val: toJco(type, value as WitValue) }

export function toJco(type: WitType, value: WitValue): unknown {
  const items = value as readonly WitValue[]
  switch (type.kind) {
    case 'u64':
    case 's64':
      return BigInt(value as number | bigint)
    case 'f32':
      return view(value as Uint8Array).getFloat32(0, true)
    case 'f64':
      return view(value as Uint8Array).getFloat64(0, true)
    case 'list': {
      if (type.element.kind === 'u8') return value
      const elements = items.map((v) => toJco(type.element, v))
      const array = ARRAYS[type.element.kind as keyof typeof ARRAYS] as { from(v: readonly unknown[]): unknown } | undefined
      return array === undefined ? elements : array.from(elements)
    }
    case 'option':
      if (!nullable(type.some)) return items.length === 0 ? undefined : toJco(type.some, items[0] as WitValue)
      return items.length === 0 ? { tag: 'none' } : withPayload('some', type.some, items[0])
    case 'result':
      return items[0] === 0 ? withPayload('ok', type.ok, items[1]) : withPayload('err', type.err, items[1])
    case 'tuple':
      return type.items.map((t, i) => toJco(t, items[i] as WitValue))
    case 'record':
      return Object.fromEntries(type.fields.map((f, i) => [camel(f.name), toJco(f.type, items[i] as WitValue)]))
    case 'variant': {
      const { name, type: inner } = type.cases[items[0] as number] as { name: string; type: WitType | undefined }
      return withPayload(name, inner, items[1])
    }
    case 'enum':
      return type.names[value as number]
    case 'flags':
      return Object.fromEntries(type.names.map((n, i) => [camel(n), (value as number[]).includes(i)]))
    default:
      return value
  }
}

function floatBits(value: number, width: 4 | 8): Uint8Array {
  const bytes = new Uint8Array(width)
  const v = view(bytes)
  if (Number.isNaN(value)) {
    if (width === 4) v.setUint32(0, 0x7fc0_0000, true)
    else v.setBigUint64(0, 0x7ff8_0000_0000_0000n, true)
  } else if (width === 4) v.setFloat32(0, value, true)
  else v.setFloat64(0, value, true)
  return bytes
}

const payload = (tag: number, type: WitType | undefined, js: unknown): WitValue => (type === undefined ? [tag] : [tag, fromJco(type, js)])

export function fromJco(type: WitType, js: unknown): WitValue {
  switch (type.kind) {
    case 'u64':
    case 's64': {
      const n = js as bigint
      return n >= BigInt(Number.MIN_SAFE_INTEGER) && n <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(n) : n
    }
    case 'f32':
      return floatBits(js as number, 4)
    case 'f64':
      return floatBits(js as number, 8)
    case 'list':
      if (type.element.kind === 'u8') return Uint8Array.from(js as Uint8Array)
      return Array.from(js as ArrayLike<unknown>, (v) => fromJco(type.element, v))
    case 'option': {
      if (!nullable(type.some)) return js === undefined || js === null ? [] : [fromJco(type.some, js)]
      const { tag, val } = js as TaggedValue
      return tag === 'none' ? [] : [fromJco(type.some, val)]
    }
    case 'result': {
      const { tag, val } = js as TaggedValue
      return tag === 'ok' ? payload(0, type.ok, val) : payload(1, type.err, val)
    }
    case 'tuple':
      return type.items.map((t, i) => fromJco(t, (js as readonly unknown[])[i]))
    case 'record':
      return type.fields.map((f) => fromJco(f.type, (js as Record<string, unknown>)[camel(f.name)]))
    case 'variant': {
      const { tag, val } = js as TaggedValue
      const index = type.cases.findIndex((c) => c.name === tag)
      return payload(index, type.cases[index]?.type, val)
    }
    case 'enum':
      return type.names.indexOf(js as string)
    case 'flags':
      return type.names.flatMap((n, i) => ((js as Record<string, boolean>)[camel(n)] === true ? [i] : []))
    default:
      return js as WitValue
  }
}
