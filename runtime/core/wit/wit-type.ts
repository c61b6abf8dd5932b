/** The types of WIT values (component model), as data: shared by the host's glue, the guest generator, the gateway's JSON view and the CLI. */

/** Types without parameters. */
export type WitPrimitive = 'bool' | 'u8' | 's8' | 'u16' | 's16' | 'u32' | 's32' | 'u64' | 's64' | 'f32' | 'f64' | 'char' | 'string'

/** A field of a record. */
export interface WitField {
  readonly name: string
  readonly type: WitType
}

/** A case of a variant; without a type it has no payload. */
export interface WitCase {
  readonly name: string
  readonly type: WitType | undefined
}

/** A resolved type: names are followed, aliases are gone. `name` is kept where the WIT text gave one, for printing only. */
export type WitType =
  | { readonly kind: WitPrimitive }
  | { readonly kind: 'list'; readonly element: WitType }
  | { readonly kind: 'option'; readonly some: WitType }
  | { readonly kind: 'result'; readonly ok: WitType | undefined; readonly err: WitType | undefined }
  | { readonly kind: 'tuple'; readonly items: readonly WitType[] }
  | { readonly kind: 'record'; readonly name?: string; readonly fields: readonly WitField[] }
  | { readonly kind: 'variant'; readonly name?: string; readonly cases: readonly WitCase[] }
  | { readonly kind: 'enum'; readonly name?: string; readonly names: readonly string[] }
  | { readonly kind: 'flags'; readonly name?: string; readonly names: readonly string[] }
  | { readonly kind: 'own' | 'borrow'; readonly resource: string }

/** A function of WIT. */
export interface WitFunction {
  readonly name: string
  readonly params: readonly WitField[]
  readonly result: WitType | undefined
}

/** WIT text of a type, for descriptions and error messages: `list<u8>`, `record { a: u32 }`. */
export function printWitType(type: WitType): string {
  switch (type.kind) {
    case 'list':
      return `list<${printWitType(type.element)}>`
    case 'option':
      return `option<${printWitType(type.some)}>`
    case 'result': {
      if (type.ok === undefined && type.err === undefined) return 'result'
      const ok = type.ok === undefined ? '_' : printWitType(type.ok)
      return type.err === undefined ? `result<${ok}>` : `result<${ok}, ${printWitType(type.err)}>`
    }
    case 'tuple':
      return `tuple<${type.items.map(printWitType).join(', ')}>`
    case 'record':
      return `record { ${type.fields.map((f) => `${f.name}: ${printWitType(f.type)}`).join(', ')} }`
    case 'variant':
      return `variant { ${type.cases.map((c) => (c.type === undefined ? c.name : `${c.name}(${printWitType(c.type)})`)).join(', ')} }`
    case 'enum':
      return `enum { ${type.names.join(', ')} }`
    case 'flags':
      return `flags { ${type.names.join(', ')} }`
    case 'own':
    case 'borrow':
      return `${type.kind}<${type.resource}>`
    default:
      return type.kind
  }
}

/** WIT text of a function: `func(to: string, amount: u64) -> u64`. */
export function printWitFunction(fn: WitFunction): string {
  const params = fn.params.map((p) => `${p.name}: ${printWitType(p.type)}`).join(', ')
  return fn.result === undefined ? `func(${params})` : `func(${params}) -> ${printWitType(fn.result)}`
}
