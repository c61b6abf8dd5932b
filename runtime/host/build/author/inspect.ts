/** Reads exported functions and their types from the bound program, with the author's file and line in every refusal. */

import type { DeclaredElement, Element, File, FunctionPrototype, TypeNode } from 'assemblyscript'
import type * as Assemblyscript from 'assemblyscript'
import { UtnetError } from '../../../core/errors.ts'
import { textOf } from './author-classes.ts'
import { AuthorTypes, named, type Mapped } from './author-types.ts'
import { authorError, type Program } from '../compile/index.ts'
import { eventClasses, eventFields } from './events.ts'
import { isTyped, type GuestType, type GuestExport, type GuestParam, type GuestSignatures } from '../types/index.ts'

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

class Inspector {
  readonly #compiler: typeof Assemblyscript
  readonly #program: Program
  readonly #types: AuthorTypes

  constructor(compiler: typeof Assemblyscript, program: Program) {
    this.#compiler = compiler
    this.#program = program
    this.#types = new AuthorTypes(compiler, program)
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
      return { name: named(p.range, p.name.text), ...this.#types.mapNode(p.type, context) }
    })
    const resolved = this.#types.resolve(signature.returnType, context)
    const result = resolved.toString() === 'void' ? undefined : this.#types.mapNode(signature.returnType, context)
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
    const mapped = types.map((node) => this.#types.mapNode(node, element.parent))
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
        const resolved = this.#types.resolve(field.type, element)
        if (!isEventType(this.#types.mapType(resolved, field.type.range).type)) {
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
    return { exports, classes: this.#types.classes }
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
      return !isTyped(type.container) && isEventType(type.element)
    case 'option':
      return isEventType(type.some)
    default:
      return false
  }
}

// AssemblyScript publishes its kinds as const enums, which erasable TypeScript cannot read: classes tell the kinds instead.
function isFunctionPrototype(compiler: typeof Assemblyscript, element: Element): element is FunctionPrototype {
  return element instanceof compiler.FunctionPrototype
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
