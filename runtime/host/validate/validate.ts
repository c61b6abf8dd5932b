/** The door of guests: what is let in, what it is, and why the rest is refused. */
import { fileCid, LIMITS, limitError, printWitFunction, type GuestInfo, type World } from '../../core/index.ts'
import { guestOf, importedInterfaces, isComponent, readComponent, type Guest, type MainExport } from '../component/index.ts'
import { invalid, type CoreModule } from '../wasm/index.ts'
import { whitelist, whitelistBytes, type Feature, type Whitelisted } from './whitelist.ts'
import { worldOf, type Worlds } from './world.ts'

/** A component that may run. */
export interface ValidGuest extends GuestInfo {
  readonly guest: Guest
  readonly entries: readonly MainExport[]
  readonly core: Whitelisted
}

/** What `inspect` shows. */
export interface Inspection {
  readonly kind: 'component' | 'module'
  /** Null for a bare core module, which is never deployed. */
  readonly world: World | null
  readonly module: string
  readonly imports: readonly { readonly name: string; readonly type: string }[]
  readonly exports: readonly { readonly name: string; readonly type: string }[]
  readonly features: readonly Feature[]
  /** By name of the limit. */
  readonly limits: Readonly<Record<string, { readonly used: number; readonly allowed: number }>>
}

function checkSize(bytes: Uint8Array): void {
  if (!(bytes instanceof Uint8Array)) throw invalid('format', 0, 'a guest must be bytes')
  if (bytes.length > LIMITS.componentBytes)
    throw limitError('guest_invalid', 'componentBytes', bytes.length, LIMITS.componentBytes, 'the component')
  const magic = [0x00, 0x61, 0x73, 0x6d]
  if (bytes.length < 8 || !magic.every((byte, i) => bytes[i] === byte)) throw invalid('format', 0, 'the bytes are not WebAssembly')
}

/** Throws `guest_invalid` with `details: {rule, offset, function?}` unless the bytes are a guest of a world that the host knows. */
export function validate(bytes: Uint8Array, worlds: Worlds): ValidGuest {
  checkSize(bytes)
  if (!isComponent(bytes)) {
    // A bare core module that breaks a rule of its own is told that first
    whitelistBytes(bytes)
    throw invalid('core-module', 0, 'a core module is never deployed bare: build it as a component')
  }
  const component = readComponent(bytes)
  const guest = guestOf(component)
  const imports = importedInterfaces(component)
  const { world, exports } = worldOf(guest, imports, worlds)
  const core = whitelist(guest.module)
  return {
    module: fileCid(bytes),
    world,
    exports: exports.map((e) => e.func),
    imports: imports.map((i) => i.name),
    guest,
    entries: exports,
    core,
  }
}

function usedLimits(bytes: number, { module }: Whitelisted): Inspection['limits'] {
  const used: Record<string, number> = {
    componentBytes: bytes,
    componentCodeBytes: module.codeBytes,
    moduleFunctions: module.functions.length,
    moduleFunctionBytes: module.bodies.reduce((n, b) => Math.max(n, b.end - b.start), 0),
    moduleLocals: module.bodies.reduce((n, b) => Math.max(n, b.localCount), 0),
    moduleTypes: module.types.length,
    moduleImports: module.imports.length,
    moduleExports: module.exports.length,
    moduleGlobals: module.globals.length,
    moduleDataSegments: module.data.length,
    moduleElementSegments: module.elements.length,
    moduleTableEntries: module.tables.reduce((n, t) => n + t.min, 0),
    memoryPages: module.memories.reduce((n, m) => n + m.min, 0),
  }
  return Object.fromEntries(Object.entries(used).map(([name, n]) => [name, { used: n, allowed: LIMITS[name as keyof typeof LIMITS] }]))
}

const TYPE_NAMES: Readonly<Record<string, string>> = { i: 'i32', l: 'i64', f: 'f32', d: 'f64', v: 'v128', r: 'funcref', e: 'externref' }
const names = (letters: string): string => [...letters].map((l) => TYPE_NAMES[l]).join(' ')

function coreType(module: CoreModule, kind: string, functionIndex: number): string {
  const type = kind === 'func' ? module.functions[functionIndex] : undefined
  return type === undefined
    ? kind
    : `func (param ${names(type.params)}) (result ${names(type.results)})`
        .replaceAll('(param )', '')
        .replaceAll('(result )', '')
        .replaceAll(/ +/g, ' ')
        .trim()
}

/** What the validator sees in a component or a bare core module, whose imports are listed and not judged. Throws as `validate` does. */
export function inspect(bytes: Uint8Array, worlds: Worlds): Inspection {
  checkSize(bytes)
  if (isComponent(bytes)) {
    const found = validate(bytes, worlds)
    const hosts = found.guest.imports.flatMap((i) =>
      i.kind === 'host' ? [{ name: `${i.interface}#${i.func.name}`, type: printWitFunction(i.func) }] : [],
    )
    return {
      kind: 'component',
      world: found.world,
      module: found.module.toString(),
      imports: hosts,
      exports: found.entries.map((e) => ({
        name: e.interface === '' ? e.func.name : `${e.interface}#${e.func.name}`,
        type: printWitFunction(e.func),
      })),
      features: found.core.features,
      limits: usedLimits(bytes.length, found.core),
    }
  }
  const core = whitelistBytes(bytes)
  const { module } = core
  let functions = 0
  return {
    kind: 'module',
    world: null,
    module: fileCid(bytes).toString(),
    imports: module.imports.map((i) => ({
      name: `${i.module}#${i.name}`,
      type: coreType(module, i.kind, i.kind === 'func' ? functions++ : -1),
    })),
    exports: module.exports.map((e) => ({ name: e.name, type: coreType(module, e.kind, e.index) })),
    features: core.features,
    limits: usedLimits(bytes.length, core),
  }
}
