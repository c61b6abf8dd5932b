/** The AssemblyScript that an author writes for a WIT type, as docs/guest-types.md has it. */
import type { WitType } from '../../runtime/core/index.ts'

const SCALARS: Readonly<Record<string, string>> = {
  bool: 'bool', u8: 'u8', s8: 'i8', u16: 'u16', s16: 'i16', u32: 'u32', s32: 'i32', u64: 'u64', s64: 'i64', f32: 'f32', f64: 'f64', char: 'char', string: 'string',
} // oxfmt-ignore
const TYPED: Readonly<Record<string, string>> = {
  u8: 'Uint8Array', s8: 'Int8Array', u16: 'Uint16Array', s16: 'Int16Array', u32: 'Uint32Array', s32: 'Int32Array', u64: 'Uint64Array', s64: 'Int64Array', f32: 'Float32Array', f64: 'Float64Array',
} // oxfmt-ignore

const camel = (kebab: string): string => kebab.replace(/-([a-z0-9])/g, (_, c: string) => c.toUpperCase())

export class AuthorText {
  readonly declarations: string[] = []
  #names = 0

  /** Numbers and bools have no null. */
  #isPlain(type: WitType): boolean {
    return (type.kind in SCALARS && type.kind !== 'string') || type.kind === 'enum' || type.kind === 'flags'
  }

  text(type: WitType): string {
    const scalar = SCALARS[type.kind]
    if (scalar !== undefined) return scalar
    switch (type.kind) {
      case 'list': {
        const typed = TYPED[type.element.kind]
        // Arrays of numbers have two forms; lists of u8 are bytes
        if (typed !== undefined && (type.element.kind === 'u8' || this.#names++ % 2 === 0)) return typed
        return `${this.#names++ % 3 === 0 ? 'StaticArray' : 'Array'}<${this.text(type.element)}>`
      }
      case 'option':
        return this.#isPlain(type.some) || type.some.kind === 'option'
          ? `Box<${this.text(type.some)}> | null`
          : `${this.text(type.some)} | null`
      case 'result':
        return `Result<${type.ok === undefined ? 'Unit' : this.text(type.ok)}, ${type.err === undefined ? 'Unit' : this.text(type.err)}>`
      case 'tuple':
        return `Tuple${type.items.length}<${type.items.map((t) => this.text(t)).join(', ')}>`
      case 'record':
        return this.#declare('R', (name) => {
          const fields = type.fields.map((f) => `public ${camel(f.name)}: ${this.text(f.type)}`)
          return `export class ${name} { constructor(${fields.join(', ')}) {} }`
        })
      case 'enum':
        return this.#declare('E', (name) => `export enum ${name} { ${type.names.map(camel).join(', ')} }`)
      case 'flags':
        return this.#declare(
          'F',
          (name) => `@flags export enum ${name} { ${type.names.map((n, i) => `${camel(n)} = 1 << ${i}`).join(', ')} }`,
        )
      case 'variant':
        return this.#declare('V', (name) => {
          const fields = type.cases.flatMap((c) => (c.type === undefined ? [] : [`${camel(c.name)}: ${this.#payload(c.type)}`]))
          return `export enum ${name}Tag { ${type.cases.map((c) => camel(c.name)).join(', ')} }
@variant export class ${name} { ${fields.join('; ')}${fields.length > 0 ? '; ' : ''}constructor(public tag: ${name}Tag) {} }`
        })
      default:
        throw new Error(`no text for ${type.kind}`)
    }
  }

  #payload(type: WitType): string {
    if (this.#isPlain(type)) return `${this.text(type)} = ${type.kind === 'bool' ? 'false' : '0'}`
    return type.kind === 'option' ? `Box<${this.text(type)}> | null = null` : `${this.text(type)} | null = null`
  }

  #declare(prefix: string, text: (name: string) => string): string {
    const name = `${prefix}${this.#names++}`
    this.declarations.push(text(name))
    return name
  }
}
