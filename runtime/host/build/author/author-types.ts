/** What the author's types are in WIT and in the generated glue, with file and line in every refusal. docs/guest-types.md is their table. */

import type {
  Class,
  ClassPrototype,
  DeclaredElement,
  Element,
  Enum,
  EnumDeclaration,
  EnumValueDeclaration,
  NamedTypeNode,
  Range,
  Type,
  TypeNode,
} from 'assemblyscript'
import type * as Assemblyscript from 'assemblyscript'
import type { WitType } from '../../../core/wit/wit-type.ts'
import { UtnetError } from '../../../core/errors.ts'
import { authorError, type Program } from '../compile/index.ts'
import {
  asText,
  isBoxed,
  isReference,
  type Container,
  type GuestType,
  type RecordField,
  type ScalarName,
  type VariantCase,
  kebabCase,
  type GuestClass,
} from '../types/index.ts'

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

const SUPPORTED =
  'supported are bool, the integers of fixed width, f32, f64, string, Amount, typed arrays, Array<T>, StaticArray<T>, T | null, exported classes with public fields, @variant classes and enums, and of @utnet/sdk char, Box, Result and Tuple1 to Tuple8 (docs/guest-types.md)'
/** CanonicalABI.md, and what the host's reader of components takes. */
const MAX_FLAGS = 32
const MAX_MEMBERS = 1_000
const ABI = '~lib/@utnet/sdk/raw/abi/'
const AMOUNT = '~lib/@utnet/sdk/amount/Amount'

/** Typed arrays beside Uint8Array, and what they hold. */
const TYPED: Readonly<Record<string, readonly [Container, ScalarName]>> = {
  Int8Array: ['Int8Array', 'i8'],
  Uint16Array: ['Uint16Array', 'u16'],
  Int16Array: ['Int16Array', 'i16'],
  Uint32Array: ['Uint32Array', 'u32'],
  Int32Array: ['Int32Array', 'i32'],
  Uint64Array: ['Uint64Array', 'u64'],
  Int64Array: ['Int64Array', 'i64'],
  Float32Array: ['Float32Array', 'f32'],
  Float64Array: ['Float64Array', 'f64'],
}

export interface Mapped {
  readonly type: GuestType
  readonly wit: WitType
}

/** Maps types, and keeps those that get a name in WIT. */
export class AuthorTypes {
  readonly #compiler: typeof Assemblyscript
  readonly #program: Program
  readonly #classes = new Map<DeclaredElement, GuestClass & { readonly type: GuestType }>()
  readonly #open = new Set<ClassPrototype>()

  constructor(compiler: typeof Assemblyscript, program: Program) {
    this.#compiler = compiler
    this.#program = program
  }

  #unsupported(range: Range, type: string): never {
    throw authorError(range, `the type ${type} cannot cross the border of a guest`, SUPPORTED)
  }

  /** The classes and enums met so far. */
  get classes(): readonly GuestClass[] {
    return [...this.#classes.values()]
  }

  /** Throws UnresolvedType: a diagnostic is queued where it fails, and is thrown by the caller of the inspection. */
  resolve(node: TypeNode, context: Element): Type {
    const type = this.#program.resolver.resolveType(node, null, context)
    if (type === null) throw new UnresolvedType()
    return type
  }

  /** By the text of the type, which tells what the resolved type no longer does: an enum from i32, char from u32. */
  mapNode(node: TypeNode, context: Element): Mapped {
    const type = this.resolve(node, context)
    if (!(node instanceof this.#compiler.NamedTypeNode)) return this.mapType(type, node.range)
    const mapped = this.#mapNamed(node, context) ?? this.mapType(type.nonNullableType, node.range)
    // An alias may itself be nullable
    return type.isNullableReference && mapped.type.kind !== 'option' ? optionOf(mapped) : mapped
  }

  /** Undefined for what the resolved type says as well. */
  #mapNamed(node: NamedTypeNode, context: Element): Mapped | undefined {
    const element = this.#program.resolver.resolveTypeName(node.name, null, context, 0)
    if (element === null) return undefined
    if (element instanceof this.#compiler.Enum) return this.#mapEnum(element, node.range)
    if (element instanceof this.#compiler.TypeDefinition) {
      if (element.internalName === `${ABI}char`) return { type: { kind: 'scalar', as: 'u32' }, wit: { kind: 'char' } }
      const builtin = !element.internalName.includes('/')
      return builtin || element.typeParameterNodes !== null ? undefined : this.mapNode(element.typeNode, element.parent)
    }
    const args = node.typeArguments ?? []
    if (args.length === 0) return undefined
    const program = this.#program
    if (element === program.arrayPrototype || element === program.staticArrayPrototype) {
      const inner = this.mapNode(args[0] as TypeNode, context)
      return listOf(inner, element === program.arrayPrototype ? 'Array' : 'StaticArray')
    }
    if (!element.internalName.startsWith(ABI)) return undefined
    if (element.name === 'Result') return this.#mapResult(args, context)
    const mapped = args.map((arg) => this.mapNode(arg, context))
    if (element.name === 'Box') {
      if (!node.isNullable)
        throw authorError(node.range, 'a Box stands for an option here: Box<T> | null', 'Box<T> is for payloads that have no null')
      const [some] = mapped as [Mapped]
      if (!isBoxed(some.type)) throw authorError(node.range, 'what has a null of its own needs no Box: T | null')
      return optionOf(some)
    }
    const className = `${element.name}<${mapped.map((m) => asText(m.type)).join(', ')}>`
    const fields = mapped.map((m, i): RecordField => ({ name: `item${i}`, type: m.type }))
    return { type: { kind: 'record', className, fields }, wit: { kind: 'tuple', items: mapped.map((m) => m.wit) } }
  }

  #mapResult(args: readonly TypeNode[], context: Element): Mapped {
    const [ok, err] = args.map((arg) => {
      const element =
        arg instanceof this.#compiler.NamedTypeNode ? this.#program.resolver.resolveTypeName(arg.name, null, context, 0) : null
      return element?.internalName === `${ABI}Unit` ? undefined : this.mapNode(arg, context)
    })
    return {
      type: { kind: 'result', ok: ok?.type, err: err?.type, absent: 'Unit' },
      wit: { kind: 'result', ok: ok?.wit, err: err?.wit },
    }
  }

  #mapEnum(element: Enum, range: Range): Mapped {
    const known = this.#classes.get(element)
    if (known !== undefined) return { type: known.type, wit: known.wit }
    const declaration = element.declaration as EnumDeclaration
    const isFlags = hasDecorator(this.#compiler, declaration, 'flags')
    this.#checkExported(element, isFlags ? 'the flags' : 'the enum', range)
    declaration.values.forEach((value, i) => checkEnumValue(this.#compiler, value, i, isFlags))
    const names = declaration.values.map((value) => named(value.range, value.name.text))
    if (names.length === 0) throw authorError(declaration.name.range, `${element.name} has no names`)
    const most = isFlags ? MAX_FLAGS : MAX_MEMBERS
    if (names.length > most) throw authorError(declaration.name.range, `${element.name} has ${names.length} names, ${most} is the most`)
    const as = names.length <= (isFlags ? 8 : 256) ? 'u8' : isFlags && names.length > 16 ? 'u32' : 'u16'
    const kind = isFlags ? 'flags' : 'enum'
    return this.#keep(element, declaration.name.range, { kind, name: '', names }, () => ({ kind: 'scalar', as, held: 'i32' }))
  }

  /** Without the text of the type: an enum is i32 here, a char u32. */
  mapType(type: Type, range: Range): Mapped {
    const plain = type.nonNullableType
    const mapped = this.#mapPlain(plain, range)
    if (!type.isNullableReference) return mapped
    return optionOf(mapped)
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
    const typed = prototype.internalName.startsWith('~lib/typedarray/') ? TYPED[prototype.name] : undefined
    if (typed !== undefined) {
      const [container, as] = typed
      return listOf({ type: { kind: 'scalar', as }, wit: (SCALARS[as] as readonly [ScalarName, WitType])[1] }, container)
    }
    if (prototype.internalName === AMOUNT) return { type: { kind: 'amount' }, wit: { kind: 'string' } }
    return this.#mapClass(reference, range)
  }

  #mapList(reference: Class, range: Range): Mapped {
    const [inner] = reference.typeArguments ?? []
    if (inner === undefined) return this.#unsupported(range, reference.name)
    return listOf(this.mapType(inner, range), reference.prototype === this.#program.arrayPrototype ? 'Array' : 'StaticArray')
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
    this.#checkExported(prototype, 'the class', prototype.identifierNode.range)
    if (prototype.basePrototype !== null && !prototype.implicitlyExtendsObject) {
      throw authorError(prototype.identifierNode.range, `the class ${prototype.name} extends another one: a record has no base`)
    }
    this.#open.add(prototype)
    const isVariant = hasDecorator(this.#compiler, prototype.declaration, 'variant')
    const mapped = isVariant ? this.#mapVariant(prototype) : this.#mapRecord(prototype)
    this.#open.delete(prototype)
    return mapped
  }

  /** The public fields; a record and a variant have no others. */
  #fields(prototype: ClassPrototype, what: string): Assemblyscript.FieldDeclaration[] {
    const fields: Assemblyscript.FieldDeclaration[] = []
    for (const member of (prototype.instanceMembers ?? new Map<string, DeclaredElement>()).values()) {
      const declaration = fieldDeclaration(this.#compiler, member)
      if (declaration === undefined) continue
      if (!member.isPublic)
        throw authorError(
          declaration.name.range,
          `${prototype.name}.${member.name} is not public, so ${prototype.name} cannot be a ${what}`,
        )
      if (declaration.type === null) throw authorError(declaration.name.range, `${prototype.name}.${member.name} needs a type`)
      fields.push(declaration)
    }
    return fields
  }

  #mapRecord(prototype: ClassPrototype): Mapped {
    const range = prototype.identifierNode.range
    const fields = this.#fields(prototype, 'record').map((f) => ({ name: f.name.text, ...this.mapNode(f.type as TypeNode, prototype) }))
    if (fields.length === 0) throw authorError(range, `the class ${prototype.name} has no public field`)
    const wit: Named = { kind: 'record', name: '', fields: fields.map((f) => ({ name: named(range, f.name), type: f.wit })) }
    return this.#keep(prototype, range, wit, (alias) => ({
      kind: 'record',
      className: alias,
      fields: fields.map((f) => ({ name: f.name, type: f.type })),
    }))
  }

  /** A class marked @variant: `tag` says which of the other fields holds the payload. */
  #mapVariant(prototype: ClassPrototype): Mapped {
    const range = prototype.identifierNode.range
    const fields = this.#fields(prototype, 'variant')
    const tag = fields.find((f) => f.name.text === 'tag')
    const tags =
      tag?.type instanceof this.#compiler.NamedTypeNode ? this.#program.resolver.resolveTypeName(tag.type.name, null, prototype, 0) : null
    if (tag === undefined || !(tags instanceof this.#compiler.Enum))
      throw authorError(tag?.name.range ?? range, `the variant ${prototype.name} needs a field tag of an enum that names its cases`)
    const { values } = tags.declaration as EnumDeclaration
    values.forEach((value, i) => checkEnumValue(this.#compiler, value, i, false))
    if (values.length === 0) throw authorError(range, `the variant ${prototype.name} has no case`)
    const stray = fields.find((f) => f !== tag && !values.some((v) => v.name.text === f.name.text))
    if (stray !== undefined) throw authorError(stray.name.range, `${tags.name} has no case ${stray.name.text}`)
    const cases = values.map((value) => {
      const field = fields.find((f) => f.name.text === value.name.text)
      const payload = field === undefined ? undefined : this.#mapPayload(field, prototype)
      return { name: named(value.range, value.name.text), field: field?.name.text, ...payload }
    })
    const wit: Named = { kind: 'variant', name: '', cases: cases.map((c) => ({ name: c.name, type: c.wit })) }
    return this.#keep(prototype, range, wit, (alias) => ({
      kind: 'variant',
      className: alias,
      cases: cases.map(({ field, type, boxed }): VariantCase => ({ field, type, ...(boxed === true ? { boxed } : {}) })),
    }))
  }

  /** `T` for what has no null; `T | null` for any other; `Box<T> | null` where the payload is an option itself. */
  #mapPayload(field: Assemblyscript.FieldDeclaration, context: Element): Mapped & { readonly boxed?: boolean } {
    const node = field.type as TypeNode
    const mapped = this.mapNode(node, context)
    if (mapped.type.kind !== 'option' || mapped.wit.kind !== 'option') {
      if (isReference(mapped.type))
        throw authorError(node.range, `the payload ${field.name.text} must be nullable, so that the other cases need none`)
      return mapped
    }
    const boxed = isBoxed(mapped.type.some)
    return { type: mapped.type.some, wit: mapped.wit.some, ...(boxed ? { boxed } : {}) }
  }

  #checkExported(element: DeclaredElement, what: string, range: Range): void {
    if (element.file.exports?.get(element.name) === element) return
    throw authorError(range, `${what} ${element.name} is used by an export, so it must be exported itself`)
  }

  /** Notes a type of the author's under its WIT name. */
  #keep(element: DeclaredElement, range: Range, wit: Named, make: (alias: string) => GuestType): Mapped {
    const name = named(range, element.name)
    for (const other of this.#classes.values()) {
      if (other.wit.name === name) throw authorError(range, `two types have the WIT name ${name}`)
    }
    const source = element.declaration.range.source.normalizedPath
    const alias = `Class${this.#classes.size}`
    const from = source.startsWith('~lib/') ? source.slice('~lib/'.length).replace(/\.ts$/, '') : `./${source.replace(/\.ts$/, '')}`
    const entry = { alias, name: element.name, from, wit: { ...wit, name }, type: make(alias) }
    this.#classes.set(element, entry)
    return { type: entry.type, wit: entry.wit }
  }
}

/** The resolver has queued its own diagnostic. */
class UnresolvedType extends Error {}

type Named = GuestClass['wit']

const optionOf = ({ type, wit }: Mapped): Mapped => ({ type: { kind: 'option', some: type }, wit: { kind: 'option', some: wit } })

function listOf({ type, wit }: Mapped, container: Container): Mapped {
  return { type: { kind: 'list', element: type, container }, wit: { kind: 'list', element: wit } }
}

function hasDecorator(compiler: typeof Assemblyscript, { decorators }: Assemblyscript.DeclarationStatement, name: string): boolean {
  return (decorators ?? []).some((d) => d.name instanceof compiler.IdentifierExpression && d.name.text === name)
}

/** The names of an enum count from 0; those of flags are 1, 2, 4, … or 1 << 0, 1 << 1, … */
function checkEnumValue(
  compiler: typeof Assemblyscript,
  { initializer, name, range }: EnumValueDeclaration,
  index: number,
  isFlags: boolean,
): void {
  if (initializer === null) {
    if (!isFlags) return
    throw authorError(range, `${name.text} needs a value: 1 << ${index}`)
  }
  const text = initializer.range.toString().replaceAll(/\s/g, '')
  const value = initializer instanceof compiler.IntegerLiteralExpression ? initializer.value.toString() : text
  const wanted = isFlags ? [`1<<${index}`, String(2 ** index)] : [String(index)]
  if (!wanted.includes(value))
    throw authorError(initializer.range, `${name.text} must be ${isFlags ? `1 << ${index}` : index}, its place among the names`)
}

/** A name in WIT; refused at `range` where it has none. */
export function named(range: Range, name: string): string {
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

function fieldDeclaration(compiler: typeof Assemblyscript, member: DeclaredElement): Assemblyscript.FieldDeclaration | undefined {
  return member instanceof compiler.PropertyPrototype ? (member.fieldDeclaration ?? undefined) : undefined
}

function prototypeKindOfClass(program: Program): Class['kind'] {
  return program.stringInstance.kind
}
