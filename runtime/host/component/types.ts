/** The type section of components (component-model Binary.md, "Type Definitions"), with every index followed. */
import type { WitPrimitive, WitType } from '../../core/index.ts'
import { atMost, invalid, type Reader } from '../wasm/index.ts'
import type { ExternType, Scope, TypeItem } from './model.ts'
import { readExternName, readLabel } from './names.ts'

const PRIMITIVES: Readonly<Record<number, WitPrimitive>> = {
  0x7f: 'bool',
  0x7e: 's8',
  0x7d: 'u8',
  0x7c: 's16',
  0x7b: 'u16',
  0x7a: 's32',
  0x79: 'u32',
  0x78: 's64',
  0x77: 'u64',
  0x76: 'f32',
  0x75: 'f64',
  0x74: 'char',
  0x73: 'string',
}

/** Nesting and size of a type that was read before; types share parts, so both are kept beside them. */
const depths = new WeakMap<WitType, number>()
const sizes = new WeakMap<WitType, number>()
/** Types that hold a borrow. */
const lending = new WeakSet<WitType>()
/** Types that hold a string or a list. */
const pointing = new WeakSet<WitType>()

/** Whether values of a type lie in memory, whatever else they are beside. */
export const points = (type: WitType): boolean => type.kind === 'string' || pointing.has(type)
const MAX_NODES = 10_000

/** What later versions of the component model have, of which WASI 0.3 is made (Binary.md, `defvaltype`, `functype`). */
const LATER: Readonly<Record<number, string>> = {
  0x43: ', an async function,',
  0x63: ', a map,',
  0x64: ', an error-context,',
  0x65: ', a future,',
  0x66: ', a stream,',
  0x67: ', a list of fixed length,',
}

export function typeError(r: Reader, at: number, message: string): Error {
  return invalid('component-type', r.origin + at, message)
}

function item(r: Reader, scope: Scope): TypeItem {
  const at = r.at
  const found = scope.types[r.u32()]
  if (found === undefined) throw typeError(r, at, 'unknown type index')
  return found
}

function valueOf(r: Reader, at: number, found: TypeItem | undefined): WitType {
  if (found?.kind !== 'value') throw typeError(r, at, 'a value type is needed here')
  return found.type
}

/** A value type: a primitive, or an index of a defined value type. */
export function readValueType(r: Reader, scope: Scope): WitType {
  const at = r.at
  const primitive = PRIMITIVES[r.bytes[r.at] as number]
  if (primitive !== undefined && !r.done) {
    r.skip(1)
    return { kind: primitive }
  }
  const index = Number(r.signed(33))
  if (index < 0) throw typeError(r, at, 'unknown primitive type')
  return valueOf(r, at, scope.types[index])
}

const optional = (r: Reader, scope: Scope): WitType | undefined => {
  const at = r.at
  const flag = r.u8()
  if (flag > 1) throw typeError(r, at, 'bad flag')
  return flag === 0 ? undefined : readValueType(r, scope)
}

function many<T>(r: Reader, { tally }: Scope, least: number, read: () => T): T[] {
  const at = r.at
  const n = r.count()
  if (n < least) throw typeError(r, at, 'a type with no members is not allowed')
  if (n > 1_000) throw typeError(r, at, 'a type has more than 1000 members')
  tally.add(r, n)
  return Array.from({ length: n }, read)
}

/** Labels of one type differ, whatever their case (component-model Explainer.md, "strongly-unique"). */
function labelled<T extends { readonly name: string }>(r: Reader, scope: Scope, least: number, read: () => T): T[] {
  const at = r.at
  const members = many(r, scope, least, read)
  if (new Set(members.map(({ name }) => name.toLowerCase())).size < members.length) throw typeError(r, at, 'a label stands twice in a type')
  return members
}

function resourceOf(r: Reader, scope: Scope): string {
  const at = r.at
  const found = item(r, scope)
  if (found.kind !== 'resource') throw typeError(r, at, 'a resource type is needed here')
  return found.name
}

function defined(r: Reader, form: number, at: number, scope: Scope): WitType {
  switch (form) {
    case 0x72:
      return { kind: 'record', fields: labelled(r, scope, 1, () => ({ name: readLabel(r), type: readValueType(r, scope) })) }
    case 0x71:
      return {
        kind: 'variant',
        cases: labelled(r, scope, 1, () => {
          const name = readLabel(r)
          const type = optional(r, scope)
          if (r.u8() !== 0) throw typeError(r, r.at - 1, 'a case may not refine another')
          return { name, type }
        }),
      }
    case 0x70:
      return { kind: 'list', element: readValueType(r, scope) }
    case 0x6f:
      return { kind: 'tuple', items: many(r, scope, 1, () => readValueType(r, scope)) }
    case 0x6e: {
      const names = labelled(r, scope, 1, () => ({ name: readLabel(r) })).map(({ name }) => name)
      if (names.length > 32) throw typeError(r, at, 'flags have at most 32 names')
      return { kind: 'flags', names }
    }
    case 0x6d:
      return { kind: 'enum', names: labelled(r, scope, 1, () => ({ name: readLabel(r) })).map(({ name }) => name) }
    case 0x6b:
      return { kind: 'option', some: readValueType(r, scope) }
    case 0x6a:
      return { kind: 'result', ok: optional(r, scope), err: optional(r, scope) }
    case 0x69:
      return { kind: 'own', resource: resourceOf(r, scope) }
    case 0x68:
      return { kind: 'borrow', resource: resourceOf(r, scope) }
    default:
      throw typeError(r, at, `the type form 0x${form.toString(16)}${LATER[form] ?? ''} is not allowed`)
  }
}

function parts(type: WitType): readonly (WitType | undefined)[] {
  switch (type.kind) {
    case 'record':
      return type.fields.map((f) => f.type)
    case 'variant':
      return type.cases.map((c) => c.type)
    case 'list':
      return [type.element]
    case 'tuple':
      return type.items
    case 'option':
      return [type.some]
    case 'result':
      return [type.ok, type.err]
    default:
      return []
  }
}

/** Depth and size are of the unfolded type: shared parts would else double with every level. */
function bounded(r: Reader, at: number, type: WitType): WitType {
  let depth = 1
  let size = 1
  for (const part of parts(type)) {
    if (part === undefined) continue
    depth = Math.max(depth, 1 + (depths.get(part) ?? 1))
    size += sizes.get(part) ?? 1
    if (lending.has(part)) lending.add(type)
    if (points(part)) pointing.add(type)
  }
  if (type.kind === 'borrow') lending.add(type)
  if (type.kind === 'list') pointing.add(type)
  atMost('witTypeDepth', depth, r.origin + at, 'nesting of a type')
  if (size > MAX_NODES) throw typeError(r, at, `a type has more than ${MAX_NODES} parts`)
  depths.set(type, depth)
  sizes.set(type, size)
  return type
}

/** One definition of a type; `define` reads what follows the form of a resource, where one may be defined. */
export function readType(r: Reader, scopes: readonly Scope[], define?: () => TypeItem): TypeItem {
  const scope = scopes[scopes.length - 1] as Scope
  const at = r.at
  const form = r.u8()
  const primitive = PRIMITIVES[form]
  if (primitive !== undefined) return { kind: 'value', type: { kind: primitive } }
  if (form === 0x40) return readFunctionType(r, scope)
  if (form === 0x42) return readInstanceType(r, scopes)
  if (form === 0x41) {
    readDeclarations(r, scopes, true)
    return { kind: 'component' }
  }
  if (form === 0x3f) {
    if (define === undefined) throw typeError(r, at, 'a resource may not be defined within a type')
    return define()
  }
  return { kind: 'value', type: bounded(r, at, defined(r, form, at, scope)) }
}

function readFunctionType(r: Reader, scope: Scope): TypeItem {
  const at = r.at
  const params = labelled(r, scope, 0, () => ({ name: readLabel(r), type: readValueType(r, scope) }))
  const size = params.reduce((n, p) => n + (sizes.get(p.type) ?? 1), 0)
  if (size > MAX_NODES) throw typeError(r, at, `the parameters of a function have more than ${MAX_NODES} parts`)
  const flag = r.u8()
  if (flag === 0) {
    const result = readValueType(r, scope)
    if (lending.has(result)) throw typeError(r, at, 'a result holds no borrows')
    return { kind: 'func', params, result }
  }
  if (flag !== 1 || r.u8() !== 0) throw typeError(r, r.at - 1, 'a function has one unnamed result or none')
  return { kind: 'func', params, result: undefined }
}

function readInstanceType(r: Reader, scopes: readonly Scope[]): TypeItem {
  return { kind: 'instance', exports: readDeclarations(r, scopes, false) }
}

/** What an import or export is declared to be. A new resource is named after it. */
export function readExternType(r: Reader, scope: Scope, name: string): ExternType {
  const at = r.at
  const sort = r.u8()
  if (sort === 1) {
    const type = item(r, scope)
    if (type.kind !== 'func') throw typeError(r, at, `${name} must be of a function type`)
    return { sort: 'func', type }
  }
  if (sort === 3) {
    const bound = r.u8()
    if (bound === 0) return { sort: 'type', type: item(r, scope) }
    if (bound !== 1) throw typeError(r, at, 'unknown bound of a type')
    return { sort: 'type', type: { kind: 'resource', name }, fresh: true }
  }
  if (sort === 5) {
    const type = item(r, scope)
    if (type.kind !== 'instance') throw typeError(r, at, `${name} must be of an instance type`)
    return { sort: 'instance', type }
  }
  throw typeError(r, at, `an import or export of sort ${sort} is not allowed`)
}

function readDeclarations(r: Reader, outer: readonly Scope[], withImports: boolean): ReadonlyMap<string, ExternType> {
  const types: TypeItem[] = []
  const { tally } = outer[outer.length - 1] as Scope
  const scopes = [...outer, { types, tally }]
  if (scopes.length > 16) throw typeError(r, r.at, 'types are nested too deep')
  const exports = new Map<string, ExternType>()
  const n = r.count()
  for (let i = 0; i < n; i++) {
    const at = r.at
    tally.add(r)
    const kind = r.u8()
    if (kind === 1) types.push(readType(r, scopes))
    else if (kind === 2) types.push(readOuterAlias(r, scopes))
    else if (kind === 4 || (kind === 3 && withImports)) {
      const name = readExternName(r)
      const extern = readExternType(r, scopes[scopes.length - 1] as Scope, name)
      if (extern.sort === 'instance' && !withImports) throw typeError(r, at, 'an instance within an instance is not allowed')
      if (extern.sort === 'type') types.push(extern.type)
      if (kind === 4) {
        if (exports.has(name)) throw typeError(r, at, `${name} is exported twice`)
        exports.set(name, extern)
      }
    } else throw typeError(r, at, `a declaration of kind ${kind} is not allowed`)
    atMost('moduleTypes', types.length, r.origin + at, 'types')
  }
  return exports
}

/** `alias outer`, of a type. */
export function readOuterAlias(r: Reader, scopes: readonly Scope[]): TypeItem {
  const at = r.at
  if (r.u8() !== 3 || r.u8() !== 2) throw typeError(r, at, 'only types may be aliased here')
  return outerType(r, scopes)
}

/** The count and index of an outer type alias. */
export function outerType(r: Reader, scopes: readonly Scope[]): TypeItem {
  const at = r.at
  const scope = scopes[scopes.length - 1 - r.u32()]
  const found = scope?.types[r.u32()]
  if (found === undefined) throw typeError(r, at, 'unknown outer type')
  return found
}
