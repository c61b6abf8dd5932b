/** The prepared module: a function of the original bytes and the protocol version, and of nothing else. */
import { isUtnetError, LIMITS, limitError, PARAMS, type Params, type Reach } from '../../core/index.ts'
import { COUNTER_MODULE, OP, Reader, RESERVED, SECTION, Writer, type CoreModule, type ExternKind, type Section } from '../wasm/index.ts'
import {
  chargeBody,
  constant,
  exportBody,
  importBody,
  initialValues,
  resetBody,
  typeByte,
  Layout,
  type Counter,
  type Scheme,
  NaiveBodies,
  OptimisedBodies,
  type Positions,
} from './schemes/index.ts'
import { Counters } from './counters/index.ts'
import { pricesOf } from './prices.ts'

/** A mutable i64: the gas that is left. Zero until it is set; below zero the run is out of gas. */
export const GAS_EXPORT = 'utnet:gas'
/** The guest's start function: to be called once, after gas is set. */
export const START_EXPORT = 'utnet:start'
/** (i32) -> i32: takes an unsigned amount off the counter; 1 when it is below zero then, else 0. */
export const CHARGE_EXPORT = 'utnet:charge'
/** () -> (): mutable globals of the module and the stack get their first values. */
export const RESET_EXPORT = 'utnet:reset'
/** A mutable i32: bytes of the stack that are left, true while the host has the word: a guest that is called by another has less of it. */
export const STACK_EXPORT = 'utnet:stack'

/** The name that a lent memory is imported by, from the module of shared counters. */
export const LENT_MEMORY = 'memory'

/** Which variant is made; without any, the one that runs for receipts. */
export interface PrepareOptions {
  /** What is charged for a completed run and what it computes are the same in both. */
  readonly scheme?: Scheme
  readonly params?: Params
  /** Makes the variant that counts gas and calls by function, for people; results and gas are the same. Never what runs for a receipt. Always `optimised`. */
  readonly profile?: boolean
  /** With `profile`: counts by straight line, too. */
  readonly probes?: boolean
  /** Notes where the instructions of its function went. */
  readonly positions?: Positions
  /** `shared`: `utnet:gas` and `utnet:stack` are imported from module `utnet` as `gas` and `stack`, so that all core modules of a component use the same. */
  readonly counter?: Counter
  /** `lent`: the module's memory is imported, from module `utnet` as `memory`. */
  readonly memory?: 'own' | 'lent'
  /** How far all modules of the component reach, where it has more than this one: memory and code cost by it. */
  readonly reach?: Reach | undefined
  /** The module's name in its name section, in the place of the guest's own: the engine shows it in its stacks. */
  readonly label?: string
}

/** The count that a section begins with, and what follows it. */
function entries(module: CoreModule, id: number): { readonly count: number; readonly rest: Uint8Array } {
  const section = module.sections.find((s) => s.id === id)
  if (section === undefined) return { count: 0, rest: new Uint8Array(0) }
  const r = new Reader(module.bytes, module.origin, section.start, section.end)
  const count = r.u32()
  return { count, rest: r.take(section.end - r.at) }
}

const KIND: Readonly<Record<ExternKind, number>> = { func: 0, table: 1, memory: 2, global: 3 }

interface Export {
  readonly name: string
  readonly kind: ExternKind
  readonly index: number
}

/**
 * Meters a validated module: gas counter exported as `utnet:gas`, start function exported as `utnet:start`, memory and table maxima from the limits,
 * stack depth by frame weight, canonical NaNs, `utnet:charge` and `utnet:reset` for the host. Indices of functions do not move: everything new stands
 * behind. Throws `guest_invalid` where a prepared function is over its limit.
 */
export function prepareModule(
  module: CoreModule,
  {
    scheme = 'optimised',
    params = PARAMS,
    profile = false,
    probes = false,
    counter = 'own',
    memory = 'own',
    reach,
    positions,
    label,
  }: PrepareOptions = {},
): Uint8Array {
  const layout = new Layout(module, profile ? 'optimised' : scheme, counter)
  const prices = pricesOf(module, reach, params)
  const counters = profile ? new Counters(module, module.globals.length + 2, prices, probes) : undefined
  if (layout.guardsImports)
    for (let i = 0; i < module.importedFunctions; i++) layout.add(layout.functionType(layout.ownType(i)), importBody(layout, i))
  // Bodies come first: they say which types are needed
  const bodies = layout.threads ? new OptimisedBodies(layout, prices, counters, positions) : new NaiveBodies(layout, prices)
  const code = new Writer(module.bytes.length * 2)
  for (const body of module.bodies) {
    const size = bodies.write(body, code)
    if (size > LIMITS.preparedFunctionBytes)
      throw limitError('guest_invalid', 'preparedFunctionBytes', size, LIMITS.preparedFunctionBytes, `function ${body.index} as prepared`)
  }
  const exports = exportsOf(layout)
  const initials = initialValues(layout)
  exports.push(
    { name: CHARGE_EXPORT, kind: 'func', index: layout.add(layout.type({ params: 'i', results: 'i' }), chargeBody(layout)) },
    { name: RESET_EXPORT, kind: 'func', index: layout.add(layout.type({ params: '', results: '' }), resetBody(layout, initials)) },
  )
  const counting = counters?.names() ?? []
  counting.forEach((name, i) => exports.push({ name, kind: 'global', index: module.globals.length + 2 + i }))

  const functions = functionSection(layout)
  const out = new Writer(code.length + module.bytes.length).u8(0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00)
  out.section(SECTION.type, typeSection(layout))
  const lent = memory === 'lent'
  importSection(out, layout, lent)
  out.section(SECTION.function, functions)
  storeSections(out, module, lent)
  out.section(SECTION.global, globalSection(layout, initials, counting.length))
  out.section(SECTION.export, exportSection(exports))
  elementSection(out, layout)
  copySection(out, module, SECTION.dataCount)
  codeSection(out, layout, code, positions)
  copySection(out, module, SECTION.data)
  const names = functionNamesOnly(module, label)
  if (names.length > 0) out.section(SECTION.custom, names)
  return out.bytes()
}

const content = (module: CoreModule, s: Section): Uint8Array => module.bytes.subarray(s.start, s.end)

/** The name section as far as it names the module and its functions: locals and labels are others now. Empty where there is none, or a broken one. */
function functionNamesOnly(module: CoreModule, label: string | undefined): Uint8Array {
  const found = module.sections.findLast((s) => s.id === SECTION.custom && s.name === 'name')
  const w = new Writer().name('name')
  if (label !== undefined) {
    const of = new Writer().name(label)
    w.byte(0).u32(of.length).raw(of.view())
  }
  if (found === undefined) return label === undefined ? new Uint8Array(0) : w.view()
  const first = label === undefined ? 0 : 1
  try {
    const r = new Reader(module.bytes, module.origin, found.start, found.end)
    r.name()
    while (!r.done) {
      const id = r.u8()
      const of = r.take(r.u32())
      if (id >= first && id <= 1) w.byte(id).u32(of.length).raw(of)
    }
  } catch (error) {
    if (!isUtnetError(error, 'guest_invalid')) throw error
  }
  return w.view()
}

function copySection(out: Writer, module: CoreModule, id: number): void {
  const section = module.sections.find((s) => s.id === id)
  if (section !== undefined) out.section(id, content(module, section))
}

/** The guest's types, then ours. */
function typeSection({ module, types }: Layout): Writer {
  const { count, rest } = entries(module, SECTION.type)
  const w = new Writer().u32(count + types.length).raw(rest)
  const letters = (text: string): void => {
    w.u32(text.length)
    for (const letter of text) w.byte(typeByte(letter))
  }
  for (const { params, results } of types) {
    w.byte(0x60)
    letters(params)
    letters(results)
  }
  return w
}

function importSection(out: Writer, { module, shared }: Layout, lent: boolean): void {
  const memories = lent ? ownMemories(module) : []
  const added = memories.length + (shared ? 2 : 0)
  if (added === 0) return copySection(out, module, SECTION.import)
  const { count, rest } = entries(module, SECTION.import)
  const w = new Writer().u32(count + added).raw(rest)
  for (const memory of memories) limitsOf(w.name(COUNTER_MODULE).name(LENT_MEMORY).byte(KIND.memory), memory)
  if (shared) {
    w.name(COUNTER_MODULE).name('gas').u8(KIND.global, 0x7e, 1)
    w.name(COUNTER_MODULE).name('stack').u8(KIND.global, 0x7f, 1)
  }
  out.section(SECTION.import, w)
}

type Memory = CoreModule['memories'][number]

const ownMemories = (module: CoreModule): readonly Memory[] => module.memories.slice(importedOf(module, 'memory'))

/** Limits of a memory that has a maximum (core specification 5.3.7). */
function limitsOf(w: Writer, { min, max }: Memory): void {
  w.byte(1)
    .u32(min)
    .u32(Math.min(max ?? Number.POSITIVE_INFINITY, LIMITS.memoryPages))
}

function functionSection(layout: Layout): Writer {
  const { module, functions } = layout
  const w = new Writer().u32(module.bodies.length + functions.length)
  for (const { index } of module.bodies) w.u32(layout.functionType(layout.ownType(index)))
  for (const { type } of functions) w.u32(type)
  return w
}

function storeSections(out: Writer, module: CoreModule, lent: boolean): void {
  const tables = module.tables.slice(importedOf(module, 'table'))
  if (tables.length > 0) {
    const w = new Writer().u32(tables.length)
    for (const t of tables)
      w.u8(t.reference, 1)
        .u32(t.min)
        .u32(Math.min(t.max ?? Number.POSITIVE_INFINITY, LIMITS.moduleTableEntries))
    out.section(SECTION.table, w)
  }
  const memories = lent ? [] : ownMemories(module)
  if (memories.length > 0) {
    const w = new Writer().u32(memories.length)
    for (const memory of memories) limitsOf(w, memory)
    out.section(SECTION.memory, w)
  }
}

const importedOf = (module: CoreModule, kind: 'table' | 'memory'): number => module.imports.filter((i) => i.kind === kind).length

/** The guest's globals, then the gas and the stack that are left where they are the module's own, then `counters` of the profile. */
function globalSection({ module, shared }: Layout, initials: readonly Uint8Array[], counters: number): Writer {
  const w = new Writer().u32(initials.length + (shared ? 0 : 2) + counters)
  initials.forEach((initial, i) => {
    const { type, mutable } = module.globals[module.importedGlobals + i] as (typeof module.globals)[number]
    w.u8(typeByte(type), mutable ? 1 : 0)
      .raw(initial)
      .byte(OP.end)
  })
  if (!shared) {
    w.u8(0x7e, 1, OP.i64Const, 0, OP.end)
    w.u8(0x7f, 1, OP.i32Const).signed(LIMITS.stackBytes).byte(OP.end)
  }
  // The first of them is the least stack that was left
  for (let i = 0; i < counters; i++)
    w.u8(0x7e, 1, OP.i64Const)
      .signed(i === 0 ? LIMITS.stackBytes : 0)
      .byte(OP.end)
  return w
}

/** The guest's exports, functions by what the host may call, then ours. */
function exportsOf(layout: Layout): Export[] {
  const { module, threads, gasGlobal, stackGlobal } = layout
  const callable = new Map<number, number>()
  const outside = (index: number): number => {
    if (!threads) return index
    const found = callable.get(index)
    if (found !== undefined) return found
    const made = layout.add(layout.ownType(index), exportBody(layout, index))
    callable.set(index, made)
    return made
  }
  const out: Export[] = []
  for (const { name, kind, index } of module.exports) {
    if (name.startsWith(RESERVED)) continue
    out.push({ name, kind, index: kind === 'func' ? outside(index) : kind === 'global' ? layout.global(index) : index })
  }
  out.push({ name: GAS_EXPORT, kind: 'global', index: gasGlobal })
  out.push({ name: STACK_EXPORT, kind: 'global', index: stackGlobal })
  if (module.start !== undefined) out.push({ name: START_EXPORT, kind: 'func', index: outside(module.start) })
  return out
}

function exportSection(exports: readonly Export[]): Writer {
  const w = new Writer().u32(exports.length)
  for (const { name, kind, index } of exports) w.name(name).byte(KIND[kind]).u32(index)
  return w
}

/** The guest's segments, imports by what stands before them; then one that only declares what the code takes references of. */
function elementSection(out: Writer, layout: Layout): void {
  const { module, guardsImports } = layout
  const declared = [...layout.referenced]
  const mapped = guardsImports && module.importedFunctions > 0
  if (!mapped && declared.length === 0) return copySection(out, module, SECTION.element)
  const { count, rest } = entries(module, SECTION.element)
  const w = new Writer().u32(count + (declared.length > 0 ? 1 : 0))
  if (mapped) {
    const r = new Reader(rest)
    for (let i = 0; i < count; i++) elements(w, layout, r)
  } else w.raw(rest)
  if (declared.length > 0) {
    w.u8(3, 0).u32(declared.length)
    for (const index of declared) w.u32(index)
  }
  out.section(SECTION.element, w)
}

/** One element segment (core specification 5.5.12). */
function elements(w: Writer, layout: Layout, r: Reader): void {
  const flags = r.u32()
  w.u32(flags)
  if ((flags & 1) === 0) {
    if ((flags & 2) !== 0) w.u32(r.u32())
    w.raw(constant(layout, r)).byte(OP.end)
  }
  if ((flags & 3) !== 0) w.byte(r.u8())
  const length = r.u32()
  w.u32(length)
  for (let i = 0; i < length; i++) {
    if ((flags & 4) === 0) w.u32(layout.callee(r.u32()))
    else w.raw(constant(layout, r)).byte(OP.end)
  }
}

function codeSection(out: Writer, { module, functions }: Layout, code: Writer, positions: Positions | undefined): void {
  const ours = new Writer()
  for (const { body } of functions) ours.u32(body.length).raw(body)
  const count = new Writer(8).u32(module.bodies.length + functions.length)
  out
    .byte(SECTION.code)
    .u32(count.length + code.length + ours.length)
    .raw(count.view())
  positions?.moved(out.length)
  out.raw(code.view()).raw(ours.view())
}
