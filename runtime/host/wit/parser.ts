/** WIT text -> syntax tree (component-model design/mvp/WIT.md). Feature gates (`@since` and so on) are read over. */

import type {
  FieldNode,
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
import { tokenize, witError } from './lexer.ts'
import type { Token } from './lexer.ts'
import { LIMITS } from '../../core/limits.ts'

const PRIMITIVES = new Set(['bool', 'u8', 's8', 'u16', 's16', 'u32', 's32', 'u64', 's64', 'f32', 'f64', 'char', 'string'])

class Parser {
  readonly source: string
  readonly text: string
  readonly tokens: readonly Token[]
  next = 0

  constructor(source: string, text: string) {
    this.source = source
    this.text = text
    this.tokens = tokenize(source, text)
  }

  peek(ahead = 0): Token {
    return this.tokens[Math.min(this.next + ahead, this.tokens.length - 1)] as Token
  }

  take(): Token {
    const token = this.peek()
    if (token.kind !== 'end') this.next++
    return token
  }

  fail(message: string, token = this.peek()): never {
    throw witError(this.source, this.text, token.start, message)
  }

  is(text: string, ahead = 0): boolean {
    const token = this.peek(ahead)
    return token.text === text && !token.escaped && token.kind !== 'end'
  }

  accept(text: string): boolean {
    if (!this.is(text)) return false
    this.next++
    return true
  }

  expect(text: string): Token {
    if (!this.is(text)) this.fail(`expected "${text}", found ${this.peek().kind === 'end' ? 'the end' : `"${this.peek().text}"`}`)
    return this.take()
  }

  name(): string {
    const token = this.peek()
    if (token.kind !== 'id') this.fail(`expected a name, found ${token.kind === 'end' ? 'the end' : `"${token.text}"`}`)
    return this.take().text
  }

  /** Items between `open` and `close`, separated by commas, a last comma allowed. */
  list<T>(open: string, close: string, item: () => T): T[] {
    this.expect(open)
    const items: T[] = []
    while (!this.is(close)) {
      items.push(item())
      if (!this.accept(',')) break
    }
    this.expect(close)
    return items
  }

  gates(): void {
    while (this.accept('@')) {
      this.name()
      this.expect('(')
      while (!this.is(')')) {
        if (this.peek().kind === 'end') this.fail('a feature gate is not closed')
        this.take()
      }
      this.expect(')')
    }
  }

  version(): string | undefined {
    if (!this.accept('@')) return undefined
    if (this.peek().kind !== 'version') this.fail('expected a version')
    return this.take().text
  }

  packageName(): { name: string; version: string | undefined } {
    const namespace = this.name()
    this.expect(':')
    return { name: `${namespace}:${this.name()}`, version: this.version() }
  }

  path(): WitPath {
    const at = this.peek().start
    const first = this.name()
    if (!this.accept(':')) return { package: undefined, name: first, version: undefined, at }
    const second = this.name()
    this.expect('/')
    return { package: `${first}:${second}`, name: this.name(), version: this.version(), at }
  }

  type(depth = 0): TypeNode {
    const token = this.peek()
    const at = token.start
    if (depth > LIMITS.witTypeDepth) this.fail(`the type is nested deeper than witTypeDepth (${LIMITS.witTypeDepth})`)
    const name = this.name()
    if (token.escaped) return { kind: 'name', name, at }
    if (PRIMITIVES.has(name)) return { kind: 'primitive', name, at }
    const inner = (): TypeNode => this.type(depth + 1)
    switch (name) {
      case 'list':
      case 'option': {
        this.expect('<')
        const element = inner()
        if (this.is(',')) this.fail('lists of a fixed length are not supported')
        this.expect('>')
        return { kind: name, inner: element, at }
      }
      case 'tuple':
        return { kind: 'tuple', items: this.list('<', '>', inner), at }
      case 'result': {
        if (!this.accept('<')) return { kind: 'result', ok: undefined, err: undefined, at }
        const ok = this.accept('_') ? undefined : inner()
        const err = this.accept(',') ? inner() : undefined
        this.expect('>')
        return { kind: 'result', ok, err, at }
      }
      case 'own':
      case 'borrow': {
        this.expect('<')
        const resource = this.name()
        this.expect('>')
        return { kind: name, resource, at }
      }
      case 'future':
      case 'stream':
      case 'error-context':
        return this.fail(`${name} is not supported`, token)
      default:
        return { kind: 'name', name, at }
    }
  }

  field(): FieldNode {
    this.gates()
    const name = this.name()
    this.expect(':')
    return { name, type: this.type() }
  }

  /** From `(` on; the name was read before. */
  signature(name: string): FunctionNode {
    const params = this.list('(', ')', () => this.field())
    const result = this.accept('->') ? this.type() : undefined
    this.expect(';')
    return { name, params, result }
  }

  resource(at: number): TypeDefinition {
    const name = this.name()
    const methods: MethodNode[] = []
    if (this.accept(';')) return { kind: 'resource', name, methods, at }
    this.expect('{')
    for (;;) {
      this.gates()
      if (this.accept('}')) return { kind: 'resource', name, methods, at }
      if (this.is('constructor') && this.is('(', 1)) {
        this.take()
        methods.push({ kind: 'constructor', func: this.signature('') })
        continue
      }
      const method = this.name()
      this.expect(':')
      const kind = this.accept('static') ? 'static' : 'method'
      this.expect('func')
      methods.push({ kind, func: this.signature(method) })
    }
  }

  typeDefinition(): TypeDefinition | undefined {
    const token = this.peek()
    const at = token.start
    if (token.escaped || this.peek(1).kind !== 'id') return undefined
    switch (token.text) {
      case 'type': {
        this.take()
        const name = this.name()
        this.expect('=')
        const type = this.type()
        this.expect(';')
        return { kind: 'alias', name, type, at }
      }
      case 'record':
        this.take()
        return { kind: 'record', name: this.name(), fields: this.list('{', '}', () => this.field()), at }
      case 'variant':
        this.take()
        return { kind: 'variant', name: this.name(), cases: this.list('{', '}', () => this.variantCase()), at }
      case 'enum':
      case 'flags':
        this.take()
        return { kind: token.text, name: this.name(), names: this.list('{', '}', () => (this.gates(), this.name())), at }
      case 'resource':
        this.take()
        return this.resource(at)
      default:
        return undefined
    }
  }

  variantCase(): { name: string; type: TypeNode | undefined } {
    this.gates()
    const name = this.name()
    if (!this.accept('(')) return { name, type: undefined }
    const type = this.type()
    this.expect(')')
    return { name, type }
  }

  use(): UseNode {
    const from = this.path()
    this.expect('.')
    const names = this.list('{', '}', () => {
      const at = this.peek().start
      const name = this.name()
      return { name, as: this.accept('as') ? this.name() : name, at }
    })
    this.expect(';')
    return { from, names }
  }

  interfaceBody(name: string, at: number): InterfaceNode {
    const node = { name, uses: [] as UseNode[], types: [] as TypeDefinition[], functions: [] as FunctionNode[], at }
    this.expect('{')
    for (;;) {
      this.gates()
      if (this.accept('}')) return node
      if (this.is('use') && !this.is(':', 1)) {
        this.take()
        node.uses.push(this.use())
        continue
      }
      const definition = this.typeDefinition()
      if (definition !== undefined) {
        node.types.push(definition)
        continue
      }
      const func = this.name()
      this.expect(':')
      this.expect('func')
      node.functions.push(this.signature(func))
    }
  }

  worldItem(): WorldItemNode {
    // `name: func(..)`, `name: interface {..}` or a path
    if (this.is(':', 1) && (this.is('func', 2) || this.is('interface', 2))) {
      const at = this.peek().start
      const name = this.name()
      this.expect(':')
      if (this.accept('func')) return { kind: 'function', func: this.signature(name) }
      this.expect('interface')
      return { kind: 'interface', interface: this.interfaceBody(name, at) }
    }
    const path = this.path()
    this.expect(';')
    return { kind: 'path', path }
  }

  world(at: number): WorldNode {
    const node = {
      name: this.name(),
      uses: [] as UseNode[],
      types: [] as TypeDefinition[],
      includes: [] as WitPath[],
      imports: [] as WorldItemNode[],
      exports: [] as WorldItemNode[],
      at,
    }
    this.expect('{')
    for (;;) {
      this.gates()
      if (this.accept('}')) return node
      const definition = this.typeDefinition()
      if (definition !== undefined) node.types.push(definition)
      else if (this.accept('use')) node.uses.push(this.use())
      else if (this.accept('import')) node.imports.push(this.worldItem())
      else if (this.accept('export')) node.exports.push(this.worldItem())
      else if (this.accept('include')) {
        node.includes.push(this.path())
        if (this.is('with')) this.fail('"include ... with" is not supported')
        this.expect(';')
      } else this.fail(`expected an item of a world, found "${this.peek().text}"`)
    }
  }

  /** Items up to `}` (nested) or the end of the text. */
  packageBody(header: { name: string; version: string | undefined }, nested: boolean, found: PackageNode[]): void {
    const start = this.peek().start
    const interfaces: InterfaceNode[] = []
    const worlds: WorldNode[] = []
    const cuts: [number, number][] = []
    for (;;) {
      this.gates()
      const token = this.peek()
      if (nested ? this.is('}') : token.kind === 'end') break
      if (this.accept('interface')) interfaces.push(this.interfaceBody(this.name(), token.start))
      else if (this.accept('world')) worlds.push(this.world(token.start))
      else if (!nested && this.accept('package')) {
        const inner = this.packageName()
        this.expect('{')
        this.packageBody(inner, true, found)
        cuts.push([token.start, this.expect('}').end])
      } else this.fail(`expected an interface${nested ? '' : ', a package'} or a world, found "${token.text}"`)
    }
    let body = ''
    let from = start
    for (const [a, b] of cuts) [body, from] = [body + this.text.slice(from, a), b]
    body += this.text.slice(from, this.peek().start)
    found.push({ ...header, interfaces, worlds, body: body.trim(), source: this.source, text: this.text })
  }

  file(): PackageNode[] {
    const found: PackageNode[] = []
    let header: { name: string; version: string | undefined } = { name: '', version: undefined }
    const first = this.next
    if (this.accept('package')) {
      header = this.packageName()
      if (!this.accept(';')) {
        this.next = first // a file of nested packages only
        header = { name: '', version: undefined }
      }
    }
    this.packageBody(header, false, found)
    return found.filter((p) => p.name !== '' || p.interfaces.length > 0 || p.worlds.length > 0)
  }
}

/** The packages of one WIT file, nested ones included. `source` is its name in errors (`guest_invalid`, with line and column). */
export function parseWit(source: string, text: string): PackageNode[] {
  return new Parser(source, text).file()
}
