/** The author's classes in the syntax trees, and methods that the build adds to them. */

import type { ClassDeclaration, FieldDeclaration, MethodDeclaration } from 'assemblyscript'
import type * as Assemblyscript from 'assemblyscript'
import type { Program } from '../compile/index.ts'

type Compiler = typeof Assemblyscript

// CommonFlags.Static, Private and Protected; AssemblyScript publishes its flags as a const enum, which erasable TypeScript cannot read
const NOT_PUBLIC = (1 << 5) | (1 << 9) | (1 << 10)

/** All classes of the author's sources, exported by default or not. */
export function authorClasses(compiler: Compiler, program: Program): ClassDeclaration[] {
  return program.sources
    .filter((source) => !source.normalizedPath.startsWith('~lib/'))
    .flatMap((source) => source.statements)
    .map((node) => (node instanceof compiler.ExportDefaultStatement ? node.declaration : node))
    .filter((node): node is ClassDeclaration => node instanceof compiler.ClassDeclaration)
}

export function hasDecorator(compiler: Compiler, declaration: ClassDeclaration, name: string): boolean {
  return (declaration.decorators ?? []).some((d) => d.name instanceof compiler.IdentifierExpression && d.name.text === name)
}

/** Public fields, parameters of the constructor that are fields among them. */
export function publicFields(compiler: Compiler, declaration: ClassDeclaration): FieldDeclaration[] {
  return declaration.members.filter((m): m is FieldDeclaration => m instanceof compiler.FieldDeclaration && (m.flags & NOT_PUBLIC) === 0)
}

/** The methods of this text, parsed as if they stood in the file of the declaration. They are generic, so that they need no import there. */
export function parseMethods(compiler: Compiler, declaration: ClassDeclaration, text: string): MethodDeclaration[] {
  const parser = new compiler.Parser(null, [])
  parser.parseFile(`class Made { ${text} }`, declaration.range.source.normalizedPath, false)
  const [made] = parser.sources[0]?.statements ?? []
  if (!(made instanceof compiler.ClassDeclaration)) return []
  return made.members.filter((m): m is MethodDeclaration => m instanceof compiler.MethodDeclaration)
}

// CommonFlags.Declare and Ambient, for the same reason as numbers
const DECLARED = (1 << 2) | (1 << 15)

/** Whether it is a `declare class … extends BASE`. */
export function declares({ extendsType, flags }: ClassDeclaration, base: string): boolean {
  return (flags & DECLARED) !== 0 && extendsType !== null && extendsType.name.identifier.text === base && extendsType.name.next === null
}

/** Makes what was only declared a definition. */
export function define(node: { flags: number }): void {
  node.flags &= ~DECLARED
}

/** A part of the author's text. */
export function textOf({ source, start, end }: Assemblyscript.Range): string {
  return source.text.slice(start, end)
}
