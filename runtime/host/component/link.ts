/**
 * The plan of a component of any number of core modules: which module is instantiated when, and what stands behind each of its imports.
 * Every link is checked here, types and limits, so that none can fail when it runs.
 */
import { LIMITS, type WitFunction } from '../../core/index.ts'
import { coreSignature, type StringEncoding } from '../abi/index.ts'
import { atMost, invalid, readModule, RESERVED, type CoreImport, type CoreModule, type FuncType, type Limits } from '../wasm/index.ts'
import type {
  CanonOptions,
  Component,
  ComponentFunc,
  ComponentInstance,
  CoreInstance,
  CoreItem,
  DefinedResource,
  EmbeddedModule,
} from './model.ts'

/** An export of a core module instance, by the place of that instance in the plan. */
export interface CoreRef {
  readonly instance: number
  readonly name: string
}

/** The canonical options of a lifted or lowered function. */
export interface LinkedOptions {
  readonly encoding: StringEncoding
  readonly memory: CoreRef | undefined
  readonly realloc: CoreRef | undefined
}

/** A function that the component lifts from a core export. */
export interface LiftedFunction {
  readonly core: CoreRef
  readonly type: WitFunction
  readonly options: LinkedOptions
  readonly postReturn: CoreRef | undefined
  readonly component: number
}

/** What runs when a resource is dropped. */
export interface Destructor {
  readonly core: CoreRef
  /** The component instance that it enters; undefined where that is the one that drops. */
  readonly enters: number | undefined
}

/** A core function that the host makes. */
export type Made =
  | {
      readonly kind: 'host'
      readonly interface: string
      readonly func: WitFunction
      readonly options: LinkedOptions
      readonly offset: number
    }
  | {
      readonly kind: 'between'
      readonly func: LiftedFunction
      readonly options: LinkedOptions
      /** A component's call of its own function, which enters what is at work (CanonicalABI.md, `call_might_be_recursive`). */
      readonly itself: boolean
    }
  | { readonly kind: 'drop'; readonly resource: string; readonly destructor: Destructor | undefined }
  | { readonly kind: 'new' | 'rep'; readonly resource: string }

/** What stands behind an import of a core module. */
export type Source = { readonly kind: 'export'; readonly ref: CoreRef } | { readonly kind: 'made'; readonly made: Made }

export interface LinkedInstance {
  /** Place in `modules`. */
  readonly module: number
  /** In the order of the module's imports. */
  readonly sources: readonly Source[]
}

/** A function that the component exports. */
export interface LinkedExport extends LiftedFunction {
  /** The interface that exports it; empty for a function of the world itself. */
  readonly interface: string
}

/** The plan. */
export interface Linked {
  readonly modules: readonly CoreModule[]
  /** In the order of instantiation. */
  readonly instances: readonly LinkedInstance[]
  readonly exports: readonly LinkedExport[]
  readonly resources: ReadonlyMap<string, DefinedResource>
}

function refuse(offset: number, message: string): Error {
  return invalid('component-shape', offset, message)
}

type Lifted = Extract<ComponentFunc, { from: 'lift' }>

function exportedFunctions(component: Component): (readonly [string, Lifted])[] {
  const out: (readonly [string, Lifted])[] = []
  const add = (iface: string, func: ComponentFunc, name: string): void => {
    if (func.from !== 'lift') throw refuse(func.offset, `the component hands on the import ${func.type.name} as an export`)
    out.push([iface, { ...func, type: { ...func.type, name } }])
  }
  const interfaceOf = (name: string, inner: ComponentInstance): void => {
    for (const [key, item] of inner.exports) {
      if (item.sort === 'func') add(name, item.func, key)
      else if (item.sort !== 'type') throw refuse(0, `the exported interface ${name} holds an instance`)
    }
  }
  for (const [name, item] of component.exports) {
    if (item.sort === 'func') add('', item.func, name)
    else if (item.sort === 'instance') interfaceOf(name, item.instance)
    else if (item.sort === 'component') throw refuse(item.offset, 'the component exports a component')
  }
  return out
}

/** Limits as the prepared module has them: every maximum is set, none is over the host's. */
function holds(have: Limits, want: Limits, most: number): boolean {
  return have.min >= want.min && (want.max === undefined || Math.min(have.max ?? most, most) <= want.max)
}

const sameType = (a: FuncType | undefined, b: FuncType | undefined): boolean =>
  a !== undefined && b !== undefined && a.params === b.params && a.results === b.results

class Linker {
  readonly modules: CoreModule[] = []
  readonly instances: LinkedInstance[] = []
  readonly #moduleIds = new Map<EmbeddedModule, number>()
  readonly #placed = new Map<CoreInstance, number>()
  readonly #made = new Map<CoreItem, Made>()

  #module(embedded: EmbeddedModule): number {
    let id = this.#moduleIds.get(embedded)
    if (id === undefined) {
      id = this.modules.push(readModule(embedded.bytes, embedded.offset)) - 1
      this.#moduleIds.set(embedded, id)
      atMost('componentModules', this.modules.length, embedded.offset, 'core modules')
      const functions = this.modules.reduce((n, m) => n + m.bodies.length, 0)
      atMost('componentFunctions', functions, embedded.offset, 'functions of all core modules')
      const code = this.modules.reduce((n, m) => n + m.codeBytes, 0)
      atMost('componentCodeBytes', code, embedded.offset, 'bytes of code of all core modules')
    }
    return id
  }

  /** Follows what is only passed on to what it is. */
  #behind(item: CoreItem, offset: number): CoreItem {
    let at = item
    while (at.from === 'export' && at.instance.kind === 'inline') {
      const next = at.instance.exports.get(at.name)
      if (next === undefined) throw refuse(offset, `an instance has no export ${JSON.stringify(at.name)}`)
      at = next
    }
    return at
  }

  /** An export of a module instance, of a sort of item, with the module that has it. */
  #export(item: CoreItem, kind: CoreImport['kind'], what: string, offset: number): CoreRef & { module: CoreModule; index: number } {
    const behind = this.#behind(item, offset)
    if (behind.from !== 'export') throw refuse(offset, `${what} is not an export of a core module`)
    const instance = this.#placed.get(behind.instance) as number
    const module = this.modules[(this.instances[instance] as LinkedInstance).module] as CoreModule
    const { name } = behind
    if (name.startsWith(RESERVED)) throw invalid('import', offset, `the name ${JSON.stringify(name)} is reserved for the host`)
    const found = module.exports.find((e) => e.name === name)
    if (found?.kind !== kind) throw refuse(offset, `a core module has no ${kind} ${JSON.stringify(name)} that ${what} is to be`)
    return { instance, name, module, index: found.index }
  }

  /** A core function of a type, exported by a module instance. */
  #function(item: CoreItem, want: FuncType, what: string, offset: number): CoreRef {
    const { instance, name, module, index } = this.#export(item, 'func', what, offset)
    if (!sameType(module.functions[index], want))
      throw invalid('component-type', offset, `the core type of ${what} does not agree with its WIT type`)
    return { instance, name }
  }

  options({ encoding, memory, realloc }: CanonOptions, offset: number): LinkedOptions {
    const ref = memory === undefined ? undefined : this.#export(memory, 'memory', 'a memory', offset)
    return {
      encoding,
      memory: ref === undefined ? undefined : { instance: ref.instance, name: ref.name },
      realloc: realloc === undefined ? undefined : this.#function(realloc, { params: 'iiii', results: 'i' }, 'a realloc', offset),
    }
  }

  lifted(func: Lifted): LiftedFunction {
    const { params, results } = coreSignature(func.type, 'lift')
    const { postReturn } = func.options
    return {
      core: this.#function(func.core, { params, results }, func.type.name || 'a lifted function', func.offset),
      type: func.type,
      options: this.options(func.options, func.offset),
      postReturn:
        postReturn === undefined ? undefined : this.#function(postReturn, { params: results, results: '' }, 'a post-return', func.offset),
      component: func.component,
    }
  }

  #make(item: Exclude<CoreItem, { from: 'export' }>): Made {
    let made = this.#made.get(item)
    if (made === undefined) {
      made = this.#madeOf(item)
      this.#made.set(item, made)
    }
    return made
  }

  #madeOf(item: Exclude<CoreItem, { from: 'export' }>): Made {
    if (item.from === 'lower') {
      const options = this.options(item.options, item.offset)
      const { func } = item
      if (func.from === 'import') return { kind: 'host', interface: func.interface, func: func.type, options, offset: item.offset }
      return { kind: 'between', func: this.lifted(func), options, itself: func.component === item.component }
    }
    if (item.from !== 'drop') return { kind: item.from, resource: item.defined.name }
    const { resource, defined, component, offset } = item
    const core = defined?.destructor && this.#function(defined.destructor, { params: 'i', results: '' }, 'a destructor', offset)
    const enters = defined === undefined || defined.owner === component ? undefined : defined.owner
    return { kind: 'drop', resource, destructor: core && { core, enters } }
  }

  #source(item: CoreItem, wanted: CoreImport, importer: CoreModule): Source {
    const { offset, kind, module: from, name } = wanted
    const what = `the import ${JSON.stringify(from)} ${JSON.stringify(name)}`
    const behind = this.#behind(item, offset)
    if (behind.from !== 'export') {
      if (kind !== 'func') throw refuse(offset, `${what} is a ${kind}, and is given a function`)
      const made = this.#make(behind)
      if (!sameType(importer.types[wanted.type], madeType(made))) throw invalid('component-type', offset, `${what} is of another type`)
      return { kind: 'made', made }
    }
    const ref = this.#export(behind, kind, what, offset)
    if (!this.#agrees(ref.module, ref.index, importer, wanted)) throw refuse(offset, `${what} is given something of another type`)
    return { kind: 'export', ref: { instance: ref.instance, name: ref.name } }
  }

  #agrees(exporter: CoreModule, index: number, importer: CoreModule, wanted: CoreImport): boolean {
    const nth = importer.imports.filter((i) => i.kind === wanted.kind).indexOf(wanted)
    switch (wanted.kind) {
      case 'func':
        return sameType(exporter.functions[index], importer.types[wanted.type])
      case 'memory': {
        const [have, want] = [exporter.memories[index], importer.memories[nth]]
        return have !== undefined && want !== undefined && holds(have, want, LIMITS.memoryPages)
      }
      case 'table': {
        const [have, want] = [exporter.tables[index], importer.tables[nth]]
        return have?.reference === want?.reference && have !== undefined && holds(have, want as Limits, LIMITS.moduleTableEntries)
      }
      default: {
        const [have, want] = [exporter.globals[index], importer.globals[nth]]
        return have !== undefined && have.type === want?.type && have.mutable === want.mutable
      }
    }
  }

  place(instance: Extract<CoreInstance, { kind: 'module' }>): void {
    const id = this.#module(instance.module)
    const module = this.modules[id] as CoreModule
    const sources = module.imports.map((wanted): Source => {
      const { offset } = wanted
      const from = instance.args.get(wanted.module)
      if (from === undefined) throw refuse(offset, `nothing is given for the import ${JSON.stringify(wanted.module)}`)
      return this.#source({ from: 'export', instance: from, name: wanted.name, sort: 0 }, wanted, module)
    })
    this.#placed.set(instance, this.instances.length)
    this.instances.push({ module: id, sources })
    atMost('componentInstances', this.instances.length, instance.offset, 'core instances')
  }
}

/** The core type of a function that the host makes. */
function madeType(made: Made): FuncType {
  if (made.kind === 'host') return coreSignature(made.func, 'lower')
  if (made.kind === 'between') return coreSignature(made.func.type, 'lower')
  return { params: 'i', results: made.kind === 'drop' ? '' : 'i' }
}

/** Memory is bounded as a whole: by the number of memories, and by the pages that they begin with. */
function checkMemories({ modules, instances }: Linker): void {
  let memories = 0
  let pages = 0
  for (const instance of instances) {
    const module = modules[instance.module] as CoreModule
    const own = module.memories.slice(module.imports.filter((i) => i.kind === 'memory').length)
    memories += own.length
    pages += own.reduce((n, m) => n + m.min, 0)
    atMost('componentMemories', memories, module.origin, 'memories of all core instances')
    atMost('memoryPages', pages, module.origin, 'pages that all memories begin with', undefined, 'memory-minimum')
  }
}

/** Plans a component. Throws `guest_invalid` (rules `component-shape`, `component-type`, `import`, `limit`, and those of reading core modules). */
export function link(component: Component): Linked {
  const linker = new Linker()
  for (const instance of component.coreInstances) if (instance.kind === 'module') linker.place(instance)
  checkMemories(linker)
  const exports = exportedFunctions(component).map(([iface, func]): LinkedExport => ({
    ...linker.lifted(func),
    type: func.type,
    interface: iface,
  }))
  if (exports.length === 0) throw invalid('world', 0, 'the component exports no function')
  return { modules: linker.modules, instances: linker.instances, exports, resources: component.resources }
}
