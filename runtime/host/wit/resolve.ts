import type { WitField, WitFunction, WitPrimitive, WitType } from '../../core/wit/wit-type.ts'
import { UtnetError } from '../../core/errors.ts'
import { LIMITS } from '../../core/limits.ts'
import type {
  FunctionNode,
  InterfaceNode,
  MethodNode,
  PackageNode,
  TypeDefinition,
  TypeNode,
  UseNode,
  WitPath,
  WorldItemNode,
  WorldNode,
} from './ast.ts'
import { witError } from './lexer.ts'
import type { WitInterface, WitModel, WitWorld, WitWorldItem } from './model.ts'
import { parseWit } from './parser.ts'

const idOf = (p: { name: string; version: string | undefined }, name: string): string =>
  `${p.name}/${name}${p.version === undefined ? '' : `@${p.version}`}`

/** The types visible in one interface or world, resolved on first use. */
class Scope {
  readonly #resolver: Resolver
  readonly #package: PackageNode
  readonly #owner: string
  readonly #definitions = new Map<string, TypeDefinition>()
  readonly #uses = new Map<string, { from: WitPath; name: string; at: number }>()
  readonly #resolved = new Map<string, WitType>()
  readonly #open = new Set<string>()

  constructor(resolver: Resolver, pkg: PackageNode, owner: string, types: readonly TypeDefinition[], uses: readonly UseNode[]) {
    this.#resolver = resolver
    this.#package = pkg
    this.#owner = owner
    for (const type of types) {
      if (this.#definitions.has(type.name)) throw this.fail(type.at, `${type.name} is defined twice`)
      this.#definitions.set(type.name, type)
    }
    for (const use of uses) for (const n of use.names) this.#uses.set(n.as, { from: use.from, name: n.name, at: n.at })
  }

  fail(at: number, message: string): UtnetError {
    return witError(this.#package.source, this.#package.text, at, message)
  }

  named(name: string, at: number): WitType {
    const known = this.#resolved.get(name)
    if (known !== undefined) return known
    if (this.#open.has(name)) throw this.fail(at, `the type ${name} contains itself`)
    if (this.#open.size > LIMITS.witTypeDepth) throw this.fail(at, `the type is nested deeper than witTypeDepth (${LIMITS.witTypeDepth})`)
    this.#open.add(name)
    const use = this.#uses.get(name)
    const definition = this.#definitions.get(name)
    let type: WitType
    if (definition !== undefined) type = this.#define(definition)
    else if (use !== undefined) type = this.#resolver.scope(this.#package, use.from).named(use.name, use.at)
    else throw this.fail(at, `there is no type ${name}`)
    this.#open.delete(name)
    this.#resolved.set(name, type)
    return type
  }

  #define(d: TypeDefinition): WitType {
    switch (d.kind) {
      case 'alias':
        return this.type(d.type)
      case 'record':
        return { kind: 'record', name: d.name, fields: d.fields.map((f) => ({ name: f.name, type: this.type(f.type) })) }
      case 'variant':
        return {
          kind: 'variant',
          name: d.name,
          cases: d.cases.map((c) => ({ name: c.name, type: c.type === undefined ? undefined : this.type(c.type) })),
        }
      case 'enum':
      case 'flags':
        return { kind: d.kind, name: d.name, names: d.names }
      case 'resource':
        return { kind: 'own', resource: `${this.#owner}#${d.name}` }
    }
  }

  type(node: TypeNode): WitType {
    switch (node.kind) {
      case 'primitive':
        return { kind: node.name as WitPrimitive }
      case 'name':
        return this.named(node.name, node.at)
      case 'list':
        return { kind: 'list', element: this.type(node.inner) }
      case 'option':
        return { kind: 'option', some: this.type(node.inner) }
      case 'result':
        return {
          kind: 'result',
          ok: node.ok === undefined ? undefined : this.type(node.ok),
          err: node.err === undefined ? undefined : this.type(node.err),
        }
      case 'tuple':
        return { kind: 'tuple', items: node.items.map((i) => this.type(i)) }
      case 'own':
      case 'borrow': {
        const type = this.named(node.resource, node.at)
        if (type.kind !== 'own') throw this.fail(node.at, `${node.resource} is not a resource`)
        return { kind: node.kind, resource: type.resource }
      }
    }
  }

  function(node: FunctionNode, name = node.name): WitFunction {
    return {
      name,
      params: node.params.map((p): WitField => ({ name: p.name, type: this.type(p.type) })),
      result: node.result === undefined ? undefined : this.type(node.result),
    }
  }

  method(resource: string, m: MethodNode): WitFunction {
    const id = `${this.#owner}#${resource}`
    if (m.kind === 'constructor') return { ...this.function(m.func, `[constructor]${resource}`), result: { kind: 'own', resource: id } }
    const func = this.function(m.func, `[${m.kind}]${resource}.${m.func.name}`)
    return m.kind === 'static' ? func : { ...func, params: [{ name: 'self', type: { kind: 'borrow', resource: id } }, ...func.params] }
  }
}

class Resolver implements WitModel {
  readonly packages: readonly PackageNode[]
  readonly interfaces: readonly string[]
  readonly worlds: readonly string[]
  readonly #interfaceNodes = new Map<string, { pkg: PackageNode; node: InterfaceNode }>()
  readonly #worldNodes = new Map<string, { pkg: PackageNode; node: WorldNode }>()
  readonly #scopes = new Map<string, Scope>()
  readonly #interfaces = new Map<string, WitInterface>()

  constructor(packages: readonly PackageNode[]) {
    this.packages = packages
    for (const pkg of packages) {
      for (const node of pkg.interfaces) this.#interfaceNodes.set(idOf(pkg, node.name), { pkg, node })
      for (const node of pkg.worlds) this.#worldNodes.set(idOf(pkg, node.name), { pkg, node })
    }
    this.interfaces = [...this.#interfaceNodes.keys()]
    this.worlds = [...this.#worldNodes.keys()]
  }

  #id(pkg: PackageNode, path: WitPath): string {
    return path.package === undefined ? idOf(pkg, path.name) : idOf({ name: path.package, version: path.version }, path.name)
  }

  scope(pkg: PackageNode, path: WitPath): Scope {
    const id = this.#id(pkg, path)
    const found = this.#interfaceNodes.get(id)
    if (found === undefined) throw witError(pkg.source, pkg.text, path.at, `there is no interface ${id}`)
    return this.#scopeOf(id, found.pkg, found.node)
  }

  #scopeOf(id: string, pkg: PackageNode, node: InterfaceNode | WorldNode): Scope {
    let scope = this.#scopes.get(id)
    if (scope === undefined) this.#scopes.set(id, (scope = new Scope(this, pkg, id, node.types, node.uses)))
    return scope
  }

  #body(id: string, pkg: PackageNode, node: InterfaceNode): WitInterface {
    const scope = this.#scopeOf(id, pkg, node)
    const functions: WitFunction[] = []
    const resources: string[] = []
    const types = new Map<string, WitType>()
    for (const type of node.types) {
      types.set(type.name, scope.named(type.name, type.at))
      if (type.kind !== 'resource') continue
      resources.push(`${id}#${type.name}`)
      for (const method of type.methods) functions.push(scope.method(type.name, method))
    }
    for (const use of node.uses) for (const n of use.names) types.set(n.as, scope.named(n.as, n.at))
    for (const func of node.functions) functions.push(scope.function(func))
    return { id, types, resources, functions }
  }

  interface(id: string): WitInterface {
    const known = this.#interfaces.get(id)
    if (known !== undefined) return known
    const found = this.#interfaceNodes.get(id)
    if (found === undefined) throw new UtnetError('guest_invalid', `there is no WIT interface ${id}`)
    const body = this.#body(id, found.pkg, found.node)
    this.#interfaces.set(id, body)
    return body
  }

  #item(pkg: PackageNode, scope: Scope, owner: string, item: WorldItemNode): WitWorldItem {
    switch (item.kind) {
      case 'function':
        return { kind: 'function', function: scope.function(item.func) }
      case 'interface':
        return {
          kind: 'interface',
          name: item.interface.name,
          interface: this.#body(`${owner}/${item.interface.name}`, pkg, item.interface),
        }
      case 'path': {
        const id = this.#id(pkg, item.path)
        if (!this.#interfaceNodes.has(id)) throw scope.fail(item.path.at, `there is no interface ${id}`)
        return { kind: 'interface', name: id, interface: this.interface(id) }
      }
    }
  }

  world(id: string): WitWorld {
    return this.#world(id, new Set())
  }

  #world(id: string, open: Set<string>): WitWorld {
    const found = this.#worldNodes.get(id)
    if (found === undefined) throw new UtnetError('guest_invalid', `there is no WIT world ${id}`)
    const { pkg, node } = found
    const scope = this.#scopeOf(`world ${id}`, pkg, node)
    if (open.has(id)) throw scope.fail(node.at, `the world ${id} includes itself`)
    open.add(id)
    const imports = new Map<string, WitWorldItem>()
    const exports = new Map<string, WitWorldItem>()
    const types = new Map<string, WitType>()
    const add = (to: Map<string, WitWorldItem>, item: WitWorldItem): void => {
      to.set(item.kind === 'interface' ? item.name : item.function.name, item)
    }
    for (const path of node.includes) {
      const inner = this.#world(this.#id(pkg, path), open)
      for (const item of inner.imports) add(imports, item)
      for (const item of inner.exports) add(exports, item)
      for (const [name, type] of inner.types) types.set(name, type)
    }
    for (const type of node.types) types.set(type.name, scope.named(type.name, type.at))
    for (const use of node.uses) for (const n of use.names) types.set(n.as, scope.named(n.as, n.at))
    for (const item of node.imports) add(imports, this.#item(pkg, scope, id, item))
    for (const item of node.exports) add(exports, this.#item(pkg, scope, id, item))
    open.delete(id)
    return { id, types, imports: [...imports.values()], exports: [...exports.values()] }
  }

  nestedText(): string {
    return this.packages
      .filter((p) => p.name !== '')
      .map((p) => `package ${p.name}${p.version === undefined ? '' : `@${p.version}`} {\n${p.body}\n}\n`)
      .join('\n')
  }
}

/** Reads WIT files together; names may lead from any to any. Throws `guest_invalid` naming file, line and column. */
export function loadWit(files: readonly { readonly source: string; readonly text: string }[]): WitModel {
  return new Resolver(files.flatMap((f) => parseWit(f.source, f.text)))
}
