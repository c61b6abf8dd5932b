/** `@data` classes: each gets methods that write and read its fields, in the order of the class, as a list. */

import type { ClassDeclaration } from 'assemblyscript'
import type * as Assemblyscript from 'assemblyscript'
import { authorClasses, hasDecorator, parseMethods, publicFields, textOf } from './author-classes.ts'
import { authorError, type Program } from '../compile/index.ts'

type Compiler = typeof Assemblyscript

function addCodec(compiler: Compiler, declaration: ClassDeclaration): void {
  const { name } = declaration
  if (declaration.extendsType !== null) throw authorError(name.range, `the @data class ${name.text} extends another class`)
  if (declaration.isGeneric) throw authorError(name.range, `the @data class ${name.text} is generic`)
  const all = declaration.members.filter((m) => m instanceof compiler.FieldDeclaration)
  const fields = publicFields(compiler, declaration)
  const hidden = all.find((m) => !(fields as unknown[]).includes(m) && !m.isAny(1 << 5)) // CommonFlags.Static
  if (hidden !== undefined)
    throw authorError(hidden.name.range, `${name.text}.${hidden.name.text} is not public, so ${name.text} cannot be @data`)
  if (fields.length === 0) throw authorError(name.range, `the @data class ${name.text} has no public field`)
  const puts: string[] = []
  const takes: string[] = []
  for (const field of fields) {
    const at = field.name.text
    if (field.type === null) throw authorError(field.name.range, `${name.text}.${at} needs a type`)
    const type = textOf(field.type.range)
    puts.push(`writer.put<${type}>(this.${at})`)
    // past `readonly` and the constructor: nothing else has seen the object yet
    takes.push(`reader.into<${type}>(changetype<usize>(this) + offsetof<this>('${at}'))`)
  }
  const text = `encodeData<W>(writer: W): void { writer.list(${fields.length}); ${puts.join('; ')} }
    decodeData<R>(reader: R): void { reader.fields(${fields.length}); ${takes.join('; ')} }`
  declaration.members.push(...parseMethods(compiler, declaration, text))
}

/** Adds `encodeData` and `decodeData` to each `@data` class of the author's. */
export function addDataCodecs(compiler: Compiler, program: Program): void {
  for (const declaration of authorClasses(compiler, program))
    if (hasDecorator(compiler, declaration, 'data')) addCodec(compiler, declaration)
}
