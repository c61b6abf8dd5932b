/** The generated entry of a guest: core functions that lift parameters, call the author's function and lower its result. */

import type { WitType } from '../../../core/wit/wit-type.ts'
import { UtnetError } from '../../../core/errors.ts'
import { Emitter } from './emit.ts'
import {
  asText,
  flatten,
  layout,
  recordLayout,
  type GuestType,
  witName,
  type GuestClass,
  type GuestExport,
  type GuestSignatures,
} from '../types/index.ts'
import { RETURN_AREA_BYTES } from './generate-imports.ts'
import type { GuestWorld } from '../project/index.ts'

const MAX_FLAT_PARAMS = 16

/** AssemblyScript of the entry. */
export interface GeneratedEntry {
  readonly text: string
  /** Core export name in the module -> name that the component model wants. */
  readonly renames: ReadonlyMap<string, string>
}

function wrapper(emitter: Emitter, fn: GuestExport): string {
  emitter.startFunction()
  const flat = fn.params.flatMap((p) => flatten(p.type))
  const core = flat.length > MAX_FLAT_PARAMS ? ['i32' as const] : flat
  let values: string[]
  if (flat.length > MAX_FLAT_PARAMS) {
    const { offsets } = recordLayout(fn.params.map((p) => p.type))
    values = fn.params.map((p, i) => emitter.load(p.type, 'p0', offsets[i] ?? 0))
  } else {
    let next = 0
    values = fn.params.map((p) => {
      const count = flatten(p.type).length
      const names = Array.from({ length: count }, (_, i) => `p${next + i}`)
      next += count
      return emitter.lift(p.type, names)
    })
  }
  const call = `author_${fn.name}${fn.reads === true ? '.get' : ''}(${values.join(', ')})`
  const statements: string[] = []
  let resultCore = 'void'
  if (fn.result !== undefined) {
    const { type } = fn.result
    const flatResult = flatten(type)
    const only = flatResult[0]
    if (flatResult.length === 1 && only !== undefined) {
      resultCore = only
      statements.push(`const result = ${call}`)
      const lowered = emitter.lower(type, 'result')
      statements.push(...lowered.statements, `return ${lowered.values[0]}`)
    } else {
      resultCore = 'usize'
      statements.push(`const result: ${asText(type)} = ${call}`, ...returnInMemory(emitter, type))
    }
  } else statements.push(call)
  return `export function export_${fn.name}(${core.map((c, i) => `p${i}: ${c}`).join(', ')}): ${resultCore} {
  ${statements.join('\n  ')}
}
`
}

/** Statements that store `result` and return its address. */
function returnInMemory(emitter: Emitter, type: GuestType): string[] {
  const { size } = layout(type)
  const area = size <= RETURN_AREA_BYTES ? 'RETURN_AREA' : `newBlock(${size})`
  return [`const area = ${area}`, ...emitter.store(type, 'area', 0, 'result'), 'return area']
}

const ABI = `import { Box, RETURN_AREA, Result, Tuple1, Tuple2, Tuple3, Tuple4, Tuple5, Tuple6, Tuple7, Tuple8, Unit, cabi_realloc, liftArray, liftBytes, liftStaticArray, liftString, liftTyped, newBlock, storeString, zeroed } from '@utnet/sdk/raw/abi'`
const FOOT = 'export { cabi_realloc }'

/** The entry of a contract. `author` is the import path of the author's module. */
export function contractEntry(signatures: GuestSignatures, author: string): GeneratedEntry {
  const emitter = new Emitter()
  const renames = new Map<string, string>()
  const wrappers = signatures.exports.map((fn) => {
    renames.set(`export_${fn.name}`, fn.witName)
    return wrapper(emitter, fn)
  })
  const imports = [
    ABI,
    `import { revertAbort } from '@utnet/sdk/raw/abort'`,
    `import { Amount } from '@utnet/sdk/amount'`,
    ...signatures.exports.map((fn) => `import { ${fn.name} as author_${fn.name} } from '${author}'`),
    ...signatures.classes.map((c) => `import { ${c.name} as ${c.alias} } from '${c.from}'`),
  ]
  return { text: [...imports, '', ...wrappers, emitter.helpers(), FOOT, ''].join('\n'), renames }
}

/** The entry of an operator: `run`, whose failure becomes the error case. */
export function operatorEntry(signatures: GuestSignatures, author: string, core?: string): GeneratedEntry {
  const emitter = new Emitter()
  const tensors = signatures.exports.find((e) => e.name === 'run')?.result?.type
  const tensor = signatures.classes.find((c) => c.name === 'Tensor')
  if (tensors === undefined || tensor === undefined)
    throw new UtnetError('guest_build', 'an operator exports run(inputs: Array<Tensor>): Array<Tensor>')
  const result: GuestType = { kind: 'result', ok: tensors, err: { kind: 'string' } }
  const lifted = emitter.lift(tensors, ['p0', 'p1'])
  const store = returnInMemory(emitter, result)
  const text = `${ABI}
import { takeFailure } from '@utnet/sdk/operator'
import { trapAbort } from '@utnet/sdk/raw/abort'
import { ${tensor.name} as ${tensor.alias} } from '${tensor.from}'
import { run as author_run } from '${author}'

export function run(p0: i32, p1: i32): usize {
  const outputs = author_run(${lifted})
  const failure = takeFailure()
  const result = failure === null ? Result.ok<${asText(tensors)}, string>(outputs) : Result.err<${asText(tensors)}, string>(failure)
  ${store.join('\n  ')}
}

${emitter.helpers()}
${FOOT}
${core === undefined ? '' : `export * from './${core.replace(/\.ts$/, '')}'\n`}`
  return { text, renames: new Map() }
}

/** The entry of a function: `handle` of wasi:http/incoming-handler. */
export function functionEntry(author: string): GeneratedEntry {
  const text = `import { cabi_realloc } from '@utnet/sdk/raw/abi'
import { trapAbort } from '@utnet/sdk/raw/abort'
import { Request, finish } from '@utnet/sdk/http'
import { handle as author_handle } from '${author}'

export function handle(request: i32, outparam: i32): void {
  const incoming = new Request(request)
  finish(incoming, author_handle(incoming), outparam)
}

${FOOT}
`
  return { text, renames: new Map([['handle', 'wasi:http/incoming-handler@0.2.3#handle']]) }
}

/** WIT text of a type as it stands in a signature: what has a name, by name. */
function witText(type: WitType): string {
  switch (type.kind) {
    case 'list':
      return `list<${witText(type.element)}>`
    case 'option':
      return `option<${witText(type.some)}>`
    case 'tuple':
      return `tuple<${type.items.map(witText).join(', ')}>`
    case 'result': {
      if (type.ok === undefined && type.err === undefined) return 'result'
      const ok = type.ok === undefined ? '_' : witText(type.ok)
      return type.err === undefined ? `result<${ok}>` : `result<${ok}, ${witText(type.err)}>`
    }
    case 'record':
    case 'variant':
    case 'enum':
    case 'flags':
      return witName(type.name ?? '')
    default:
      return type.kind
  }
}

/** The members of a named type, as lines. */
function witMembers(type: GuestClass['wit']): readonly string[] {
  switch (type.kind) {
    case 'record':
      return type.fields.map((f) => `${witName(f.name)}: ${witText(f.type)}`)
    case 'variant':
      return type.cases.map((c) => (c.type === undefined ? witName(c.name) : `${witName(c.name)}(${witText(c.type)})`))
    default:
      return type.names.map(witName)
  }
}

/** The WIT of the guest's own world, as one package: it includes `utnet:guest/<kind>` and adds a contract's exports. */
export function guestWit(name: string, world: string, kind: GuestWorld, signatures: GuestSignatures): string {
  const own = witName(world)
  const lines = [`package guest:${own};`, '', `/// The ${kind} ${name}.`, `world ${own} {`, `  include utnet:guest/${kind}@0.1.0;`]
  if (kind === 'contract') {
    for (const c of signatures.classes) {
      lines.push('', `  ${c.wit.kind} ${witName(c.wit.name ?? '')} {`, ...witMembers(c.wit).map((m) => `    ${m},`), '  }')
    }
    lines.push('')
    for (const fn of signatures.exports) {
      const params = fn.params.map((p) => `${witName(p.name)}: ${witText(p.wit)}`).join(', ')
      lines.push(`  export ${witName(fn.witName)}: func(${params})${fn.result === undefined ? '' : ` -> ${witText(fn.result.wit)}`};`)
    }
  }
  return [...lines, '}', ''].join('\n')
}
