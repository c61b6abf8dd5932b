/**
 * Values of WIT types. In the project a value is held in its canonical dag-cbor form, so that what is executed, hashed and sent is one thing:
 * integers as integers, floats as little-endian bytes of their bits (dag-cbor carries no floats), char and string as text, list<u8> as bytes,
 * lists, tuples and records as arrays, option as [] or [v], result as [0, v?] or [1, v?], variant as [index, v?], enum as index, flags as an array of indices.
 * The JSON view is SURFACE's.
 */
import { fromBase64, INTEGER_RANGES, toBase64, type Cbor } from '../codec/index.ts'
import { shown, UtnetError } from '../errors.ts'
import { printWitType, type WitType } from './wit-type.ts'

/** A value of a WIT type in its canonical form. */
export type WitValue = Cbor

const RANGES: Readonly<Record<string, readonly [bigint, bigint]>> = INTEGER_RANGES

function mismatch(path: string, type: WitType, got: unknown): UtnetError {
  return new UtnetError('value_mismatch', `${path} must be ${printWitType(type)}, got ${shown(got)}`, {
    details: { path, expected: printWitType(type) },
  })
}

/** The smallest CBOR form of an integer: a number where it is safe. */
function integer(n: bigint): number | bigint {
  return n >= BigInt(Number.MIN_SAFE_INTEGER) && n <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(n) : n
}

function floatBits(value: number, width: 4 | 8): Uint8Array {
  const bytes = new Uint8Array(width)
  const view = new DataView(bytes.buffer)
  if (width === 4) view.setFloat32(0, value, true)
  else view.setFloat64(0, value, true)
  // The one NaN of JSON is the canonical one; which bits the engine wrote is its own choice.
  if (Number.isNaN(value)) {
    bytes.fill(0)
    if (width === 4) view.setUint32(0, 0x7fc0_0000, true)
    else view.setBigUint64(0, 0x7ff8_0000_0000_0000n, true)
  }
  return bytes
}

const FLOAT_WORDS: Readonly<Record<string, number>> = {
  NaN: Number.NaN,
  Infinity: Number.POSITIVE_INFINITY,
  '-Infinity': Number.NEGATIVE_INFINITY,
}

function isObject(json: unknown): json is Record<string, unknown> {
  return typeof json === 'object' && json !== null && !Array.isArray(json)
}

/** An option whose payload can itself be null in JSON is written `{"some": …}`. */
function nullable(type: WitType): boolean {
  return type.kind === 'option'
}

/** The value of a JSON view; throws `value_mismatch` naming the path, the type and what stood there. */
export function witFromJson(type: WitType, json: unknown, path: string): WitValue {
  switch (type.kind) {
    case 'bool':
      if (typeof json !== 'boolean') throw mismatch(path, type, json)
      return json
    case 'f32':
    case 'f64': {
      const word = typeof json === 'string' ? FLOAT_WORDS[json] : undefined
      const value = word ?? json
      if (typeof value !== 'number') throw mismatch(path, type, json)
      return floatBits(value, type.kind === 'f32' ? 4 : 8)
    }
    case 'char':
      if (typeof json !== 'string' || [...json].length !== 1 || !json.isWellFormed()) throw mismatch(path, type, json)
      return json
    case 'string':
      if (typeof json !== 'string' || !json.isWellFormed()) throw mismatch(path, type, json)
      return json
    case 'list': {
      if (type.element.kind === 'u8' && typeof json === 'string') {
        try {
          return fromBase64(json, path)
        } catch {
          throw mismatch(path, type, json)
        }
      }
      if (!Array.isArray(json)) throw mismatch(path, type, json)
      const items = json.map((item, i) => witFromJson(type.element, item, `${path}[${i}]`))
      return type.element.kind === 'u8' ? Uint8Array.from(items as number[]) : items
    }
    case 'option': {
      if (json === null || json === undefined) return []
      if (!nullable(type.some)) return [witFromJson(type.some, json, path)]
      if (!isObject(json) || !Object.hasOwn(json, 'some') || Object.keys(json).length !== 1) throw mismatch(path, type, json)
      return [witFromJson(type.some, json['some'], `${path}.some`)]
    }
    case 'result': {
      if (!isObject(json) || Object.keys(json).length !== 1) throw mismatch(path, type, json)
      const side = Object.hasOwn(json, 'ok') ? 'ok' : 'err'
      if (!Object.hasOwn(json, side)) throw mismatch(path, type, json)
      const inner = type[side]
      const tag = side === 'ok' ? 0 : 1
      if (inner !== undefined) return [tag, witFromJson(inner, json[side], `${path}.${side}`)]
      if (json[side] !== null) throw mismatch(`${path}.${side}`, type, json[side])
      return [tag]
    }
    case 'tuple':
      if (!Array.isArray(json) || json.length !== type.items.length) throw mismatch(path, type, json)
      return type.items.map((item, i) => witFromJson(item, json[i], `${path}[${i}]`))
    case 'record': {
      if (!isObject(json)) throw mismatch(path, type, json)
      const known = new Set(type.fields.map((f) => f.name))
      for (const key of Object.keys(json)) {
        if (known.has(key)) continue
        throw new UtnetError('value_mismatch', `${path}.${key.slice(0, 40)} is not a field of ${printWitType(type)}`, {
          details: { path, expected: printWitType(type) },
        })
      }
      return type.fields.map((f) => {
        if (!Object.hasOwn(json, f.name) && f.type.kind !== 'option') throw mismatch(`${path}.${f.name}`, f.type, undefined)
        return witFromJson(f.type, json[f.name], `${path}.${f.name}`)
      })
    }
    case 'variant': {
      if (!isObject(json) || typeof json['tag'] !== 'string') throw mismatch(path, type, json)
      const index = type.cases.findIndex((c) => c.name === json['tag'])
      const chosen = type.cases[index]
      if (chosen === undefined) throw mismatch(`${path}.tag`, type, json['tag'])
      return chosen.type === undefined ? [index] : [index, witFromJson(chosen.type, json['val'], `${path}.val`)]
    }
    case 'enum': {
      const index = typeof json === 'string' ? type.names.indexOf(json) : -1
      if (index < 0) throw mismatch(path, type, json)
      return index
    }
    case 'flags': {
      if (!Array.isArray(json)) throw mismatch(path, type, json)
      const set = new Set(
        json.map((name) => {
          const index = typeof name === 'string' ? type.names.indexOf(name) : -1
          if (index < 0) throw mismatch(path, type, name)
          return index
        }),
      )
      return [...set].sort((a, b) => a - b)
    }
    case 'own':
    case 'borrow':
      throw mismatch(path, type, json)
    default: {
      const range = RANGES[type.kind] as readonly [bigint, bigint]
      let n: bigint
      if (typeof json === 'number' && Number.isSafeInteger(json)) n = BigInt(json)
      else if (typeof json === 'string' && (type.kind === 'u64' || type.kind === 's64') && /^-?(0|[1-9][0-9]{0,19})$/.test(json))
        n = BigInt(json)
      else throw mismatch(path, type, json)
      if (n < range[0] || n > range[1]) throw mismatch(path, type, json)
      return integer(n)
    }
  }
}

function floatFromBits(bytes: Uint8Array): number | string {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const value = bytes.length === 4 ? view.getFloat32(0, true) : view.getFloat64(0, true)
  return Number.isFinite(value) ? value : String(value)
}

/** The JSON view of a checked value. */
export function witToJson(type: WitType, value: WitValue): unknown {
  switch (type.kind) {
    case 'f32':
    case 'f64':
      return floatFromBits(value as Uint8Array)
    case 'u64':
    case 's64':
      return String(value)
    case 'list':
      return value instanceof Uint8Array ? toBase64(value) : (value as WitValue[]).map((v) => witToJson(type.element, v))
    case 'option': {
      const list = value as WitValue[]
      if (list.length === 0) return null
      const inner = witToJson(type.some, list[0] as WitValue)
      return nullable(type.some) ? { some: inner } : inner
    }
    case 'result': {
      const [tag, inner] = value as [number, WitValue?]
      const side = tag === 0 ? 'ok' : 'err'
      const of = type[side]
      return { [side]: of === undefined ? null : witToJson(of, inner as WitValue) }
    }
    case 'tuple':
      return type.items.map((item, i) => witToJson(item, (value as WitValue[])[i] as WitValue))
    case 'record':
      return Object.fromEntries(type.fields.map((f, i) => [f.name, witToJson(f.type, (value as WitValue[])[i] as WitValue)]))
    case 'variant': {
      const [index, inner] = value as [number, WitValue?]
      const chosen = type.cases[index] as { name: string; type: WitType | undefined }
      return chosen.type === undefined ? { tag: chosen.name } : { tag: chosen.name, val: witToJson(chosen.type, inner as WitValue) }
    }
    case 'enum':
      return type.names[value as number]
    case 'flags':
      return (value as number[]).map((i) => type.names[i])
    case 'bool':
    case 'char':
    case 'string':
      return value
    case 'own':
    case 'borrow':
      return null
    default:
      return Number(value)
  }
}

/** Returns the value when it is a canonical value of the type; throws `value_mismatch` with the path. What came over the wire is checked with this. */
export function awitValue(type: WitType, value: unknown, path: string): WitValue {
  const no = () => mismatch(path, type, value)
  switch (type.kind) {
    case 'bool':
      if (typeof value !== 'boolean') throw no()
      return value
    case 'char':
      if (typeof value !== 'string' || [...value].length !== 1) throw no()
      return value
    case 'string':
      if (typeof value !== 'string' || !value.isWellFormed()) throw no()
      return value
    case 'f32':
    case 'f64':
      if (!(value instanceof Uint8Array) || value.length !== (type.kind === 'f32' ? 4 : 8)) throw no()
      return value
    case 'list':
      if (type.element.kind === 'u8') {
        if (!(value instanceof Uint8Array)) throw no()
        return value
      }
      if (!Array.isArray(value)) throw no()
      return value.map((v, i) => awitValue(type.element, v, `${path}[${i}]`))
    case 'option':
      if (!Array.isArray(value) || value.length > 1) throw no()
      return value.map((v) => awitValue(type.some, v, path))
    case 'result': {
      if (!Array.isArray(value) || (value[0] !== 0 && value[0] !== 1)) throw no()
      const inner = value[0] === 0 ? type.ok : type.err
      if (value.length !== (inner === undefined ? 1 : 2)) throw no()
      return inner === undefined ? [value[0]] : [value[0], awitValue(inner, value[1], path)]
    }
    case 'tuple':
    case 'record': {
      const types = type.kind === 'tuple' ? type.items : type.fields.map((f) => f.type)
      if (!Array.isArray(value) || value.length !== types.length) throw no()
      return types.map((t, i) => awitValue(t, value[i], type.kind === 'tuple' ? `${path}[${i}]` : `${path}.${type.fields[i]?.name}`))
    }
    case 'variant': {
      if (!Array.isArray(value) || typeof value[0] !== 'number') throw no()
      const chosen = type.cases[value[0]]
      if (chosen === undefined || value.length !== (chosen.type === undefined ? 1 : 2)) throw no()
      return chosen.type === undefined ? [value[0]] : [value[0], awitValue(chosen.type, value[1], path)]
    }
    case 'enum':
      if (typeof value !== 'number' || !Number.isInteger(value) || value < 0 || value >= type.names.length) throw no()
      return value
    case 'flags': {
      if (!Array.isArray(value)) throw no()
      let last = -1
      for (const i of value) {
        if (typeof i !== 'number' || !Number.isInteger(i) || i <= last || i >= type.names.length) throw no()
        last = i
      }
      return value as number[]
    }
    case 'own':
    case 'borrow':
      throw no()
    default: {
      if (typeof value !== 'number' && typeof value !== 'bigint') throw no()
      if (typeof value === 'number' && !Number.isSafeInteger(value)) throw no()
      const [low, high] = RANGES[type.kind] as readonly [bigint, bigint]
      const n = BigInt(value)
      if (n < low || n > high) throw no()
      return integer(n)
    }
  }
}
