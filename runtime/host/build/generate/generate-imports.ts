/** WIT interface -> the raw AssemblyScript layer of its imports: one function each, handles as i32, results as objects. */

import type { WitFunction, WitType } from '../../../core/wit/wit-type.ts'
import type { WitInterface } from '../../wit/index.ts'
import { UtnetError } from '../../../core/errors.ts'
import { Emitter } from './emit.ts'
import {
  asText,
  flatten,
  isReference,
  layout,
  recordLayout,
  type GuestType,
  type RecordField,
  type ScalarName,
  camelCase,
  pascalCase,
} from '../types/index.ts'

/** Bytes of the static area for results (`RETURN_AREA` in the SDK's raw/abi.ts). */
export const RETURN_AREA_BYTES = 64
const MAX_FLAT_PARAMS = 16

const SCALARS: Partial<Record<WitType['kind'], ScalarName>> = {
  bool: 'bool', u8: 'u8', s8: 'i8', u16: 'u16', s16: 'i16', u32: 'u32', s32: 'i32', u64: 'u64', s64: 'i64', f32: 'f32', f64: 'f64', char: 'u32', own: 'i32', borrow: 'i32',
} // oxfmt-ignore

/** A class or an enum of the SDK that stands for a WIT record or enum, in place of a generated one. */
export interface SdkClass {
  readonly className: string
  /** Import path as seen from the generated file. */
  readonly from: string
}

export interface ImportsOptions {
  /** Classes and enums of the SDK by the WIT names that they stand for. */
  readonly sdkClasses?: ReadonlyMap<string, SdkClass>
  /** Handles are numbers, or objects of a class for each resource with its functions as methods. */
  readonly resources?: 'numbers' | 'classes'
}

/** What every module imports of the ABI; tuples of other sizes where they are used. */
const ABI_NAMES = ['Box', 'RETURN_AREA', 'Result', 'Tuple2', 'Tuple3', 'liftArray', 'liftBytes', 'liftString', 'newBlock', 'zeroed']
/** Tuples that raw/abi.ts has a class for. */
const MAX_SDK_TUPLE = 8

class ImportsGenerator {
  readonly #emitter = new Emitter()
  readonly #abiNames = new Set(ABI_NAMES)
  readonly #classes = new Map<string, string>()
  readonly #imported = new Map<string, SdkClass>()
  readonly #sdkClasses: ReadonlyMap<string, SdkClass>

  readonly #resources: 'numbers' | 'classes'
  /** Methods of each resource, by its name. */
  readonly #methods = new Map<string, string[]>()

  constructor({ sdkClasses = new Map(), resources = 'numbers' }: ImportsOptions) {
    this.#sdkClasses = sdkClasses
    this.#resources = resources
  }

  type(wit: WitType): GuestType {
    if ((wit.kind === 'own' || wit.kind === 'borrow') && this.#resources === 'classes')
      return { kind: 'handle', className: resourceClass(wit.resource), own: wit.kind === 'own' }
    const scalar = SCALARS[wit.kind]
    if (scalar !== undefined) return { kind: 'scalar', as: scalar }
    switch (wit.kind) {
      case 'string':
        return { kind: 'string' }
      case 'list': {
        const element = this.type(wit.element)
        if (element.kind === 'scalar' && element.as === 'u8') return { kind: 'bytes' }
        return { kind: 'list', element, container: 'Array' }
      }
      case 'option':
        return { kind: 'option', some: this.type(wit.some) }
      case 'result':
        return {
          kind: 'result',
          ok: wit.ok === undefined ? undefined : this.type(wit.ok),
          err: wit.err === undefined ? undefined : this.type(wit.err),
        }
      case 'tuple': {
        const items = wit.items.map((i) => this.type(i))
        const className = `${this.#tuple(items.length)}<${items.map(asText).join(', ')}>`
        return { kind: 'record', className, fields: items.map((type, i) => ({ name: `item${i}`, type })) }
      }
      case 'record':
        return this.#record(wit)
      case 'variant':
        return this.#variant(wit)
      case 'enum': {
        const as = wit.names.length <= 256 ? 'u8' : 'u16'
        // One of the SDK is a number here, too: nothing of it is imported.
        if (!this.#sdkClasses.has(wit.name ?? '')) this.#enum(pascalCase(wit.name ?? ''), wit.names)
        return { kind: 'scalar', as }
      }
      case 'flags':
        // CanonicalABI.md allows no more
        if (wit.names.length > 32) throw new UtnetError('guest_build', `flags of ${wit.names.length} names are not supported`)
        return { kind: 'scalar', as: wit.names.length <= 8 ? 'u8' : wit.names.length <= 16 ? 'u16' : 'u32' }
      default:
        throw new UtnetError('guest_build', `the WIT type ${wit.kind} is not supported`)
    }
  }

  /** Name of the class of tuples of a size. */
  #tuple(size: number): string {
    const name = `Tuple${size}`
    if (size <= MAX_SDK_TUPLE) this.#abiNames.add(name)
    else {
      const letters = Array.from({ length: size }, (_, i) => `T${i}`)
      const members = letters.map((t, i) => `    public item${i}: ${t},`).join('\n')
      this.#classes.set(name, `export class ${name}<${letters.join(', ')}> {\n  constructor(\n${members}\n  ) {}\n}\n`)
    }
    return name
  }

  #enum(name: string, names: readonly string[]): void {
    if (this.#classes.has(name)) return
    this.#classes.set(name, `export enum ${name} {\n${names.map((n) => `  ${camelCase(n)},`).join('\n')}\n}\n`)
  }

  #record(wit: Extract<WitType, { kind: 'record' }>): GuestType {
    const fields = wit.fields.map((f): RecordField => ({ name: camelCase(f.name), type: this.type(f.type) }))
    const sdk = this.#sdkClasses.get(wit.name ?? '')
    if (sdk !== undefined) {
      this.#imported.set(sdk.className, sdk)
      return { kind: 'record', className: sdk.className, fields }
    }
    const className = pascalCase(wit.name ?? '')
    const members = fields.map((f) => `    public ${f.name}: ${asText(f.type)},`).join('\n')
    this.#classes.set(className, `export class ${className} {\n  constructor(\n${members}\n  ) {}\n}\n`)
    return { kind: 'record', className, fields }
  }

  #variant(wit: Extract<WitType, { kind: 'variant' }>): GuestType {
    const className = pascalCase(wit.name ?? '')
    this.#enum(
      `${className}Tag`,
      wit.cases.map((c) => c.name),
    )
    const cases = wit.cases.map((c) =>
      c.type === undefined ? { field: undefined, type: undefined } : { field: camelCase(c.name), type: this.type(c.type) },
    )
    const members = cases.flatMap((c) => {
      if (c.type === undefined) return []
      if (!isReference(c.type))
        return [`  ${c.field}: ${asText(c.type)} = ${c.type.kind === 'scalar' && c.type.as !== 'bool' ? '0' : 'false'}`]
      return [`  ${c.field}: ${asText(c.type)}${c.type.kind === 'option' ? '' : ' | null'} = null`]
    })
    this.#classes.set(className, `export class ${className} {\n${[...members, `  constructor(public tag: u32) {}`].join('\n')}\n}\n`)
    return { kind: 'variant', className, cases }
  }

  function(id: string, wit: WitFunction): string {
    this.#emitter.startFunction()
    const name = functionName(wit.name)
    const params = wit.params.map((p): RecordField => ({ name: camelCase(p.name), type: this.type(p.type) }))
    const result = wit.result === undefined ? undefined : this.type(wit.result)
    let core = params.flatMap((p) => flatten(p.type)).map((c) => (c === 'i32' ? 'usize' : c) as string)
    const statements: string[] = []
    let values: string[] = []
    if (core.length > MAX_FLAT_PARAMS) {
      const whole = recordLayout(params.map((p) => p.type))
      core = ['usize']
      statements.push(`const params = newBlock(${whole.size})`)
      params.forEach((p, i) => statements.push(...this.#emitter.store(p.type, 'params', whole.offsets[i] ?? 0, p.name)))
      values = ['params']
    } else {
      for (const p of params) {
        const lowered = this.#emitter.lower(p.type, p.name)
        statements.push(...lowered.statements)
        values.push(...lowered.values)
      }
    }
    const flatResult = result === undefined ? [] : flatten(result)
    const indirect = flatResult.length > 1
    let area = 'RETURN_AREA'
    const resultCore = result === undefined || indirect ? 'void' : flatResult[0]
    if (indirect) {
      const { size } = layout(result as GuestType)
      if (size > RETURN_AREA_BYTES) {
        area = 'area'
        statements.push(`const area = newBlock(${size})`)
      }
      core = [...core, 'usize']
      values = [...values, area]
    }
    const call = `${name}_core(${values.join(', ')})`
    if (result === undefined) statements.push(call)
    else if (indirect) statements.push(call, `return ${this.#emitter.load(result, area)}`)
    else
      statements.push(
        `return ${this.#emitter.lift(result.kind === 'result' ? { kind: 'scalar', as: 'bool' } : result, [call])}${result.kind === 'result' ? ' ? false : true' : ''}`,
      )
    const typed = params.map((p) => `${p.name}: ${asText(p.type)}`).join(', ')
    if (this.#resources === 'classes') this.#method(wit.name, name, params, result)
    return `@external('${id}', '${wit.name}')
export declare function ${name}_core(${core.map((c, i) => `p${i}: ${c}`).join(', ')}): ${resultCore}

export function ${name}(${typed}): ${result === undefined ? 'void' : asText(result)} {
  ${statements.join('\n  ')}
}
`
  }

  drop(resource: string): string {
    const [id = '', name = ''] = resource.split('#')
    return `@external('${id}', '[resource-drop]${name}')
export declare function drop${pascalCase(name)}(handle: i32): void
`
  }

  /** Notes the method of a resource's class that calls the function `name`. */
  #method(wit: string, name: string, params: readonly RecordField[], result: GuestType | undefined): void {
    const { kind, resource, method } = partsOf(wit)
    if (kind === undefined) return
    const own = kind === 'method' ? params.slice(1) : params
    const typed = own.map((p) => `${p.name}: ${asText(p.type)}`).join(', ')
    const args = [...(kind === 'method' ? ['this'] : []), ...own.map((p) => p.name)].join(', ')
    const text = result === undefined ? 'void' : asText(result)
    const call = `${result === undefined ? '' : 'return '}${name}(${args})`
    const member = camelCase(method)
    const named = OF_HANDLES.has(member) ? `${member}_` : member
    const line =
      kind === 'constructor'
        ? `  constructor(${typed}) {\n    this.handle = ${name}(${args}).take()\n  }`
        : `  ${kind === 'static' ? 'static ' : ''}${named}(${typed}): ${text} {\n    ${call}\n  }`
    this.#methods.set(resource, [...(this.#methods.get(resource) ?? []), line])
  }

  /** The class of a resource: what owns a handle or borrows it. An own that was handed over leaves 0, which is no handle, behind. */
  #resourceClass(id: string): string {
    const name = id.split('#')[1] ?? ''
    const className = resourceClass(id)
    const methods = this.#methods.get(name) ?? []
    return `export class ${className} {
  handle: i32 = 0

  static of(handle: i32): ${className} {
    const v = zeroed<${className}>()
    v.handle = handle
    return v
  }
${methods.map((m) => `\n${m}\n`).join('')}
  take(): i32 {
    const handle = this.handle
    this.handle = 0
    return handle
  }

  drop(): void {
    drop${className}(this.take())
  }
}
`
  }

  module(wit: WitInterface): string {
    const functions = wit.functions.map((f) => this.function(wit.id, f))
    const drops = wit.resources.map((r) => this.drop(r))
    const classes = this.#resources === 'classes' ? wit.resources.map((r) => this.#resourceClass(r)) : []
    const imports = [...this.#imported.values()].map((c) => `import { ${c.className} } from '${c.from}'\n`)
    return `// Generated from the WIT interface ${wit.id}; do not edit.

import { ${[...this.#abiNames].toSorted().join(', ')} } from './abi'
${imports.join('')}
${[...this.#classes.values(), ...classes, ...functions, ...drops].join('\n')}${this.#emitter.helpers() === '' ? '' : `\n${this.#emitter.helpers()}\n`}`
  }
}

const resourceClass = (id: string): string => pascalCase(id.split('#')[1] ?? '')

/** Members that the class of every resource has. */
const OF_HANDLES = new Set(['handle', 'of', 'take', 'drop'])

/** A function's name of the canonical ABI: of a resource, or plain. */
function partsOf(wit: string): { readonly kind: string | undefined; readonly resource: string; readonly method: string } {
  const [, kind, resource = '', method = ''] = /^\[(constructor|method|static)\]([^.]+)(?:\.(.+))?$/.exec(wit) ?? []
  return { kind, resource, method }
}

/** `[method]fields.get` -> `fieldsGet`, `[constructor]fields` -> `newFields`, `chain-id` -> `chainId`. */
function functionName(wit: string): string {
  const { kind, resource, method } = partsOf(wit)
  if (kind === undefined) return camelCase(wit)
  return kind === 'constructor' ? `new${pascalCase(resource)}` : `${camelCase(resource)}${pascalCase(method)}`
}

/** The AssemblyScript module of one imported interface. Same text for the same WIT. Throws `guest_build` for a type it has no form for. */
export function generateImports(wit: WitInterface, options: ImportsOptions = {}): string {
  return new ImportsGenerator(options).module(wit)
}
