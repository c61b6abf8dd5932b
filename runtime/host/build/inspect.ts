/** Reads exported functions and their types from the bound program, with the author's file and line in every refusal. */

import type { Class, ClassPrototype, DeclaredElement, Element, File, FunctionPrototype, Range, Type, TypeNode } from 'assemblyscript'
import type * as Assemblyscript from 'assemblyscript'
import type { WitType } from '../../core/wit-type.ts'
import { UtnetError } from '../../core/errors.ts'
import { textOf } from './author-classes.ts'
import { authorError } from './compiler.ts'
import { eventClasses, eventFields } from './events.ts'
import type { Program } from './compiler.ts'
import type { GuestType, ScalarName } from './guest-type.ts'
import { kebabCase } from './names.ts'
import type { GuestClass, GuestExport, GuestParam, GuestSignatures } from './signature.ts'

const SCALARS: Readonly<Record<string, readonly [ScalarName, WitType]>> = {
  bool: ['bool', { kind: 'bool' }],
  u8: ['u8', { kind: 'u8' }],
  i8: ['i8', { kind: 's8' }],
  u16: ['u16', { kind: 'u16' }],
  i16: ['i16', { kind: 's16' }],
  u32: ['u32', { kind: 'u32' }],
  i32: ['i32', { kind: 's32' }],
  u64: ['u64', { kind: 'u64' }],
  i64: ['i64', { kind: 's64' }],
  f32: ['f32', { kind: 'f32' }],
  f64: ['f64', { kind: 'f64' }],
}

const AMOUNT = '~lib/@utnet/sdk/amount/Amount'

const SUPPORTED =
  'supported are bool, the integers of fixed width, f32, f64, string, Amount, Uint8Array, Array<T>, StaticArray<T>, T | null and exported classes with public fields'

/** Containers of the storage with a `get`, and how many types each has. */
const READABLE: Readonly<Record<string, number>> = { StorageValue: 1, StorageMap: 2, StorageOrderedMap: 2 }

/** Exports that the chain calls when the contract is published. */
const HOOKS: Readonly<Record<string, { readonly shape: string; fits(signature: FunctionPrototype['functionTypeNode']): boolean }>> = {
  init: { shape: 'init(): void', fits: ({ parameters }) => parameters.length === 0 },
  migrate: {
    shape: 'migrate(from: u32): void',
    fits: ({ parameters: [first, ...more] }) => first !== undefined && more.length === 0 && textOf(first.type.range) === 'u32',
  },
}

interface Mapped {
  readonly type: GuestType
  readonly wit: WitType
}

class Inspector {
  readonly #compiler: typeof Assemblyscript
  readonly #program: Program
  readonly #classes = new Map<ClassPrototype, GuestClass & { readonly type: GuestType }>()
  readonly #open = new Set<ClassPrototype>()

  constructor(compiler: typeof Assemblyscript, program: Program) {
    this.#compiler = compiler
    this.#program = program
  }

  #unsupported(range: Range, type: string): never {
    throw authorError(range, `the type ${type} cannot cross the border of a guest`, SUPPORTED)
  }

  #resolve(node: TypeNode, context: Element): Type | undefined {
    // a diagnostic is queued where it fails, and is thrown by the caller of the inspection
    return this.#program.resolver.resolveType(node, null, context) ?? undefined
  }

  mapNode(node: TypeNode, context: Element): Mapped {
    const type = this.#resolve(node, context)
    if (type === undefined) throw new UnresolvedType()
    return this.#map(type, node.range)
  }

  #map(type: Type, range: Range): Mapped {
    const plain = type.nonNullableType
    const mapped = this.#mapPlain(plain, range)
    if (!type.isNullableReference) return mapped
    return { type: { kind: 'option', some: mapped.type }, wit: { kind: 'option', some: mapped.wit } }
  }

  #mapPlain(type: Type, range: Range): Mapped {
    const name = type.toString()
    const reference = type.getClass()
    if (reference === null) {
      const scalar = SCALARS[name]
      if (scalar === undefined) return this.#unsupported(range, name)
      return { type: { kind: 'scalar', as: scalar[0] }, wit: scalar[1] }
    }
    const prototype = reference.prototype
    const program = this.#program
    if (prototype === program.stringInstance.prototype) return { type: { kind: 'string' }, wit: { kind: 'string' } }
    if (prototype === program.uint8ArrayPrototype) return { type: { kind: 'bytes' }, wit: { kind: 'list', element: { kind: 'u8' } } }
    if (prototype === program.arrayPrototype || prototype === program.staticArrayPrototype) return this.#mapList(reference, range)
    if (prototype.internalName === AMOUNT) return { type: { kind: 'amount' }, wit: { kind: 'string' } }
    return this.#mapClass(reference, range)
  }

  #mapList(reference: Class, range: Range): Mapped {
    const [inner] = reference.typeArguments ?? []
    if (inner === undefined) return this.#unsupported(range, reference.name)
    const element = this.#map(inner, range)
    const container = reference.prototype === this.#program.arrayPrototype ? 'Array' : 'StaticArray'
    return { type: { kind: 'list', element: element.type, container }, wit: { kind: 'list', element: element.wit } }
  }

  #mapClass(reference: Class, range: Range): Mapped {
    const prototype = reference.prototype
    const known = this.#classes.get(prototype)
    if (known !== undefined) return { type: known.type, wit: known.wit }
    const source = prototype.declaration.range.source.normalizedPath
    const sdk = source.startsWith('~lib/@utnet/sdk/')
    if (
      (source.startsWith('~lib/') && !sdk) ||
      reference.typeArguments !== null ||
      reference.kind !== prototypeKindOfClass(this.#program)
    ) {
      return this.#unsupported(range, reference.name)
    }
    if (this.#open.has(prototype)) throw authorError(range, `the class ${prototype.name} contains itself, which WIT cannot say`)
    if (prototype.file.exports?.get(prototype.name) !== prototype) {
      throw authorError(prototype.identifierNode.range, `the class ${prototype.name} is used by an export, so it must be exported itself`)
    }
    if (prototype.basePrototype !== null && !prototype.implicitlyExtendsObject) {
      throw authorError(prototype.identifierNode.range, `the class ${prototype.name} extends another one: a record has no base`)
    }
    this.#open.add(prototype)
    const fields: { name: string; type: GuestType; wit: WitType }[] = []
    for (const member of (prototype.instanceMembers ?? new Map<string, DeclaredElement>()).values()) {
      const declaration = fieldDeclaration(this.#compiler, member)
      if (declaration === undefined) continue
      if (!member.isPublic)
        throw authorError(declaration.name.range, `${prototype.name}.${member.name} is not public, so ${prototype.name} cannot be a record`)
      if (declaration.type === null) throw authorError(declaration.name.range, `${prototype.name}.${member.name} needs a type`)
      const mapped = this.mapNode(declaration.type, prototype)
      fields.push({ name: member.name, type: mapped.type, wit: mapped.wit })
    }
    this.#open.delete(prototype)
    if (fields.length === 0) throw authorError(prototype.identifierNode.range, `the class ${prototype.name} has no public field`)
    const witName = named(prototype.identifierNode.range, prototype.name)
    for (const other of this.#classes.values()) {
      if (other.wit.name === witName) throw authorError(prototype.identifierNode.range, `two records have the WIT name ${witName}`)
    }
    const alias = `Class${this.#classes.size}`
    const entry = {
      alias,
      name: prototype.name,
      from: sdk ? source.slice('~lib/'.length).replace(/\.ts$/, '') : `./${source.replace(/\.ts$/, '')}`,
      wit: {
        kind: 'record' as const,
        name: witName,
        fields: fields.map((f) => ({ name: named(prototype.identifierNode.range, f.name), type: f.wit })),
      },
      type: { kind: 'record' as const, className: alias, fields: fields.map((f) => ({ name: f.name, type: f.type })) },
    }
    this.#classes.set(prototype, entry)
    return { type: entry.type, wit: entry.wit }
  }

  #function(name: string, prototype: FunctionPrototype): GuestExport {
    const range = prototype.identifierNode.range
    if ((prototype.typeParameterNodes ?? []).length > 0) throw authorError(range, `${name} is generic: an export has fixed types`)
    const signature = prototype.functionTypeNode
    const context = prototype.parent
    const hook = HOOKS[name]
    if (hook !== undefined && !hook.fits(signature)) throw authorError(range, `the chain calls ${name} itself, as ${hook.shape}`)
    const params = signature.parameters.map((p): GuestParam => {
      if (p.initializer !== null) throw authorError(p.range, `the parameter ${p.name.text} has a default, which WIT cannot say`)
      return { name: named(p.range, p.name.text), ...this.mapNode(p.type, context) }
    })
    const resolved = this.#resolve(signature.returnType, context)
    if (resolved === undefined) throw new UnresolvedType()
    const result = resolved.toString() === 'void' ? undefined : this.#map(resolved, signature.returnType.range)
    return { name, witName: named(range, name), params, result }
  }

  /** `export const balances = new StorageMap<K, V>('balances')` is an export that reads it; undefined for what is no such container. */
  #container(name: string, element: DeclaredElement): GuestExport | undefined {
    if (!(element instanceof this.#compiler.Global)) return undefined
    const made = (element.declaration as Assemblyscript.VariableDeclaration).initializer
    if (!(made instanceof this.#compiler.NewExpression)) return undefined
    const kind = READABLE[made.typeName.identifier.text]
    const types = made.typeArguments ?? []
    if (kind === undefined || types.length !== kind) return undefined
    const mapped = types.map((node) => this.mapNode(node, element.parent))
    const [value] = mapped.slice(-1) as [Mapped]
    const params = mapped.slice(0, -1).map((key): GuestParam => ({ name: 'key', type: key.type, wit: key.wit }))
    const { range } = element.identifierNode
    return { name, witName: named(range, name), reads: true, params, result: { type: value.type, wit: value.wit } }
  }

  /** Refuses events whose fields dag-cbor cannot hold, at the field. */
  checkEvents(): void {
    for (const declaration of eventClasses(this.#compiler, this.#program)) {
      const element = this.#program.elementsByDeclaration.get(declaration)
      if (element === undefined) continue
      for (const field of eventFields(this.#compiler, declaration)) {
        if (field.type === null) throw authorError(field.name.range, `${declaration.name.text}.${field.name.text} needs a type`)
        const { type } = this.mapNode(field.type, element)
        if (!isEventType(type)) {
          throw authorError(
            field.type.range,
            `an event cannot hold this type`,
            'bool, integers, string, Amount, Uint8Array, arrays of these, and T | null',
          )
        }
      }
    }
  }

  signatures(entry: File): GuestSignatures {
    const exports: GuestExport[] = []
    const seen = new Map<string, string>()
    for (const [name, element] of exportedElements(entry)) {
      const found = isFunctionPrototype(this.#compiler, element) ? this.#function(name, element) : this.#container(name, element)
      if (found === undefined) continue
      const other = seen.get(found.witName)
      if (other !== undefined)
        throw authorError(element.identifierNode.range, `${name} and ${other} have the same WIT name ${found.witName}`)
      seen.set(found.witName, name)
      exports.push(found)
    }
    return { exports, classes: [...this.#classes.values()] }
  }
}

function isEventType(type: GuestType): boolean {
  switch (type.kind) {
    case 'scalar':
      return type.as !== 'f32' && type.as !== 'f64'
    case 'string':
    case 'amount':
    case 'bytes':
      return true
    case 'list':
      return isEventType(type.element)
    case 'option':
      return isEventType(type.some)
    default:
      return false
  }
}

/** The resolver has queued its own diagnostic. */
export class UnresolvedType extends Error {}

function named(range: Range, name: string): string {
  try {
    return kebabCase(name)
  } catch (error) {
    throw authorError(
      range,
      error instanceof UtnetError ? error.message : String(error),
      error instanceof UtnetError ? error.hint : undefined,
    )
  }
}

// AssemblyScript publishes its kinds as const enums, which erasable TypeScript cannot read: classes tell the kinds instead.
function isFunctionPrototype(compiler: typeof Assemblyscript, element: Element): element is FunctionPrototype {
  return element instanceof compiler.FunctionPrototype
}

function fieldDeclaration(compiler: typeof Assemblyscript, member: DeclaredElement): Assemblyscript.FieldDeclaration | undefined {
  return member instanceof compiler.PropertyPrototype ? (member.fieldDeclaration ?? undefined) : undefined
}

function prototypeKindOfClass(program: Program): Class['kind'] {
  return program.stringInstance.kind
}

function exportedElements(file: File): Map<string, DeclaredElement> {
  const found = new Map<string, DeclaredElement>()
  for (const star of file.exportsStar ?? []) for (const [name, element] of exportedElements(star)) found.set(name, element)
  for (const [name, element] of file.exports ?? []) found.set(name, element)
  return found
}

function entryFile(program: Program, path: string): File {
  const file = program.filesByName.get(path)
  if (file === undefined) throw new UtnetError('guest_build', `${path}.ts was not found`)
  return file
}

/** The signatures of a contract's or operator's entry at `path` (`assembly/index`). */
export function readSignatures(compiler: typeof Assemblyscript, program: Program, path: string): GuestSignatures {
  const inspector = new Inspector(compiler, program)
  inspector.checkEvents()
  return inspector.signatures(entryFile(program, path))
}

/** Refuses a function's entry without `handle(request: Request): Response`. */
export function checkHandler(compiler: typeof Assemblyscript, program: Program, path: string): void {
  const shape = "export function handle(request: Request): Response, with both from '@utnet/sdk/http'"
  const handle = exportedElements(entryFile(program, path)).get('handle')
  if (handle === undefined || !isFunctionPrototype(compiler, handle)) throw new UtnetError('guest_build', `${path}.ts must have ${shape}`)
  const { parameters, returnType } = handle.functionTypeNode
  const typeName = (node: TypeNode): string | undefined => program.resolver.resolveType(node, null, handle.parent)?.getClass()?.internalName
  const [parameter] = parameters
  const right =
    parameter !== undefined &&
    parameters.length === 1 &&
    typeName(parameter.type) === '~lib/@utnet/sdk/http/Request' &&
    typeName(returnType) === '~lib/@utnet/sdk/http/Response'
  if (!right) throw authorError(handle.identifierNode.range, `handle must be ${shape}`)
}
