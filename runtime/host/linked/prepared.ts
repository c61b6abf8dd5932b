/** A linked guest made ready: all core modules validated, metered with one counter, compiled, with their glue. */
import { fileCid, LIMITS, limitError, type GuestInfo, type Reach } from '../../core/index.ts'
import { exportGlue, importGlue, type ExportGlue, type HostFunction, type ImportGlue } from '../abi/index.ts'
import type { CoreRef, Destructor, LinkedExport, LiftedFunction, LinkedOptions, Made, Source } from '../component/index.ts'
import { instanceGas, isPoolable, prepareModule, prepareProfiling, reachOf, type Positions } from '../prepare/index.ts'
import { whitelist, type Feature } from '../validate/index.ts'
import { grantsOf, type Grants } from '../wasi/index.ts'
import { functionNames, invalid, nameSection, RESERVED, type CoreModule, type Segment } from '../wasm/index.ts'
import { classify, type Classified, type LinkedWorld } from './classify.ts'
import { lending, type Lending } from './lending.ts'
import { labelOf, tellDeepStacks, type CoreFunctions } from './place.ts'
import { readableName } from './symbols.ts'

/** A core function that the host makes, with its glue. */
export type Bound =
  | {
      readonly kind: 'host'
      readonly label: string
      readonly func: HostFunction<never>
      readonly glue: ImportGlue
      readonly options: LinkedOptions
    }
  | {
      readonly kind: 'between'
      readonly label: string
      readonly func: LiftedFunction
      /** Of the caller's side and of the callee's. */
      readonly from: ImportGlue
      readonly to: ExportGlue
      readonly lending: Lending
      readonly options: LinkedOptions
      readonly itself: boolean
    }
  | { readonly kind: 'drop'; readonly resource: string; readonly guest: boolean; readonly destructor: Destructor | undefined }
  | { readonly kind: 'new' | 'rep'; readonly resource: string }

export type BoundSource = { readonly kind: 'export'; readonly ref: CoreRef } | { readonly kind: 'made'; readonly made: Bound }

export interface BoundImport {
  readonly module: string
  readonly name: string
  readonly source: BoundSource
}

export interface PreparedInstance {
  readonly compiled: WebAssembly.Module
  readonly imports: readonly BoundImport[]
  /** Gas of making it. */
  readonly gas: number
  /** Place of its module among the component's. */
  readonly module: number
  /** Names under which it exports memories. */
  readonly memories: readonly string[]
  /** Segments whose place or target comes from outside. */
  readonly placed: readonly PlacedSegment[]
}

/** Checked before the instance is made: what would fail there is a trap of the guest. */
export interface PlacedSegment {
  readonly into: 'memory' | 'table'
  readonly at: number
  /** Place among the imports of the global that it is counted from. */
  readonly base: number | undefined
  readonly length: number
  /** Place among the imports of what it fills, or the size of the instance's own. */
  readonly target: { readonly import: number } | { readonly size: number }
}

export interface LinkedEntry {
  readonly id: string
  readonly export: LinkedExport
  readonly glue: ExportGlue
}

export interface LinkedGuest {
  readonly info: GuestInfo
  readonly world: LinkedWorld
  readonly instances: readonly PreparedInstance[]
  /** In the order of the component. */
  readonly modules: readonly CoreFunctions[]
  readonly entries: ReadonlyMap<string, LinkedEntry>
  readonly grants: Grants
  /** The profiling variant. */
  readonly profiled: boolean
  /** It may wait for something outside. */
  readonly suspends: boolean
  /** Its instances, where their run came to its end, can be made as good as new. */
  readonly poolable: boolean
  /** Where all its memories can be had, the largest first. */
  readonly memories: readonly CoreRef[]
  /** What it takes in a cache. */
  readonly bytes: number
}

const PAGE = 65_536
/** Bytes that a byte of a prepared module comes to, with what the engine makes of it. */
const MACHINE_CODE = 4

function placedSegments(module: CoreModule): PlacedSegment[] {
  const at = (kind: 'memory' | 'table' | 'global', nth: number): number =>
    module.imports.flatMap((i, place) => (i.kind === kind ? [place] : []))[nth] ?? -1
  const of = (into: 'memory' | 'table', segments: readonly Segment[]): PlacedSegment[] =>
    segments.flatMap((s) => {
      const imported = at(into, 0)
      if (s.at === undefined || (s.base === undefined && imported < 0)) return []
      const size = into === 'memory' ? (module.memories[0]?.min ?? 0) * PAGE : (module.tables[0]?.min ?? 0)
      const base = s.base === undefined ? undefined : at('global', s.base)
      return [{ into, at: s.at, base, length: s.length, target: imported < 0 ? { size } : { import: imported } }]
    })
  return [...of('table', module.elements), ...of('memory', module.data)]
}

function binder({ host, linked }: Classified): (source: Source) => BoundSource {
  const bound = new Map<Made, Bound>()
  const make = (made: Made): Bound => {
    switch (made.kind) {
      case 'host': {
        const func = host(made.interface, made.func.name)
        if (func === undefined) throw invalid('import', made.offset, `the import ${made.interface} ${made.func.name} is not offered`)
        const label = `host: ${made.interface.replace(/@.*$/, '')}.${made.func.name}`
        return { kind: 'host', label, func, glue: importGlue(func.type, made.options.encoding), options: made.options }
      }
      case 'between': {
        const { func, options, itself } = made
        return {
          kind: 'between',
          label: `between: ${func.type.name}`,
          func,
          from: importGlue(func.type, options.encoding),
          to: exportGlue(func.type, func.options.encoding),
          lending: lending(func.type, (resource) => linked.resources.get(resource)?.owner === func.component),
          options,
          itself,
        }
      }
      case 'drop':
        return { ...made, guest: linked.resources.has(made.resource) }
      default:
        return made
    }
  }
  return (source) => {
    if (source.kind === 'export') return source
    let found = bound.get(source.made)
    if (found === undefined) {
      found = make(source.made)
      bound.set(source.made, found)
    }
    return { kind: 'made', made: found }
  }
}

function checkSize(bytes: Uint8Array): void {
  if (bytes.length > LIMITS.componentBytes)
    throw limitError('guest_invalid', 'componentBytes', bytes.length, LIMITS.componentBytes, 'the component')
}

function infoOf(bytes: Uint8Array, { world, entries, imports }: Classified): GuestInfo {
  return {
    module: fileCid(bytes),
    world,
    exports: [...entries].map(([id, e]) => ({ ...e.type, name: id })),
    imports,
  }
}

/** A linked guest judged and not made ready; undefined where it is no such. */
export interface Judged {
  readonly info: GuestInfo
  readonly classified: Classified
  readonly grants: Grants
  readonly features: readonly Feature[]
}

/** Throws `guest_invalid`. */
export function judge(bytes: Uint8Array): Judged | undefined {
  checkSize(bytes)
  const classified = classify(bytes)
  if (classified === undefined) return undefined
  const grants = grantsOf(bytes)
  const features = new Set(classified.linked.modules.flatMap((m) => whitelist(m).features))
  return { info: infoOf(bytes, classified), classified, grants, features: [...features].sort() }
}

/** All memories that the instances bring, and all code: they may take turns with each other's. */
function reachOfAll({ modules, instances }: Classified['linked']): Reach {
  const all = modules.map(reachOf)
  const pages = instances.reduce((n, { module: id }) => {
    const module = modules[id] as CoreModule
    return n + (module.imports.some((i) => i.kind === 'memory') ? 0 : (all[id] as Reach).pages)
  }, 0)
  return { pages, functions: all.reduce((n, m) => n + m.functions, 0), bytes: all.reduce((n, m) => n + m.bytes, 0) }
}

/** A core module as it is prepared; it imports its counters from `utnet`. */
interface PreparedCore {
  readonly prepared: Uint8Array
  readonly probes: number
}

/** Prepares the core module at a place of the component. `positions` are noted where they are asked for. */
function prepareCore(module: CoreModule, place: number, reach: Reach, profile: boolean, positions?: Positions): PreparedCore {
  const options = { counter: 'shared', reach, label: labelOf(place), ...(positions === undefined ? {} : { positions }) } as const
  return profile ? prepareProfiling(module, options) : { prepared: prepareModule(module, options), probes: 0 }
}

function prepareCores({ classified: { linked } }: Judged, profile: boolean): readonly PreparedCore[] {
  const reach = reachOfAll(linked)
  return linked.modules.map((m, place) => prepareCore(m, place, reach, profile))
}

/** The prepared core modules of a linked guest, in the order of the component. They import their counters from `utnet`. */
export function prepareAll(judged: Judged): readonly Uint8Array[] {
  return prepareCores(judged, false).map(({ prepared }) => prepared)
}

/** A core module with what it takes to say where in it something was. */
export interface ReadableCore {
  readonly module: CoreModule
  /** That of all modules of the component. */
  readonly reach: Reach
  readonly nameOf: (index: number) => string
  /** Prepares it once more, for where its instructions went. */
  readonly place: (positions: Positions, profile: boolean) => void
}

/** The core modules of a linked guest in the order of the component; undefined where it is no such. Throws `guest_invalid`. */
export function readCores(bytes: Uint8Array): readonly ReadableCore[] | undefined {
  const judged = judge(bytes)
  if (judged === undefined) return undefined
  const { linked } = judged.classified
  const reach = reachOfAll(linked)
  return linked.modules.map((module, place) => ({
    module,
    reach,
    nameOf: namer(module, place, linked.modules.length),
    place: (positions, profile) => void prepareCore(module, place, reach, profile, positions),
  }))
}

/** Names are read from their section on first use: most runs need none. With the place of the module where there are several. */
function namer(module: CoreModule, place: number, of: number): (index: number) => string {
  let names: ReadonlyMap<number, string> | undefined
  return (index) => {
    names ??= functionNames(nameSection(module), module.functions.length)
    const name = readableName(names.get(index) ?? `func[${index}]`)
    return of === 1 ? name : `${name} (module ${place})`
  }
}

/** What a core module takes that is prepared to so many bytes: the engine keeps them, and makes machine code of all that is no data. */
function heldBytes({ data }: CoreModule, prepared: number): number {
  const segments = data.reduce((n, { length }) => n + length, 0)
  return segments + (prepared - segments) * MACHINE_CODE
}

/** Memories of its own that an instance shows, and their pages; undefined where it hides one. */
function shownMemories(module: CoreModule): readonly { readonly name: string; readonly pages: number }[] | undefined {
  const imported = module.imports.filter((i) => i.kind === 'memory').length
  const own = module.memories.map(({ min }, index) => ({
    pages: min,
    name: module.exports.find((e) => e.kind === 'memory' && e.index === index && !e.name.startsWith(RESERVED))?.name,
  }))
  const shown = own.slice(imported).flatMap(({ pages, name }) => (name === undefined ? [] : [{ pages, name }]))
  return shown.length === own.length - imported ? shown : undefined
}

/**
 * What a pool must know. Instances are made as new by setting memories and globals back, and their start functions run again. So nothing else may
 * last, and no start function may come before a segment that lands in what another instance has: it would find what is not there yet.
 */
function pooling(
  { modules, instances: plan }: Classified['linked'],
  instances: readonly PreparedInstance[],
): Pick<LinkedGuest, 'poolable' | 'memories'> {
  const used = plan.map(({ module }) => modules[module] as CoreModule)
  const shown = used.map(shownMemories)
  const memories = shown
    .flatMap((all = [], instance) => all.map(({ name, pages }) => ({ instance, name, pages })))
    .toSorted((a, b) => b.pages - a.pages)
  const pages = memories.reduce((n, memory) => n + memory.pages, 0)
  const firstStart = used.findIndex(({ start }) => start !== undefined)
  const poolable =
    shown.every((all) => all !== undefined) &&
    used.every(isPoolable) &&
    pages <= LIMITS.linkedPooledPages &&
    (firstStart < 0 || instances.slice(firstStart + 1).every(({ placed }) => placed.length === 0))
  return { poolable, memories: memories.map(({ instance, name }) => ({ instance, name })) }
}

/** Prepares and compiles a linked guest, or its profiling variant. */
export async function prepareLinked(bytes: Uint8Array, judged: Judged, profile = false): Promise<LinkedGuest> {
  tellDeepStacks()
  const { classified, info, grants } = judged
  const { linked, entries, world } = classified
  const prepared = prepareCores(judged, profile)
  const compiled = await Promise.all(prepared.map((m) => WebAssembly.compile(m.prepared as Uint8Array<ArrayBuffer>)))
  const reach = reachOfAll(linked)
  const bind = binder(classified)
  const instances = linked.instances.map(({ module: id, sources }): PreparedInstance => {
    const module = linked.modules[id] as CoreModule
    return {
      compiled: compiled[id] as WebAssembly.Module,
      imports: module.imports.map(({ module: from, name }, i) => ({ module: from, name, source: bind(sources[i] as Source) })),
      gas: instanceGas(module, reach),
      module: id,
      memories: module.exports.flatMap((e) => (e.kind === 'memory' ? [e.name] : [])),
      placed: placedSegments(module),
    }
  })
  const suspends = instances.some(({ imports }) =>
    imports.some(({ source }) => source.kind === 'made' && source.made.kind === 'host' && source.made.func.suspends),
  )
  const { poolable, memories } = pooling(linked, instances)
  return {
    info,
    world,
    instances,
    modules: linked.modules.map((module, place) => ({
      first: module.importedFunctions,
      count: module.bodies.length,
      nameOf: namer(module, place, linked.modules.length),
      probes: prepared[place]?.probes ?? 0,
    })),
    poolable: poolable && !profile,
    memories,
    entries: new Map([...entries].map(([id, e]) => [id, { id, export: e, glue: exportGlue(e.type, e.options.encoding) }])),
    grants,
    profiled: profile,
    suspends,
    bytes: bytes.length + linked.modules.reduce((n, module, place) => n + heldBytes(module, prepared[place]?.prepared.length ?? 0), 0),
  }
}
