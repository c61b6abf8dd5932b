/**
 * Calls across the canonical ABI: an export lifted to a function over values, a host function lowered to a core import.
 * The glue of a function is JavaScript written from its type and compiled at its first call; closures over a type take two to six times as long.
 */
import type { WitFunction, WitType, WitValue } from '../../core/index.ts'
import { Emitter } from './emit.ts'
import { coreSignature, fieldsLayout, layoutOf } from './layout.ts'
import type { GuestMemory, StringEncoding } from './memory.ts'
import { RUNTIME, type Core } from './values.ts'

/** A core export or import, over core values. */
export type CoreFunction = (...args: Core[]) => unknown

/** Compiled glue of an exported function: values in, values out. */
export interface ExportGlue {
  /** Lowers arguments, checked values of the parameters' types, and gives the core arguments. */
  lower(m: GuestMemory, args: readonly WitValue[]): Core[]
  /** Lifts the result of a core call; null where the function has none. */
  lift(m: GuestMemory, result: unknown): WitValue
}

/** Compiled glue of a function that the host offers: core values in, core values out. */
export interface ImportGlue {
  lift(m: GuestMemory, args: readonly Core[]): readonly WitValue[]
  /** Stores the result, or gives the core value to return. */
  lower(m: GuestMemory, value: WitValue, args: readonly Core[]): Core | undefined
}

const ZERO: Readonly<Record<string, string>> = { i: '0', l: '0n', f: '0', d: '0' }

/** Statements that declare the core values of a flattening, all zero. */
const declare = (flat: string): string => (flat === '' ? '' : `let ${[...flat].map((core, i) => `c${i} = ${ZERO[core]}`).join(', ')}`)
const assign = (start: number) => (index: number, core: string) => `c${start + index} = ${core}`

/** Statements that lower the members of the array `args`. */
function lowerAll(emitter: Emitter, types: readonly WitType[]): string {
  let at = 0
  const parts = types.map((type, i) => {
    const start = at
    at += layoutOf(type).flat.length
    return `const a${i} = args[${i}]; ${emitter.lower(type, `a${i}`, assign(start))}`
  })
  return parts.join('\n  ')
}

function storeAll(emitter: Emitter, types: readonly WitType[]): string {
  const { offsets } = fieldsLayout(types)
  return types.map((type, i) => `const a${i} = args[${i}]; ${emitter.store(type, `a${i}`, `at + ${offsets[i]}`)}`).join('\n  ')
}

function liftAll(emitter: Emitter, types: readonly WitType[]): string {
  let at = 0
  const parts = types.map((type) => {
    const cores = [...layoutOf(type).flat].map((_, i) => `args[${at + i}]`)
    at += cores.length
    return emitter.lift(type, cores)
  })
  return `[${parts.join(', ')}]`
}

const paramTypes = (fn: WitFunction): readonly WitType[] => fn.params.map((p) => p.type)

/** The text of an export's glue: the body of a function of `rt`, the RUNTIME of values.ts, which gives the glue. */
export function exportGlueText(fn: WitFunction, encoding: StringEncoding): string {
  const emitter = new Emitter(encoding)
  const { params, spilled, area } = coreSignature(fn, 'lift')
  const types = paramTypes(fn)
  const whole = fieldsLayout(types)
  const lower = spilled
    ? `const at = m.allocate(${whole.size}, ${whole.align})
  let v = m.view
  ${storeAll(emitter, types)}
  return [at]`
    : `${declare(params)}
  ${lowerAll(emitter, types)}
  return [${[...params].map((_, i) => `c${i}`).join(', ')}]`
  return glueText(emitter, `lower(m, args) {\n  ${lower}\n}`, `lift(m, result) {\n  ${liftResult(emitter, fn.result, area)}\n}`)
}

function liftResult(emitter: Emitter, type: WitType | undefined, area: boolean): string {
  if (type === undefined) return 'return null'
  if (!area) return `m.begin()\n  return ${emitter.lift(type, ['result'])}`
  const { size, align } = layoutOf(type)
  return `m.begin()
  const at = m.check(result, ${size}, ${align})
  const v = m.view
  return ${emitter.load(type, 'at')}`
}

/** The text of an import's glue. The place of the result is checked before anything happens, so that a bad one has no effect. */
export function importGlueText(fn: WitFunction, encoding: StringEncoding): string {
  const emitter = new Emitter(encoding)
  const { params, spilled, area } = coreSignature(fn, 'lower')
  const types = paramTypes(fn)
  const whole = fieldsLayout(types)
  const place = fn.result === undefined ? { size: 0, align: 1 } : layoutOf(fn.result)
  const check = `m.check(args[${params.length - 1}], ${place.size}, ${place.align})`
  const loads = types.map((type, i) => emitter.load(type, `at + ${whole.offsets[i]}`))
  const lift = spilled
    ? `const at = m.check(args[0], ${whole.size}, ${whole.align})
  const v = m.view
  return [${loads.join(', ')}]`
    : `return ${liftAll(emitter, types)}`
  const lower =
    fn.result === undefined
      ? 'return undefined'
      : area
        ? `const at = ${check}\n  let v = m.view\n  ${emitter.store(fn.result, 'value', 'at')}`
        : `${declare(layoutOf(fn.result).flat)}\n  ${emitter.lower(fn.result, 'value', assign(0))}\n  return c0`
  return glueText(
    emitter,
    `lift(m, args) {\n  m.begin()\n  ${area ? `${check}\n  ` : ''}${lift}\n}`,
    `lower(m, value, args) {\n  ${lower}\n}`,
  )
}

function glueText(emitter: Emitter, ...functions: readonly string[]): string {
  return [`'use strict'`, emitter.functions(), ...functions.map((f) => `function ${f}`), 'return { lower, lift }'].join('\n')
}

function compile<T>(text: string): T {
  // eslint-disable-next-line no-implied-eval -- the text is ours: no name of a type gets into it
  const make = new Function('rt', text) as (rt: typeof RUNTIME) => T
  return make(RUNTIME)
}

/** Compiled at the first call: a guest has exports that are never called, a world imports that a guest never needs. */
class LazyExport implements ExportGlue {
  readonly #text: () => string
  #glue: ExportGlue | undefined

  constructor(text: () => string) {
    this.#text = text
  }

  lower(m: GuestMemory, args: readonly WitValue[]): Core[] {
    return (this.#glue ??= compile<ExportGlue>(this.#text())).lower(m, args)
  }

  lift(m: GuestMemory, result: unknown): WitValue {
    return (this.#glue ??= compile<ExportGlue>(this.#text())).lift(m, result)
  }
}

class LazyImport implements ImportGlue {
  readonly #text: () => string
  #glue: ImportGlue | undefined

  constructor(text: () => string) {
    this.#text = text
  }

  lift(m: GuestMemory, args: readonly Core[]): readonly WitValue[] {
    return (this.#glue ??= compile<ImportGlue>(this.#text())).lift(m, args)
  }

  lower(m: GuestMemory, value: WitValue, args: readonly Core[]): Core | undefined {
    return (this.#glue ??= compile<ImportGlue>(this.#text())).lower(m, value, args)
  }
}

/** The glue of an export: values in, value out. Throws GuestTrap on what breaks the ABI. */
export function exportGlue(fn: WitFunction, encoding: StringEncoding): ExportGlue {
  return new LazyExport(() => exportGlueText(fn, encoding))
}

/** Host functions are the same objects for every guest, so their glue is, too. */
const imports = {
  utf8: new WeakMap<WitFunction, ImportGlue>(),
  utf16: new WeakMap<WitFunction, ImportGlue>(),
  'latin1+utf16': new WeakMap<WitFunction, ImportGlue>(),
}

/** The glue of a host function under a core import: arguments lifted, the result lowered. */
export function importGlue(fn: WitFunction, encoding: StringEncoding): ImportGlue {
  const known = imports[encoding].get(fn)
  if (known !== undefined) return known
  const made = new LazyImport(() => importGlueText(fn, encoding))
  imports[encoding].set(fn, made)
  return made
}
