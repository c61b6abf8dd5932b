/** What a value is on the AssemblyScript side, with its canonical-ABI layout (component-model CanonicalABI.md, "Alignment", "Element Size", "Flattening"). */

export type CoreType = 'i32' | 'i64' | 'f32' | 'f64'

export type ScalarName = 'bool' | 'u8' | 'i8' | 'u16' | 'i16' | 'u32' | 'i32' | 'u64' | 'i64' | 'f32' | 'f64'

/** A field of a class that is a WIT record. */
export interface RecordField {
  /** Name of the class field. */
  readonly name: string
  readonly type: GuestType
}

/** A case of a variant: the class's field that holds its payload, if it has one. */
export interface VariantCase {
  readonly field: string | undefined
  readonly type: GuestType | undefined
  /** The field is a `Box` of the payload or null. */
  readonly boxed?: boolean
}

/** A class that holds elements; the typed arrays only numbers, in their own layout. */
export type Container =
  | 'Array'
  | 'StaticArray'
  | 'Int8Array'
  | 'Uint16Array'
  | 'Int16Array'
  | 'Uint32Array'
  | 'Int32Array'
  | 'Uint64Array'
  | 'Int64Array'
  | 'Float32Array'
  | 'Float64Array'

export type GuestType =
  /** Also enums, flags, chars and handles: `as` is the type in memory, `held` the one in AssemblyScript where that is another. */
  | { readonly kind: 'scalar'; readonly as: ScalarName; readonly held?: ScalarName }
  /** A handle in a class of its own; lowering an own takes it out of the object. */
  | { readonly kind: 'handle'; readonly className: string; readonly own: boolean }
  | { readonly kind: 'string' }
  /** The SDK's `Amount`, as decimal text: WIT has no integer of 128 bits. */
  | { readonly kind: 'amount' }
  | { readonly kind: 'bytes' }
  | { readonly kind: 'list'; readonly element: GuestType; readonly container: Container }
  | { readonly kind: 'option'; readonly some: GuestType }
  /** No payload on both sides is a plain bool, unless `absent` says how a side without payload is written. */
  | { readonly kind: 'result'; readonly ok: GuestType | undefined; readonly err: GuestType | undefined; readonly absent?: 'Unit' }
  | { readonly kind: 'record'; readonly className: string; readonly fields: readonly RecordField[] }
  | { readonly kind: 'variant'; readonly className: string; readonly cases: readonly VariantCase[] }

const SIZES: Record<ScalarName, number> = { bool: 1, u8: 1, i8: 1, u16: 2, i16: 2, u32: 4, i32: 4, u64: 8, i64: 8, f32: 4, f64: 8 }

export interface Layout {
  readonly size: number
  readonly align: number
}

export const alignTo = (offset: number, align: number): number => Math.ceil(offset / align) * align

/** Offsets of members laid out one after the other, and the whole. */
export function recordLayout(types: readonly GuestType[]): Layout & { readonly offsets: readonly number[] } {
  let offset = 0
  let align = 1
  const offsets: number[] = []
  for (const type of types) {
    const inner = layout(type)
    offset = alignTo(offset, inner.align)
    offsets.push(offset)
    offset += inner.size
    align = Math.max(align, inner.align)
  }
  return { size: alignTo(offset, align), align, offsets }
}

export const tagSize = (cases: number): 1 | 2 | 4 => (cases <= 1 << 8 ? 1 : cases <= 1 << 16 ? 2 : 4)

/** Bytes: `payload` is the offset of the payload behind the tag. */
export function variantLayout(
  payloads: readonly (GuestType | undefined)[],
): Layout & { readonly payload: number; readonly tag: 1 | 2 | 4 } {
  const tag = tagSize(payloads.length)
  const inner = payloads.map((p) => (p === undefined ? { size: 0, align: 1 } : layout(p)))
  const payloadAlign = Math.max(1, ...inner.map((i) => i.align))
  const align = Math.max(tag, payloadAlign)
  const payload = alignTo(tag, payloadAlign)
  return { size: alignTo(payload + Math.max(0, ...inner.map((i) => i.size)), align), align, payload, tag }
}

/** Size and alignment in bytes. */
export function layout(type: GuestType): Layout {
  switch (type.kind) {
    case 'scalar':
      return { size: SIZES[type.as], align: SIZES[type.as] }
    case 'handle':
      return { size: 4, align: 4 }
    case 'string':
    case 'amount':
    case 'bytes':
    case 'list':
      return { size: 8, align: 4 }
    case 'record':
      return recordLayout(type.fields.map((f) => f.type))
    default:
      return variantLayout(payloads(type))
  }
}

/** The cases of anything that has a discriminant, in order. */
export function payloads(type: Extract<GuestType, { kind: 'option' | 'result' | 'variant' }>): readonly (GuestType | undefined)[] {
  if (type.kind === 'option') return [undefined, type.some]
  if (type.kind === 'result') return [type.ok, type.err]
  return type.cases.map((c) => c.type)
}

function join(a: CoreType, b: CoreType): CoreType {
  if (a === b) return a
  return (a === 'i32' && b === 'f32') || (a === 'f32' && b === 'i32') ? 'i32' : 'i64'
}

/** The core values that a value becomes as a parameter. */
export function flatten(type: GuestType): readonly CoreType[] {
  switch (type.kind) {
    case 'scalar':
      if (type.as === 'f32' || type.as === 'f64') return [type.as]
      return [SIZES[type.as] === 8 ? 'i64' : 'i32']
    case 'handle':
      return ['i32']
    case 'string':
    case 'amount':
    case 'bytes':
    case 'list':
      return ['i32', 'i32']
    case 'record':
      return type.fields.flatMap((f) => flatten(f.type))
    default: {
      const flat: CoreType[] = []
      for (const payload of payloads(type)) {
        if (payload === undefined) continue
        flatten(payload).forEach((core, i) => {
          const old = flat[i]
          flat[i] = old === undefined ? core : join(old, core)
        })
      }
      return ['i32', ...flat]
    }
  }
}

/** A typed array: Float64Array is one, Array and StaticArray are not. */
export const isTyped = (container: Container): boolean => /\d/.test(container)

const isBool = (type: GuestType): boolean =>
  type.kind === 'result' && type.ok === undefined && type.err === undefined && type.absent === undefined

/** True for what AssemblyScript holds as a reference, so that `T | null` exists. */
export function isReference(type: GuestType): boolean {
  return type.kind !== 'scalar' && !isBool(type)
}

/** True for a payload of an option that sits in a `Box`: `T | null` does not exist, or is an option itself. */
export function isBoxed(some: GuestType): boolean {
  return !isReference(some) || some.kind === 'option'
}

/** True for elements that lie in an array as they do in the canonical ABI. */
export function liesFlat(element: GuestType): boolean {
  return element.kind === 'scalar' && element.held === undefined
}

/** The type as AssemblyScript text. */
export function asText(type: GuestType): string {
  switch (type.kind) {
    case 'scalar':
      return type.held ?? type.as
    case 'string':
      return 'string'
    case 'amount':
      return 'Amount'
    case 'bytes':
      return 'Uint8Array'
    case 'list':
      return isTyped(type.container) ? type.container : `${type.container}<${asText(type.element)}>`
    case 'option':
      return isBoxed(type.some) ? `Box<${asText(type.some)}> | null` : `${asText(type.some)} | null`
    case 'result': {
      if (isBool(type)) return 'bool'
      const absent = type.absent ?? 'u8'
      return `Result<${type.ok === undefined ? absent : asText(type.ok)}, ${type.err === undefined ? absent : asText(type.err)}>`
    }
    case 'handle':
    case 'record':
    case 'variant':
      return type.className
  }
}
