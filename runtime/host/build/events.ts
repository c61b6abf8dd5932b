/** `@event` classes: each gets a method that writes its public fields as a canonical dag-cbor map. */

import type { ClassDeclaration, FieldDeclaration, Node } from 'assemblyscript'
import type * as Assemblyscript from 'assemblyscript'
import { authorError } from './compiler.ts'
import type { Program } from './compiler.ts'

type Compiler = typeof Assemblyscript

function isEvent(compiler: Compiler, node: Node): node is ClassDeclaration {
  if (!(node instanceof compiler.ClassDeclaration)) return false
  return (node.decorators ?? []).some((d) => d.name instanceof compiler.IdentifierExpression && d.name.text === 'event')
}

/** The `@event` classes of the author's sources. */
export function eventClasses(compiler: Compiler, program: Program): ClassDeclaration[] {
  return program.sources
    .filter((source) => !source.normalizedPath.startsWith('~lib/'))
    .flatMap((source) => source.statements)
    .map((node) => (node instanceof compiler.ExportDefaultStatement ? node.declaration : node))
    .filter((node): node is ClassDeclaration => isEvent(compiler, node))
}

export function eventFields(compiler: Compiler, declaration: ClassDeclaration): FieldDeclaration[] {
  if (declaration.extendsType !== null)
    throw authorError(declaration.name.range, `the event ${declaration.name.text} extends another class`)
  if (declaration.isGeneric) throw authorError(declaration.name.range, `the event ${declaration.name.text} is generic`)
  // parameters of the constructor that are fields stand among the members, too
  return declaration.members.filter((m): m is FieldDeclaration => m instanceof compiler.FieldDeclaration && (m.flags & NOT_PUBLIC) === 0)
}

// CommonFlags.Static, Private and Protected; AssemblyScript publishes its flags as a const enum, which erasable TypeScript cannot read
const NOT_PUBLIC = (1 << 5) | (1 << 9) | (1 << 10)

/** dag-cbor's order of map keys: shorter first, then bytewise. Identifiers are ASCII or compared as UTF-8. */
function byDagCborOrder(a: string, b: string): number {
  const [x, y] = [Buffer.from(a, 'utf8'), Buffer.from(b, 'utf8')]
  return x.length - y.length || Buffer.compare(x, y)
}

/** Adds `encodeEvent` to each `@event` class. It is generic, so that it needs no import in the author's file. */
export function addEventEncoders(compiler: Compiler, program: Program): void {
  for (const declaration of eventClasses(compiler, program)) {
    const names = eventFields(compiler, declaration)
      .map((f) => f.name.text)
      .toSorted(byDagCborOrder)
    const entries = names.map((n) => `writer.entry('${n}', this.${n})`)
    const text = `class Event { encodeEvent<W>(writer: W): void { writer.map(${names.length}); ${entries.join('; ')} } }`
    const parser = new compiler.Parser(null, [])
    parser.parseFile(text, declaration.range.source.normalizedPath, false)
    const [made] = parser.sources[0]?.statements ?? []
    const [method] = made instanceof compiler.ClassDeclaration ? made.members : []
    if (method !== undefined) declaration.members.push(method)
  }
}
