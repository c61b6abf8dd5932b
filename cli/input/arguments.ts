/** Reads what people type: JSON arguments, files, headers, tensors. */
import { readFileSync } from 'node:fs'
import { DTYPES, elementCount, UtnetError, type Dtype, type NamedTensor } from '../../runtime/core/index.ts'

/** A 64-bit integer does not fit a JSON number: it stays the digits that were typed. */
function exact(_key: string, value: unknown, context?: { readonly source?: string }): unknown {
  const source = context?.source
  return typeof value === 'number' && !Number.isSafeInteger(value) && source !== undefined && /^-?\d+$/.test(source) ? source : value
}

/** An argument as JSON; bare text that is no JSON stands for itself, so that addresses need no quotes. */
export function jsonArgument(text: string): unknown {
  try {
    return JSON.parse(text, exact)
  } catch {
    if (/^[[{"]/.test(text.trim())) throw new UtnetError('usage', `argument is not valid JSON: ${text.slice(0, 80)}`)
    return text
  }
}

/** The bytes of a file; throws `usage` naming it. */
export function readInput(path: string): Uint8Array {
  try {
    return readFileSync(path)
  } catch (cause) {
    throw new UtnetError('usage', `cannot read ${path}: ${cause instanceof Error ? cause.message : ''}`, { cause })
  }
}

/** `--data TEXT` or `--data @FILE`. */
export function dataArgument(text: string): Uint8Array {
  return text.startsWith('@') ? readInput(text.slice(1)) : new TextEncoder().encode(text)
}

/** `--header K:V`. */
export function headerArgument(text: string): readonly [string, string] {
  const at = text.indexOf(':')
  if (at < 1) throw new UtnetError('usage', `--header must be NAME:VALUE, got ${text}`)
  return [text.slice(0, at).trim().toLowerCase(), text.slice(at + 1).trim()]
}

const WRITERS: Readonly<Record<Dtype, (view: DataView, at: number, value: number | bigint) => void>> = {
  f32: (v, at, x) => v.setFloat32(at, Number(x), true),
  f64: (v, at, x) => v.setFloat64(at, Number(x), true),
  u8: (v, at, x) => v.setUint8(at, Number(x)),
  s8: (v, at, x) => v.setInt8(at, Number(x)),
  u16: (v, at, x) => v.setUint16(at, Number(x), true),
  s16: (v, at, x) => v.setInt16(at, Number(x), true),
  u32: (v, at, x) => v.setUint32(at, Number(x), true),
  s32: (v, at, x) => v.setInt32(at, Number(x), true),
  u64: (v, at, x) => v.setBigUint64(at, BigInt(x), true),
  s64: (v, at, x) => v.setBigInt64(at, BigInt(x), true),
  boolean: (v, at, x) => v.setUint8(at, Number(x) === 0 ? 0 : 1),
}

function jsonInput(name: string, text: string): unknown {
  try {
    return JSON.parse(text, exact)
  } catch (cause) {
    throw new UtnetError('usage', `input ${name} is not JSON: ${cause instanceof Error ? cause.message : ''}`, { cause })
  }
}

/** `--input NAME=@FILE.json`: `{"dtype","shape","data"}`, data a flat array, or nested arrays of numbers as f32. */
export function tensorArgument(text: string): NamedTensor {
  const at = text.indexOf('=')
  if (at < 1) throw new UtnetError('usage', `--input must be NAME=@FILE.json, got ${text}`)
  const name = text.slice(0, at)
  const source = text.slice(at + 1)
  const json = jsonInput(name, source.startsWith('@') ? new TextDecoder().decode(readInput(source.slice(1))) : source)
  const described =
    !Array.isArray(json) && typeof json === 'object' && json !== null
      ? (json as { dtype?: unknown; shape?: unknown; data?: unknown })
      : { data: json }
  const dtype = described.dtype ?? 'f32'
  if (typeof dtype !== 'string' || !Object.hasOwn(DTYPES, dtype)) {
    throw new UtnetError('tensor_dtype', `input ${name}: dtype must be one of ${Object.keys(DTYPES).join(', ')}, got ${String(dtype)}`)
  }
  const shape = Array.isArray(described.shape) ? (described.shape as number[]) : nestedShape(described.data)
  const flat = Array.isArray(described.data) ? (described.data as unknown[]).flat(Number.POSITIVE_INFINITY) : [described.data]
  const count = elementCount(shape, `input ${name}`)
  if (flat.length !== count)
    throw new UtnetError('tensor_shape', `input ${name}: shape [${shape.join(',')}] needs ${count} values, got ${flat.length}`)
  const data = new Uint8Array(count * DTYPES[dtype as Dtype])
  const view = new DataView(data.buffer)
  flat.forEach((value, i) => {
    const wide = dtype === 'u64' || dtype === 's64'
    const isNumber =
      typeof value === 'boolean' || (wide ? /^-?\d{1,20}$/.test(String(value)) : !Number.isNaN(Number(value)) || value === 'NaN')
    if (!isNumber || value === null || value === '' || typeof value === 'object')
      throw new UtnetError('tensor_dtype', `input ${name}: value ${i} is no ${dtype}: ${String(value).slice(0, 80)}`)
    WRITERS[dtype as Dtype](view, i * DTYPES[dtype as Dtype], wide ? BigInt(value as number | string | boolean) : Number(value))
  })
  return { name, dtype: dtype as Dtype, shape, data }
}

function nestedShape(data: unknown): number[] {
  const shape: number[] = []
  for (let at = data; Array.isArray(at); at = at[0] as unknown) shape.push(at.length)
  return shape
}

const READERS: Readonly<Record<Dtype, (view: DataView, at: number) => number | bigint | boolean>> = {
  f32: (v, at) => v.getFloat32(at, true),
  f64: (v, at) => v.getFloat64(at, true),
  u8: (v, at) => v.getUint8(at),
  s8: (v, at) => v.getInt8(at),
  u16: (v, at) => v.getUint16(at, true),
  s16: (v, at) => v.getInt16(at, true),
  u32: (v, at) => v.getUint32(at, true),
  s32: (v, at) => v.getInt32(at, true),
  u64: (v, at) => v.getBigUint64(at, true),
  s64: (v, at) => v.getBigInt64(at, true),
  boolean: (v, at) => v.getUint8(at) !== 0,
}

/** A tensor as JSON: NaN and infinities are strings, 64-bit integers decimal strings. */
export function tensorJson(tensor: NamedTensor): Record<string, unknown> {
  const view = new DataView(tensor.data.buffer, tensor.data.byteOffset, tensor.data.byteLength)
  const size = DTYPES[tensor.dtype]
  const data = Array.from({ length: tensor.data.length / size }, (_, i) => {
    const value = READERS[tensor.dtype](view, i * size)
    return typeof value === 'bigint' || (typeof value === 'number' && !Number.isFinite(value)) ? String(value) : value
  })
  return { name: tensor.name, dtype: tensor.dtype, shape: tensor.shape, data }
}
