/** Reads what people type: JSON arguments, files, headers, tensors. */
import { readFileSync } from 'node:fs'
import { DTYPES, isObject, OIP_TYPES, shown, tensorOf, UtnetError, type Dtype, type NamedTensor } from '../../runtime/core/index.ts'

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

function jsonInput(name: string, text: string, reviver?: typeof exact): unknown {
  try {
    return JSON.parse(text, reviver)
  } catch (cause) {
    throw new UtnetError('usage', `input ${name} is not JSON: ${cause instanceof Error ? cause.message : ''}`, { cause })
  }
}

/** What stands in a description of a tensor, or nested arrays of numbers, or one number. */
function described(json: unknown): Readonly<Record<string, unknown>> {
  return isObject(json) ? json : { data: json }
}

/**
 * `--input NAME=@FILE.json`: `{"dtype","shape","data"}`, data flat or nested as the shape says, or nested arrays of numbers as f32. Its values are read as the
 * gateway reads them. Throws `usage` for what cannot be read or is no JSON, `tensor_dtype`, `tensor_shape` and `tensor_input` naming the input.
 */
export function tensorArgument(text: string): NamedTensor {
  const at = text.indexOf('=')
  if (at < 1) throw new UtnetError('usage', `--input must be NAME=@FILE.json, got ${text}`)
  const name = text.slice(0, at)
  const source = text.slice(at + 1)
  const json = source.startsWith('@') ? new TextDecoder().decode(readInput(source.slice(1))) : source
  const plain = described(jsonInput(name, json))
  const dtype = plain['dtype'] ?? 'f32'
  if (typeof dtype !== 'string' || !Object.hasOwn(DTYPES, dtype)) {
    throw new UtnetError('tensor_dtype', `input ${name}: dtype must be one of ${Object.keys(DTYPES).join(', ')}, got ${shown(dtype)}`)
  }
  const given = (dtype === 'u64' || dtype === 's64' ? described(jsonInput(name, json, exact)) : plain)['data']
  const data: readonly unknown[] = Array.isArray(given) ? given : [given]
  return tensorOf({ name, datatype: OIP_TYPES[dtype as Dtype], shape: plain['shape'] ?? nestedShape(given), data }, 'input')
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

/** Node's own (ECMAScript 2026), which the compiler does not know yet. */
const { rawJSON } = JSON as unknown as { readonly rawJSON: (text: string) => unknown }

/** A tensor as JSON, bit for bit: NaN and infinities are strings, 64-bit integers decimal strings, -0 is -0. As a file it is an input. */
export function tensorJson(tensor: NamedTensor): Record<string, unknown> {
  const view = new DataView(tensor.data.buffer, tensor.data.byteOffset, tensor.data.byteLength)
  const size = DTYPES[tensor.dtype]
  const data = Array.from({ length: tensor.data.length / size }, (_, i) => {
    const value = READERS[tensor.dtype](view, i * size)
    if (Object.is(value, -0)) return rawJSON('-0')
    return typeof value === 'bigint' || (typeof value === 'number' && !Number.isFinite(value)) ? String(value) : value
  })
  return { name: tensor.name, dtype: tensor.dtype, shape: tensor.shape, data }
}
