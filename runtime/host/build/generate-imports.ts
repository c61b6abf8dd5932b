/** WIT interface -> the raw AssemblyScript layer of its imports: one function each, handles as i32, results as objects. */

import type { WitFunction, WitType } from '../../core/wit-type.ts'
import type { WitInterface } from '../wit/index.ts'
import { UtnetError } from '../../core/errors.ts'
import { Emitter } from './emit.ts'
import { asText, flatten, isReference, layout, recordLayout } from './guest-type.ts'
import type { GuestType, RecordField, ScalarName } from './guest-type.ts'
import { camelCase, pascalCase } from './names.ts'

/** Bytes of the static area for results (`RETURN_AREA` in the SDK's raw/abi.ts). */
export const RETURN_AREA_BYTES = 64
const MAX_FLAT_PARAMS = 16

const SCALARS: Partial<Record<WitType['kind'], ScalarName>> = {
  bool: 'bool', u8: 'u8', s8: 'i8', u16: 'u16', s16: 'i16', u32: 'u32', s32: 'i32', u64: 'u64', s64: 'i64', f32: 'f32', f64: 'f64', char: 'u32', own: 'i32', borrow: 'i32',
} // oxfmt-ignore

/** A class of the SDK that stands for a WIT record, in place of a generated one. */
export interface SdkClass {
  readonly className: string
  /** Import path as seen from the generated file. */
  readonly from: string
}

class ImportsGenerator {
  readonly #emitter = new Emitter()
  readonly #classes = new Map<string, string>()
  readonly #imported = new Map<string, SdkClass>()
  readonly #sdkClasses: ReadonlyMap<string, SdkClass>

  constructor(sdkClasses: ReadonlyMap<string, SdkClass>) {
    this.#sdkClasses = sdkClasses
  }

  type(wit: WitType): GuestType {
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
        if (items.length < 2 || items.length > 3) throw new UtnetError('guest_build', `a tuple of ${items.length} is not supported`)
        const className = `Tuple${items.length}<${items.map(asText).join(', ')}>`
        return { kind: 'record', className, fields: items.map((type, i) => ({ name: `item${i}`, type })) }
      }
      case 'record':
        return this.#record(wit)
      case 'variant':
        return this.#variant(wit)
      case 'enum': {
        const as = wit.names.length <= 256 ? 'u8' : 'u16'
        this.#enum(pascalCase(wit.name ?? ''), wit.names)
        return { kind: 'scalar', as }
      }
      case 'flags':
        if (wit.names.length > 32) throw new UtnetError('guest_build', `flags of ${wit.names.length} names are not supported`)
        return { kind: 'scalar', as: wit.names.length <= 8 ? 'u8' : wit.names.length <= 16 ? 'u16' : 'u32' }
      default:
        throw new UtnetError('guest_build', `the WIT type ${wit.kind} is not supported`)
    }
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
    const resultCore = result === undefined || indirect ? 'void' : flatResult[0]
    if (indirect) {
      if (layout(result as GuestType).size > RETURN_AREA_BYTES)
        throw new UtnetError('guest_build', `the result of ${wit.name} is too large`)
      core = [...core, 'usize']
      values = [...values, 'RETURN_AREA']
    }
    const call = `${name}_core(${values.join(', ')})`
    if (result === undefined) statements.push(call)
    else if (indirect) statements.push(call, `return ${this.#emitter.load(result, 'RETURN_AREA')}`)
    else
      statements.push(
        `return ${this.#emitter.lift(result.kind === 'result' ? { kind: 'scalar', as: 'bool' } : result, [call])}${result.kind === 'result' ? ' ? false : true' : ''}`,
      )
    const typed = params.map((p) => `${p.name}: ${asText(p.type)}`).join(', ')
    return `@external('${id}', '${wit.name}')
declare function ${name}_core(${core.map((c, i) => `p${i}: ${c}`).join(', ')}): ${resultCore}

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

  module(wit: WitInterface): string {
    const functions = wit.functions.map((f) => this.function(wit.id, f))
    const drops = wit.resources.map((r) => this.drop(r))
    const imports = [...this.#imported.values()].map((c) => `import { ${c.className} } from '${c.from}'\n`)
    return `// Generated from the WIT interface ${wit.id}; do not edit.

import { Box, RETURN_AREA, Result, Tuple2, Tuple3, liftArray, liftBytes, liftString, newBlock, zeroed } from './abi'
${imports.join('')}
${[...this.#classes.values(), ...functions, ...drops].join('\n')}${this.#emitter.helpers() === '' ? '' : `\n${this.#emitter.helpers()}\n`}`
  }
}

/** `[method]fields.get` -> `fieldsGet`, `[constructor]fields` -> `newFields`, `chain-id` -> `chainId`. */
function functionName(wit: string): string {
  const match = /^\[(constructor|method|static)\]([^.]+)(?:\.(.+))?$/.exec(wit)
  if (match === null) return camelCase(wit)
  const [, kind, resource = '', method = ''] = match
  return kind === 'constructor' ? `new${pascalCase(resource)}` : `${camelCase(resource)}${pascalCase(method)}`
}

/** The AssemblyScript module of one imported interface. Same text for the same WIT. Throws `guest_build` for a type it has no form for. */
export function generateImports(wit: WitInterface, sdkClasses: ReadonlyMap<string, SdkClass> = new Map()): string {
  return new ImportsGenerator(sdkClasses).module(wit)
}
