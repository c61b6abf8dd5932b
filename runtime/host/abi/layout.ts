/** Sizes, alignments and core signatures of WIT types (component-model CanonicalABI.md, "Alignment", "Element Size", "Flattening"). */
import type { WitFunction, WitType } from '../../core/index.ts'

export const MAX_FLAT_PARAMS = 16
export const MAX_FLAT_RESULTS = 1

/** How a type lies in memory, in bytes, and what it flattens to. */
export interface Layout {
  readonly size: number
  readonly align: number
  /** Core types by letter: i i32, l i64, f f32, d f64. */
  readonly flat: string
}

const PRIMITIVES: Readonly<Record<string, Layout>> = {
  bool: { size: 1, align: 1, flat: 'i' },
  u8: { size: 1, align: 1, flat: 'i' },
  s8: { size: 1, align: 1, flat: 'i' },
  u16: { size: 2, align: 2, flat: 'i' },
  s16: { size: 2, align: 2, flat: 'i' },
  u32: { size: 4, align: 4, flat: 'i' },
  s32: { size: 4, align: 4, flat: 'i' },
  u64: { size: 8, align: 8, flat: 'l' },
  s64: { size: 8, align: 8, flat: 'l' },
  f32: { size: 4, align: 4, flat: 'f' },
  f64: { size: 8, align: 8, flat: 'd' },
  char: { size: 4, align: 4, flat: 'i' },
  string: { size: 8, align: 4, flat: 'ii' },
  own: { size: 4, align: 4, flat: 'i' },
  borrow: { size: 4, align: 4, flat: 'i' },
  list: { size: 8, align: 4, flat: 'ii' },
}

export const alignTo = (at: number, align: number): number => Math.ceil(at / align) * align

const cache = new WeakMap<WitType, Layout>()

/** The layout of a type; worked out once for each. */
export function layoutOf(type: WitType): Layout {
  const primitive = PRIMITIVES[type.kind]
  if (primitive !== undefined) return primitive
  let found = cache.get(type)
  if (found === undefined) {
    found = compute(type)
    cache.set(type, found)
  }
  return found
}

/** Bytes of a discriminant. */
export const tagSize = (cases: number): 1 | 2 | 4 => (cases <= 0x100 ? 1 : cases <= 0x1_0000 ? 2 : 4)

/** Offsets of members one after the other, and the whole. */
export function fieldsLayout(types: readonly WitType[]): Layout & { readonly offsets: readonly number[] } {
  let at = 0
  let align = 1
  let flat = ''
  const offsets = types.map((type) => {
    const inner = layoutOf(type)
    at = alignTo(at, inner.align)
    const offset = at
    at += inner.size
    align = Math.max(align, inner.align)
    flat += inner.flat
    return offset
  })
  return { size: alignTo(at, align), align, flat, offsets }
}

/** Payload types of anything with a discriminant, in order. */
export function casesOf(type: Extract<WitType, { kind: 'option' | 'result' | 'variant' | 'enum' }>): readonly (WitType | undefined)[] {
  switch (type.kind) {
    case 'option':
      return [undefined, type.some]
    case 'result':
      return [type.ok, type.err]
    case 'enum':
      return type.names.map(() => undefined)
    case 'variant':
      return type.cases.map((c) => c.type)
  }
}

function join(a: string, b: string): string {
  if (a === b) return a
  return (a === 'i' && b === 'f') || (a === 'f' && b === 'i') ? 'i' : 'l'
}

/** Where the payload of a variant stands. */
export function payloadOffset(cases: readonly (WitType | undefined)[]): number {
  return alignTo(tagSize(cases.length), Math.max(1, ...cases.map((c) => (c === undefined ? 1 : layoutOf(c).align))))
}

function compute(type: WitType): Layout {
  if (type.kind === 'record') return fieldsLayout(type.fields.map((f) => f.type))
  if (type.kind === 'tuple') return fieldsLayout(type.items)
  if (type.kind === 'flags') {
    const size = type.names.length <= 8 ? 1 : type.names.length <= 16 ? 2 : 4
    return { size, align: size, flat: 'i' }
  }
  const cases = casesOf(type as Extract<WitType, { kind: 'option' | 'result' | 'variant' | 'enum' }>)
  const tag = tagSize(cases.length)
  let align: number = tag
  let payload = 0
  const flat: string[] = []
  for (const c of cases) {
    if (c === undefined) continue
    const inner = layoutOf(c)
    align = Math.max(align, inner.align)
    payload = Math.max(payload, inner.size)
    ;[...inner.flat].forEach((letter, i) => {
      const old = flat[i]
      flat[i] = old === undefined ? letter : join(old, letter)
    })
  }
  return { size: alignTo(payloadOffset(cases) + payload, align), align, flat: `i${flat.join('')}` }
}

/** Core types of a function by letter, as in `Layout`. */
export interface CoreSignature {
  readonly params: string
  readonly results: string
  /** Parameters go through memory. */
  readonly spilled: boolean
  /** The result goes through memory. */
  readonly area: boolean
}

/** The core signature of a function that is lifted (exported by the guest) or lowered (imported by it). */
export function coreSignature(fn: WitFunction, way: 'lift' | 'lower'): CoreSignature {
  const flat = fn.params.map((p) => layoutOf(p.type).flat).join('')
  const result = fn.result === undefined ? '' : layoutOf(fn.result).flat
  const spilled = flat.length > MAX_FLAT_PARAMS
  const area = result.length > MAX_FLAT_RESULTS
  const params = spilled ? 'i' : flat
  if (!area) return { params, results: result, spilled, area }
  return way === 'lift' ? { params, results: 'i', spilled, area } : { params: `${params}i`, results: '', spilled, area }
}
