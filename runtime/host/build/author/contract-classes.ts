/** `declare class Token extends Contract`: what an author declares of another contract gets bodies that call it. */

import type { ClassDeclaration, MethodDeclaration } from 'assemblyscript'
import type * as Assemblyscript from 'assemblyscript'
import { UtnetError } from '../../../core/errors.ts'
import { authorClasses, declares, define, parseMethods, textOf } from './author-classes.ts'
import { authorError, type Program } from '../compile/index.ts'
import { kebabCase } from '../types/index.ts'

type Compiler = typeof Assemblyscript

const BASE = 'Contract'

function witNameOf(method: MethodDeclaration): string {
  try {
    return kebabCase(method.name.text)
  } catch (error) {
    if (error instanceof UtnetError) throw authorError(method.name.range, error.message, error.hint)
    throw error
  }
}

/** The call that a method is, by its result: nothing, a value, or an attempt. */
function callText(compiler: Compiler, method: MethodDeclaration): string {
  const { returnType } = method.signature
  const name = `'${witNameOf(method)}'`
  if (!(returnType instanceof compiler.NamedTypeNode)) throw authorError(returnType.range, 'a contract cannot return this type')
  const text = textOf(returnType.range)
  if (text === '') throw authorError(method.name.range, `${method.name.text} needs a result type; void for none`)
  if (text === 'void') return `this.$send(${name})`
  const [inner] = returnType.typeArguments ?? []
  if (returnType.name.identifier.text === 'Attempt' && inner !== undefined) return `return this.$attempt<${textOf(inner.range)}>(${name})`
  return `return this.$ask<${text}>(${name})`
}

function giveBody(compiler: Compiler, declaration: ClassDeclaration, method: MethodDeclaration): void {
  const params = method.signature.parameters.map((p) => p.name.text)
  const puts = params.map((p) => `this.$put(${p})`)
  const body = [`this.$begin(${params.length})`, ...puts, callText(compiler, method)].join('; ')
  const [made] = parseMethods(compiler, declaration, `made(): void { ${body} }`)
  method.body = made?.body ?? null
  define(method)
}

/** Gives bodies to the methods of each `declare class … extends Contract` of the author's. */
export function addContractBodies(compiler: Compiler, program: Program): void {
  for (const declaration of authorClasses(compiler, program)) {
    if (!declares(declaration, BASE)) continue
    for (const member of declaration.members) {
      if (!(member instanceof compiler.MethodDeclaration)) throw authorError(member.name.range, 'another contract has methods only')
      giveBody(compiler, declaration, member)
    }
    define(declaration)
  }
}
