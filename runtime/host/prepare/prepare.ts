/** The prepared module: a function of the original bytes and the protocol version, and of nothing else. */
import { LIMITS, PARAMS, type Params } from '../../core/index.ts'
import { Reader, SECTION, Writer, type CoreModule, type Section } from '../wasm/index.ts'
import { chargeBody, rewriteBody, typeByte, type Additions } from './body.ts'
import { naiveScheme, type GasScheme } from './gas.ts'
import { callCounter, countersOf, gasCounter } from './profile.ts'
import { withImportedCounter } from './shared.ts'

/** Names that begin so belong to the host; a guest's own are dropped. */
const RESERVED = 'utnet:'
export const GAS_EXPORT = 'utnet:gas'
export const START_EXPORT = 'utnet:start'
/** Bytes of the stack that are left, in the profiling variant only: it tells why a recursion trapped. */
export const STACK_EXPORT = 'utnet:stack'

export interface PrepareOptions {
  readonly scheme?: GasScheme
  readonly params?: Params
  /** Makes the variant that counts gas and calls by function, for people; results and gas are the same. Never what runs for a receipt. */
  readonly profile?: boolean
  /** Shared: the counters are imported, so that all core modules of a component have one. */
  readonly counter?: 'own' | 'shared'
}

/** The count that a section begins with, and what follows it. */
function entries(module: CoreModule, id: number): { readonly count: number; readonly rest: Uint8Array } {
  const section = module.sections.find((s) => s.id === id)
  if (section === undefined) return { count: 0, rest: new Uint8Array(0) }
  const r = new Reader(module.bytes, module.origin, section.start, section.end)
  const count = r.u32()
  return { count, rest: r.take(section.end - r.at) }
}

/**
 * Meters a validated module: gas counter exported as `utnet:gas` (a mutable i64, zero until it is set), start function exported as `utnet:start`,
 * memory and table maxima from the limits, stack depth by frame weight, canonical NaNs. Indices do not move: everything new stands behind.
 */
export function prepareModule(
  original: CoreModule,
  { scheme = naiveScheme, params = PARAMS, profile = false, counter = 'own' }: PrepareOptions = {},
): Uint8Array {
  const shared = counter === 'shared'
  const module = shared ? withImportedCounter(original) : original
  const blockTypes: string[] = []
  const firstType = module.types.length
  const firstCounter = module.globals.length + (shared ? 0 : 2)
  const add: Additions = {
    gasGlobal: shared ? module.importedGlobals - 2 : module.globals.length,
    stackGlobal: shared ? module.importedGlobals - 1 : module.globals.length + 1,
    chargeFunction: module.functions.length,
    blockType: (results) => {
      let i = blockTypes.indexOf(results)
      if (i < 0) i = blockTypes.push(results) - 1
      return firstType + 1 + i
    },
    ...(profile ? { counters: (index) => countersOf(module, firstCounter, index) } : {}),
  }
  // Bodies come first: they say which block types are needed
  const code = new Writer().u32(module.bodies.length + 1)
  for (const body of module.bodies) {
    const bytes = rewriteBody(module, body, add, scheme, params.wasm).view()
    code.u32(bytes.length).raw(bytes)
  }
  const charge = chargeBody(add.gasGlobal)
  code.u32(charge.length).raw(charge)

  const out = new Writer().u8(0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00)
  out.section(SECTION.type, typeSection(module, blockTypes))
  copySection(out, module, SECTION.import)
  const functions = entries(module, SECTION.function)
  out.section(
    SECTION.function,
    new Writer()
      .u32(functions.count + 1)
      .raw(functions.rest)
      .u32(firstType),
  )
  storeSections(out, module)
  out.section(SECTION.global, globalSection(module, !shared, profile ? 2 * module.bodies.length : 0))
  out.section(SECTION.export, exportSection(module, add))
  for (const id of [SECTION.element, SECTION.dataCount]) copySection(out, module, id)
  out.section(SECTION.code, code)
  copySection(out, module, SECTION.data)
  const names = module.sections.findLast((s) => s.id === SECTION.custom && s.name === 'name')
  if (names !== undefined) out.section(SECTION.custom, content(module, names))
  return out.bytes()
}

const content = (module: CoreModule, s: Section): Uint8Array => module.bytes.subarray(s.start, s.end)

function copySection(out: Writer, module: CoreModule, id: number): void {
  const section = module.sections.find((s) => s.id === id)
  if (section !== undefined) out.section(id, content(module, section))
}

/** The guest's types, then (i64) -> () of the charge function, then the block types. */
function typeSection(module: CoreModule, blockTypes: readonly string[]): Writer {
  const { count, rest } = entries(module, SECTION.type)
  const w = new Writer()
    .u32(count + 1 + blockTypes.length)
    .raw(rest)
    .u8(0x60, 1, 0x7e, 0)
  for (const results of blockTypes) {
    w.u8(0x60, 0).u32(results.length)
    for (const letter of results) w.u8(typeByte(letter))
  }
  return w
}

function storeSections(out: Writer, module: CoreModule): void {
  const tables = module.tables.slice(importedOf(module, 'table'))
  if (tables.length > 0) {
    const w = new Writer().u32(tables.length)
    for (const t of tables)
      w.u8(t.reference, 1)
        .u32(t.min)
        .u32(Math.min(t.max ?? Number.POSITIVE_INFINITY, LIMITS.moduleTableEntries))
    out.section(SECTION.table, w)
  }
  const memories = module.memories.slice(importedOf(module, 'memory'))
  if (memories.length > 0) {
    const w = new Writer().u32(memories.length)
    for (const m of memories)
      w.u8(1)
        .u32(m.min)
        .u32(Math.min(m.max ?? Number.POSITIVE_INFINITY, LIMITS.memoryPages))
    out.section(SECTION.memory, w)
  }
}

const importedOf = (module: CoreModule, kind: 'table' | 'memory'): number => module.imports.filter((i) => i.kind === kind).length

/** The guest's globals, then the gas and the stack that are left, then `counters` of the profile. */
function globalSection(module: CoreModule, own: boolean, counters: number): Writer {
  const { count, rest } = entries(module, SECTION.global)
  const w = new Writer().u32(count + (own ? 2 : 0) + counters).raw(rest)
  if (own) {
    w.u8(0x7e, 1, 0x42, 0, 0x0b)
    w.u8(0x7f, 1, 0x41).signed(LIMITS.stackBytes).u8(0x0b)
  }
  for (let i = 0; i < counters; i++) w.u8(0x7e, 1, 0x42, 0, 0x0b)
  return w
}

const KIND_CODE = { func: 0, table: 1, memory: 2, global: 3 } as const

function exportSection(module: CoreModule, { gasGlobal, stackGlobal, counters }: Additions): Writer {
  const kept = module.exports.filter((e) => !e.name.startsWith(RESERVED))
  const counted = counters === undefined ? 0 : 1 + 2 * module.bodies.length
  const w = new Writer().u32(kept.length + 1 + (module.start === undefined ? 0 : 1) + counted)
  for (const e of kept) w.name(e.name).u8(KIND_CODE[e.kind]).u32(e.index)
  w.name(GAS_EXPORT).u8(KIND_CODE.global).u32(gasGlobal)
  if (module.start !== undefined) w.name(START_EXPORT).u8(KIND_CODE.func).u32(module.start)
  if (counters === undefined) return w
  w.name(STACK_EXPORT).u8(KIND_CODE.global).u32(stackGlobal)
  for (const { index } of module.bodies) {
    const { gas, calls } = counters(index)
    w.name(gasCounter(index)).u8(KIND_CODE.global).u32(gas).name(callCounter(index)).u8(KIND_CODE.global).u32(calls)
  }
  return w
}
