/**
 * Events: `declare class … extends Event` gets the fields that its constructor names and becomes an `@event` class; each `@event` class gets a method that
 * writes its public fields as a canonical dag-cbor map.
 */

import type { ClassDeclaration, FieldDeclaration } from 'assemblyscript'
import type * as Assemblyscript from 'assemblyscript'
import { authorClasses, declares, define, hasDecorator, parseMethods, publicFields } from './author-classes.ts'
import { authorError, type Program } from '../compile/index.ts'

type Compiler = typeof Assemblyscript

const BASE = 'Event'

/** The constructor's parameters become fields; types stay the author's nodes, so that errors point at them. */
function defineEvent(compiler: Compiler, declaration: ClassDeclaration): void {
  const [only, ...more] = declaration.members
  if (!(only instanceof compiler.MethodDeclaration) || more.length > 0 || only.name.text !== 'constructor')
    throw authorError(declaration.name.range, `the event ${declaration.name.text} must have a constructor and nothing else`)
  const { parameters } = only.signature
  const text = `@event class Made { constructor(${parameters.map((p) => `public ${p.name.text}: u8`).join(', ')}) {} }`
  const parser = new compiler.Parser(null, [])
  parser.parseFile(text, declaration.range.source.normalizedPath, false)
  const [made] = parser.sources[0]?.statements ?? []
  if (!(made instanceof compiler.ClassDeclaration)) return
  for (const member of made.members) {
    if (member instanceof compiler.MethodDeclaration) {
      member.signature.parameters.forEach((p, i) => (p.type = parameters[i]?.type ?? p.type))
      continue
    }
    const named = parameters.find((p) => p.name.text === member.name.text)
    if (member instanceof compiler.FieldDeclaration && named !== undefined) {
      member.type = named.type
      member.name.range = named.name.range
    }
  }
  declaration.members = made.members
  declaration.decorators = made.decorators
  declaration.extendsType = null
  define(declaration)
}

/** Turns what is declared of events into `@event` classes. */
export function defineEvents(compiler: Compiler, program: Program): void {
  for (const declaration of authorClasses(compiler, program)) if (declares(declaration, BASE)) defineEvent(compiler, declaration)
}

/** The `@event` classes of the author's sources. */
export function eventClasses(compiler: Compiler, program: Program): ClassDeclaration[] {
  return authorClasses(compiler, program).filter((c) => hasDecorator(compiler, c, 'event'))
}

export function eventFields(compiler: Compiler, declaration: ClassDeclaration): FieldDeclaration[] {
  if (declaration.extendsType !== null)
    throw authorError(declaration.name.range, `the event ${declaration.name.text} extends another class`)
  if (declaration.isGeneric) throw authorError(declaration.name.range, `the event ${declaration.name.text} is generic`)
  return publicFields(compiler, declaration)
}

/** dag-cbor's order of map keys: shorter first, then bytewise. Identifiers are ASCII or compared as UTF-8. */
function byDagCborOrder(a: string, b: string): number {
  const [x, y] = [Buffer.from(a, 'utf8'), Buffer.from(b, 'utf8')]
  return x.length - y.length || Buffer.compare(x, y)
}

/** Adds `encodeEvent` to each `@event` class. */
export function addEventEncoders(compiler: Compiler, program: Program): void {
  for (const declaration of eventClasses(compiler, program)) {
    const names = eventFields(compiler, declaration)
      .map((f) => f.name.text)
      .toSorted(byDagCborOrder)
    const entries = names.map((n) => `writer.entry('${n}', this.${n})`)
    const text = `encodeEvent<W>(writer: W): void { writer.map(${names.length}); ${entries.join('; ')} }`
    declaration.members.push(...parseMethods(compiler, declaration, text))
  }
}
