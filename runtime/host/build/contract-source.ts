/** The class with which a contract calls another one, written from that one's WIT: what an author would declare by hand (docs/sdk). */
import type { WitFunction, WitType } from '../../core/wit/wit-type.ts'
import { isUtnetError } from '../../core/errors.ts'
import { camelCase, kebabCase, pascalCase } from './types/index.ts'

/** What a value of another contract is in AssemblyScript, where its readers and writers know it. */
const SCALARS: Readonly<Record<string, string>> = {
  bool: 'bool',
  u8: 'u8',
  s8: 'i8',
  u16: 'u16',
  s16: 'i16',
  u32: 'u32',
  s32: 'i32',
  u64: 'u64',
  s64: 'i64',
  f32: 'f32',
  f64: 'f64',
  string: 'string',
}

/** Of these there is a null. */
const REFERENCES: ReadonlySet<WitType['kind']> = new Set(['string', 'list', 'record'])

/** Names of the file that classes may not have: they are imported, or the language's own. */
const TAKEN = ['Contract', 'Attempt', 'Amount', 'Nothing', 'Array', 'Uint8Array', 'String', 'Object', 'Error', 'Map', 'Set', 'Date']

const CLASS_NAME = /^[A-Z][A-Za-z0-9]*$/

/** What a node tells may be any text: in a comment it stays within its line, and does not end it. */
const inComment = (text: string): string => text.slice(0, 120).replace(/[^\x20-\x7e]|\*\//g, '?')

/** A type that no value of a call can have. */
class Unsayable extends Error {
  override readonly name = 'Unsayable'
}

interface RecordClass {
  readonly name: string
  readonly text: string
}

/** The names of a record's fields, as the record has them; in AssemblyScript they must lead back to the same. */
function sayable(kebab: string): string {
  const name = camelCase(kebab)
  try {
    if (kebabCase(name) === kebab) return name
  } catch (error) {
    if (!isUtnetError(error, 'guest_build')) throw error
  }
  throw new Unsayable(`the name ${kebab}`)
}

class Writer {
  /** By the shape of the record. */
  readonly #records = new Map<string, RecordClass>()
  readonly #names: Set<string>

  constructor(className: string) {
    this.#names = new Set([...TAKEN, className])
  }

  get records(): readonly string[] {
    return [...this.#records.values()].map(({ text }) => text)
  }

  /** `hint` names a record that has no name: components do not tell those of their types. */
  type(type: WitType, hint: string): string {
    if (Object.hasOwn(SCALARS, type.kind)) return SCALARS[type.kind] as string
    switch (type.kind) {
      case 'list':
        return type.element.kind === 'u8' ? 'Uint8Array' : `Array<${this.type(type.element, hint.replace(/([^s])s$/, '$1'))}>`
      case 'option':
        if (!REFERENCES.has(type.some.kind)) throw new Unsayable(`an option of ${type.some.kind}`)
        return `${this.type(type.some, hint)} | null`
      case 'record':
        return this.#record(type, hint)
      default:
        throw new Unsayable(/^[aeiou]/.test(type.kind) ? `an ${type.kind}` : `a ${type.kind}`)
    }
  }

  #record(type: Extract<WitType, { kind: 'record' }>, hint: string): string {
    const shape = JSON.stringify(type)
    const found = this.#records.get(shape)
    if (found !== undefined) return found.name
    const fields = type.fields.map((f) => `    public ${sayable(f.name)}: ${this.type(f.type, f.name)},`)
    const wanted = pascalCase(type.name ?? hint)
    if (!CLASS_NAME.test(wanted)) throw new Unsayable(`the name ${wanted}`)
    const name = this.#free(wanted)
    this.#records.set(shape, { name, text: `@data\nexport class ${name} {\n  constructor(\n${fields.join('\n')}\n  ) {}\n}` })
    return name
  }

  #free(wanted: string): string {
    let name = wanted
    for (let n = 2; this.#names.has(name); n++) name = `${wanted}${n}`
    this.#names.add(name)
    return name
  }
}

function methodOf(writer: Writer, { name, params, result }: WitFunction): string {
  try {
    const args = params.map((p) => `${sayable(p.name)}: ${writer.type(p.type, p.name)}`)
    return `  ${sayable(name)}(${args.join(', ')}): ${result === undefined ? 'void' : writer.type(result, `${name}-result`)}`
  } catch (error) {
    if (!(error instanceof Unsayable)) throw error
    return `  // ${inComment(`${name}: no call can carry ${error.message}`)}`
  }
}

/** AssemblyScript text of a class for the exports of the contract `name`; methods that no call can carry are comments. */
export function contractSource(name: string, exports: readonly WitFunction[]): string {
  const wanted = pascalCase(name.replace(/^[^a-z]+/, ''))
  const className = CLASS_NAME.test(wanted) ? wanted : 'Other'
  const writer = new Writer(className)
  const methods = exports.map((fn) => methodOf(writer, fn))
  const parts = [
    `import { Contract } from '@utnet/sdk'`,
    ...writer.records,
    [
      `/** The contract ${inComment(name)}. A call that fails reverts the caller; with Attempt<T> as a method's type the caller goes on. Money is text in WIT: say Amount for it. */`,
      `export declare class ${className} extends Contract {`,
      ...methods,
      '}',
    ].join('\n'),
  ]
  return `${parts.join('\n\n')}\n`
}
