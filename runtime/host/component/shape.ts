/**
 * The one shape of component that runs: a main module, and the shim and fixup modules of wit-component where an import needs the main module's memory.
 * The shim only forwards to a table that the fixup fills with the lowered imports; both are checked to the byte, so the host may link past them.
 */
import type { WitFunction } from '../../core/index.ts'
import { coreSignature, type StringEncoding } from '../abi/index.ts'
import { invalid, OP, readModule, SECTION, Writer, type CoreModule } from '../wasm/index.ts'
import type { CanonOptions, Component, ComponentFunc, ComponentInstance, CoreInstance, CoreItem, EmbeddedModule } from './model.ts'

type ModuleInstance = Extract<CoreInstance, { kind: 'module' }>

/** What stands behind an import of the main module, in the order of its imports. */
export type MainImport =
  | {
      readonly kind: 'host'
      readonly interface: string
      readonly func: WitFunction
      readonly encoding: StringEncoding
      readonly offset: number
    }
  | { readonly kind: 'drop'; readonly resource: string; readonly offset: number }

/** A function that the main module exports, with its canonical options. */
export interface MainExport {
  /** The interface that exports it; empty for a function of the world itself. */
  readonly interface: string
  readonly func: WitFunction
  /** Name of the core export. */
  readonly core: string
  readonly encoding: StringEncoding
  readonly postReturn: string | undefined
}

/** A component of that shape, taken apart. */
export interface Guest {
  readonly main: EmbeddedModule
  readonly module: CoreModule
  readonly imports: readonly MainImport[]
  readonly exports: readonly MainExport[]
  /** Names of the main module's exports; undefined where nothing needs them. */
  readonly memory: string | undefined
  readonly realloc: string | undefined
}

function refuse(offset: number, message: string): Error {
  return invalid('component-shape', offset, message)
}

/** The functions that the component exports, with the interface they stand in. */
function exportedFunctions(component: Component): (readonly [string, Extract<ComponentFunc, { from: 'lift' }>])[] {
  const out: [string, Extract<ComponentFunc, { from: 'lift' }>][] = []
  const add = (iface: string, func: ComponentFunc): void => {
    if (func.from !== 'lift') throw refuse(func.offset, `the component hands on the import ${func.type.name} as an export`)
    out.push([iface, func])
  }
  const instance = (name: string, inner: ComponentInstance): void => {
    for (const [key, item] of inner.exports) {
      if (item.sort === 'func') add(name, { ...item.func, type: { ...item.func.type, name: key } })
      else if (item.sort !== 'type') throw refuse(0, `the exported interface ${name} holds an instance`)
    }
  }
  for (const [name, item] of component.exports) {
    if (item.sort === 'func') add('', item.func)
    else if (item.sort === 'instance') instance(name, item.instance)
    else if (item.sort === 'component') throw refuse(item.offset, 'the component exports a component')
  }
  return out
}

/** The name of an item that the main instance exports. */
function mainExport(item: CoreItem, main: CoreInstance, what: string, offset: number): string {
  if (item.from !== 'export' || item.instance !== main) throw refuse(offset, `${what} is not an export of the main module`)
  return item.name
}

/** The shim: function k of any type calls entry k of the table that it exports. */
function isShim(module: CoreModule): boolean {
  const count = module.bodies.length
  const [table] = module.tables
  if (module.imports.length > 0 || module.memories.length > 0 || module.globals.length > 0 || module.start !== undefined) return false
  if (table === undefined || table.min !== count || table.max !== count || module.elements.length > 0 || module.data.length > 0)
    return false
  if (module.exports.length !== count + 1) return false
  for (const e of module.exports) {
    if (e.name === '$imports' ? e.kind !== 'table' || e.index !== 0 : e.kind !== 'func' || e.name !== String(e.index)) return false
  }
  return module.bodies.every((body, k) => {
    const w = new Writer()
    body.type.params.split('').forEach((_, i) => w.u8(OP.localGet).u32(i))
    w.u8(OP.i32Const).signed(k).u8(OP.callIndirect)
    const typeIndices = module.types.flatMap((t, i) => (t.params === body.type.params && t.results === body.type.results ? [i] : []))
    return typeIndices.some((type) => {
      const wanted = new Writer().raw(w.view()).u32(type).u8(0, OP.end).view()
      return (
        body.locals.length === 0 &&
        body.end - body.start === wanted.length &&
        wanted.every((byte, i) => module.bytes[body.start + i] === byte)
      )
    })
  })
}

/** The fixup: fills table 0 with its imports "0", "1", … in order, and does nothing else. */
function isFixup(module: CoreModule, count: number): boolean {
  const functions = module.imports.filter((i) => i.kind === 'func')
  if (module.imports.length !== count + 1 || functions.length !== count || module.tables.length !== 1 || module.bodies.length > 0)
    return false
  if (module.imports.some((i) => i.module !== '' || (i.kind !== 'func' && (i.kind !== 'table' || i.name !== '$imports')))) return false
  if (functions.some((f, i) => f.name !== String(i)) || module.start !== undefined || module.data.length > 0 || module.globals.length > 0)
    return false
  const section = module.sections.find((s) => s.id === SECTION.element)
  if (module.elements.length !== 1 || section === undefined || module.exports.length > 0) return false
  const wanted = new Writer().u8(1, 0, OP.i32Const, 0, OP.end).u32(count)
  for (let i = 0; i < count; i++) wanted.u32(i)
  const bytes = wanted.view()
  return section.end - section.start === bytes.length && bytes.every((byte, i) => module.bytes[section.start + i] === byte)
}

/** The lowered functions that the fixups of a shim put into its table, by name. */
function fixups(component: Component, shim: ModuleInstance, used: Set<CoreInstance>): ReadonlyMap<string, CoreItem> {
  const shimModule = readModule(shim.module.bytes, shim.module.offset)
  if (shim.args.size > 0 || !isShim(shimModule))
    throw refuse(shim.offset, 'the main module imports from a module that is not the shim of wit-component')
  const count = shimModule.bodies.length
  for (const instance of component.coreInstances) {
    if (instance.kind !== 'module') continue
    const args = instance.args.get('')
    if (args?.kind !== 'inline') continue
    const table = args.exports.get('$imports')
    if (table?.from !== 'export' || table.instance !== shim || table.name !== '$imports') continue
    const fixup = readModule(instance.module.bytes, instance.module.offset)
    if (instance.args.size !== 1 || args.exports.size !== count + 1 || !isFixup(fixup, count))
      throw refuse(instance.offset, 'the fixup module is not that of wit-component')
    used.add(shim).add(instance)
    return args.exports
  }
  throw refuse(shim.offset, 'the shim module is never filled')
}

/** Follows an import of the main module to the host function or the drop behind it. */
function provider(
  item: CoreItem,
  table: (shim: ModuleInstance) => ReadonlyMap<string, CoreItem>,
  offset: number,
): Exclude<CoreItem, { from: 'export' }> {
  if (item.from !== 'export') return item
  if (item.instance.kind !== 'module') throw refuse(offset, 'an import is wired through an instance of instances')
  const behind = table(item.instance).get(item.name)
  if (behind === undefined || behind.from === 'export') throw refuse(offset, `the shim has no lowered import ${JSON.stringify(item.name)}`)
  return behind
}

/** Takes a component apart. Throws `guest_invalid` (rules `component-shape`, `component-type`, `format` and the core module's). */
export function guestOf(component: Component): Guest {
  const exported = exportedFunctions(component)
  const first = exported[0]
  if (first === undefined) throw invalid('world', 0, 'the component exports no function')
  const core = first[1].core
  if (core.from !== 'export' || core.instance.kind !== 'module') throw refuse(first[1].offset, 'an export is not lifted from a core module')
  const main = core.instance
  const module = readModule(main.module.bytes, main.module.offset)
  const used = new Set<CoreInstance>([main])
  const tables = new Map<ModuleInstance, ReadonlyMap<string, CoreItem>>()
  const table = (shim: ModuleInstance): ReadonlyMap<string, CoreItem> => {
    let found = tables.get(shim)
    if (found === undefined) {
      found = fixups(component, shim, used)
      tables.set(shim, found)
    }
    return found
  }
  const names: { memory?: string; realloc?: string } = {}
  const options = ({ memory, realloc }: CanonOptions, offset: number): void => {
    if (memory !== undefined) names.memory = same(names.memory, mainExport(memory, main, 'a memory', offset), offset)
    if (realloc !== undefined) names.realloc = same(names.realloc, mainExport(realloc, main, 'a realloc', offset), offset)
  }

  const imports = module.imports.map((i): MainImport => {
    const args = main.args.get(i.module)
    const item = args?.kind === 'inline' ? args.exports.get(i.name) : undefined
    if (i.kind !== 'func' || item === undefined)
      throw invalid('import', i.offset, `the import ${i.module} ${i.name} is not a function of an imported interface`)
    const behind = provider(item, table, i.offset)
    const signature = module.types[i.type]
    if (behind.from === 'drop' && behind.defined === undefined) {
      if (signature?.params !== 'i' || signature.results !== '')
        throw invalid('component-type', i.offset, `the import ${i.name} must be (i32) -> ()`)
      return { kind: 'drop', resource: behind.resource, offset: i.offset }
    }
    if (behind.from !== 'lower') throw refuse(behind.offset, 'the component defines a resource')
    const { func } = behind
    if (func.from !== 'import') throw refuse(behind.offset, 'the component imports its own export')
    options(behind.options, behind.offset)
    agree(signature, coreSignature(func.type, 'lower'), i.offset, `${func.interface} ${func.type.name}`)
    return { kind: 'host', interface: func.interface, func: func.type, encoding: behind.options.encoding, offset: i.offset }
  })

  const exports = exported.map(([iface, func]): MainExport => {
    const name = mainExport(func.core, main, `the export ${func.type.name}`, func.offset)
    const found = module.exports.find((e) => e.name === name)
    if (found?.kind !== 'func') throw refuse(func.offset, `the main module exports no function ${JSON.stringify(name)}`)
    const signature = coreSignature(func.type, 'lift')
    const type = module.functions[found.index]
    agree(type, signature, func.offset, func.type.name)
    options(func.options, func.offset)
    const post = func.options.postReturn === undefined ? undefined : mainExport(func.options.postReturn, main, 'a post-return', func.offset)
    if (post !== undefined) need(module, post, signature.results, '', func.offset)
    return { interface: iface, func: func.type, core: name, encoding: func.options.encoding, postReturn: post }
  })
  if (names.realloc !== undefined) need(module, names.realloc, 'iiii', 'i', main.offset)
  if (names.memory !== undefined && module.exports.find((e) => e.name === names.memory)?.kind !== 'memory')
    throw refuse(main.offset, 'the memory is not exported')
  for (const instance of component.coreInstances) {
    if (instance.kind === 'module' && !used.has(instance))
      throw refuse(instance.offset, 'the component holds a core module besides main, shim and fixup')
  }
  return { main: main.module, module, imports, exports, memory: names.memory, realloc: names.realloc }
}

function same(old: string | undefined, name: string, offset: number): string {
  if (old !== undefined && old !== name) throw refuse(offset, 'more than one memory or realloc is used')
  return name
}

function agree(
  have: { params: string; results: string } | undefined,
  want: { params: string; results: string },
  offset: number,
  what: string,
): void {
  if (have?.params !== want.params || have.results !== want.results)
    throw invalid('component-type', offset, `the core type of ${what} does not agree with its WIT type`)
}

function need(module: CoreModule, name: string, params: string, results: string, offset: number): void {
  const found = module.exports.find((e) => e.name === name)
  const type = found?.kind === 'func' ? module.functions[found.index] : undefined
  agree(type, { params, results }, offset, name)
}
