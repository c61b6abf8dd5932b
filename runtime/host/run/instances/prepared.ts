/** A guest made ready: validated, metered, compiled, with its glue. */
import { LIMITS, UtnetError, type GuestInfo } from '../../../core/index.ts'
import {
  exportGlue,
  hasText,
  importGlue,
  offered,
  type CoreForm,
  type ExportGlue,
  type HostFunction,
  type ImportGlue,
} from '../../abi/index.ts'
import { isComponent, type MainExport } from '../../component/index.ts'
import {
  instanceGas,
  isPoolable,
  itemsGas,
  prepareLent,
  prepareModule,
  prepareProfiling,
  reachOf,
  type MemoryShape,
} from '../../prepare/index.ts'
import { inspect, validate, whitelistBytes, type Inspection, type ValidGuest } from '../../validate/index.ts'
import { functionNames, nameSection, type CoreModule } from '../../wasm/index.ts'
import { WORLDS } from '../imports/index.ts'
import { compileWhole } from './compile.ts'

/** An import of the main module, bound to what answers it. */
export type BoundImport = { readonly module: string; readonly name: string; /** In a profile. */ readonly label: string } & (
  | { readonly kind: 'drop'; readonly resource: string }
  | { readonly kind: 'host'; readonly func: HostFunction<never>; readonly glue: ImportGlue }
  | { readonly kind: 'core'; readonly func: HostFunction<never>; readonly form: CoreForm<never> }
)

export interface Entry {
  readonly export: MainExport
  readonly glue: ExportGlue
}

export interface PreparedGuest {
  readonly info: GuestInfo
  /** Bytes of the component. */
  readonly size: number
  readonly compiled: WebAssembly.Module
  readonly imports: readonly BoundImport[]
  readonly entries: ReadonlyMap<string, Entry>
  /** Name of the memory that the ABI works on. */
  readonly memory: string | undefined
  /** Name of the only memory, used by the ABI or not; undefined where there is none, or none to be had. */
  readonly wholeMemory: string | undefined
  readonly realloc: string | undefined
  /** Of the memory that its instances are lent; undefined where they have one of their own or none. */
  readonly lent: MemoryShape | undefined
  /** Pages that its memory grows to at most; those of the limit where it has none. */
  readonly memoryPages: number
  /** Gas of making an instance. */
  readonly instanceGas: number
  /** The functions that it brings, in the function index space. */
  readonly functions: { readonly first: number; readonly count: number }
  /** Name of a function: that of its export, else from the name section, else `func[12]`. */
  readonly nameOf: (index: number) => string
  /** An instance that came to the end of a run can be made as good as new. */
  readonly poolable: boolean
  /** The profiling variant. */
  readonly profiled: boolean
  /** How many places it counts, beside functions. */
  readonly probes: number
  /** An import may suspend it. */
  readonly suspends: boolean
  /** What it takes in a cache. */
  readonly bytes: number
}

function bind(valid: ValidGuest): readonly BoundImport[] {
  const offers = WORLDS.offers[valid.world]
  return valid.guest.imports.map((wired, i): BoundImport => {
    const { module, name } = valid.core.module.imports[i] as { module: string; name: string }
    if (wired.kind === 'drop') return { module, name, label: `host: drop ${wired.resource}`, kind: 'drop', resource: wired.resource }
    const func = offered(offers, wired.interface)?.[wired.func.name] as HostFunction<never>
    const label = `host: ${wired.interface.replace(/@.*$/, '')}.${wired.func.name}`
    // Forms by hand know one encoding of text
    return func.core !== undefined && (wired.encoding === 'utf16' || !hasText(func.type))
      ? { module, name, label, kind: 'core', func, form: func.core }
      : { module, name, label, kind: 'host', func, glue: importGlue(func.type, wired.encoding) }
  })
}

/** A memory that cannot be had cannot be set back. */
function poolable(module: CoreModule, memory: string | undefined): boolean {
  const pages = module.memories[0]?.min
  return (pages === undefined || (memory !== undefined && pages <= LIMITS.pooledPages)) && isPoolable(module)
}

/** Names are read from their section on first use: most runs need none. */
function namer({ core: { module }, entries }: ValidGuest): (index: number) => string {
  const section = nameSection(module)
  const count = module.functions.length
  const exported = new Map(module.exports.flatMap((e) => (e.kind === 'func' ? [[e.name, e.index] as const] : [])))
  let names: Map<number, string> | undefined
  return (index) => {
    if (names === undefined) {
      names = new Map(functionNames(section, count))
      for (const { core, func } of entries) names.set(exported.get(core) as number, func.name)
    }
    return names.get(index) ?? `func[${index}]`
  }
}

/** Validates, prepares and compiles a component, or its profiling variant. Throws `guest_invalid`. */
export async function prepareGuest(bytes: Uint8Array, profile = false): Promise<PreparedGuest> {
  const valid = validate(bytes, WORLDS)
  if (valid.world === 'contract') return contractOf(valid, bytes, profile)
  const code = codeOf(valid, profile)
  return readyOf(valid, code, await WebAssembly.compile(code.prepared as Uint8Array<ArrayBuffer>), bytes, profile)
}

/** The same of a contract, at once. Throws `guest_world` too. */
export function prepareContract(bytes: Uint8Array, profile = false): PreparedGuest {
  const valid = validate(bytes, WORLDS)
  if (valid.world !== 'contract') throw new UtnetError('guest_world', `${valid.module.toString()} is a ${valid.world}, not a contract`)
  return contractOf(valid, bytes, profile)
}

function contractOf(valid: ValidGuest, bytes: Uint8Array, profile: boolean): PreparedGuest {
  const code = codeOf(valid, profile)
  return readyOf(valid, code, compileWhole(code.prepared), bytes, profile)
}

/** A core module as it is prepared. */
interface Code {
  readonly prepared: Uint8Array
  readonly probes: number
  readonly memory: MemoryShape | undefined
}

const codeOf = ({ core }: ValidGuest, profile: boolean): Code =>
  profile ? { ...prepareProfiling(core.module), memory: undefined } : { ...prepareLent(core.module), probes: 0 }

function readyOf(
  valid: ValidGuest,
  { prepared, probes, memory }: Code,
  compiled: WebAssembly.Module,
  bytes: Uint8Array,
  profile: boolean,
): PreparedGuest {
  const { module, world, exports } = valid
  const imports = bind(valid)
  const wholeMemory = valid.guest.memory ?? valid.core.module.exports.find((e) => e.kind === 'memory')?.name
  return {
    info: { module, world, exports, imports: valid.imports },
    size: bytes.length,
    compiled,
    imports,
    entries: new Map(valid.entries.map((e) => [e.func.name, { export: e, glue: exportGlue(e.func, e.encoding) }])),
    memory: valid.guest.memory,
    wholeMemory,
    realloc: valid.guest.realloc,
    lent: memory,
    memoryPages: reachOf(valid.core.module).pages || LIMITS.memoryPages,
    instanceGas: instanceGas(valid.core.module) + itemsGas(valid.core.module),
    functions: { first: valid.core.module.importedFunctions, count: valid.core.module.bodies.length },
    nameOf: namer(valid),
    poolable: !profile && poolable(valid.core.module, wholeMemory),
    profiled: profile,
    probes,
    suspends: imports.some((i) => i.kind !== 'drop' && i.func.suspends),
    bytes: bytes.length + prepared.length * 4,
  }
}

/** The prepared core modules of a component or a bare core module, for any engine. Throws `guest_invalid`. */
export function preparedModules(bytes: Uint8Array): readonly Uint8Array[] {
  const core = isComponent(bytes) ? validate(bytes, WORLDS).core : whitelistBytes(bytes)
  return [prepareModule(core.module)]
}

/** What the validator sees. Throws `guest_invalid` with `details: {rule, offset, function?}`. */
export function inspectGuest(bytes: Uint8Array): Inspection {
  return inspect(bytes, WORLDS)
}

/** World, exports and imports of a component that may be deployed. Throws `guest_invalid`. */
export function validateGuest(bytes: Uint8Array): GuestInfo {
  const { module, world, exports, imports } = validate(bytes, WORLDS)
  return { module, world, exports, imports }
}
