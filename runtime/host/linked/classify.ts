/** Which components are linked, and of which world they are. What has the one shape of our own guests runs as such. */
import { isUtnetError, type WitType } from '../../core/index.ts'
import { offered, signatureText, type HostFunction } from '../abi/index.ts'
import {
  guestOf,
  importedInterfaces,
  isComponent,
  link,
  readComponent,
  type Component,
  type ImportedInterface,
  type Linked,
  type LinkedExport,
} from '../component/index.ts'
import { TENSORS, WORLDS } from '../run/imports/index.ts'
import { isStandard, standardOffers } from '../wasi/index.ts'
import { invalid } from '../wasm/index.ts'

export type LinkedWorld = 'function' | 'command' | 'library'

const HANDLER = /^wasi:http\/incoming-handler@0\.2\.(?:0|[1-9][0-9]{0,4})$/
const RUN = /^wasi:cli\/run@0\.2\.(?:0|[1-9][0-9]{0,4})$/
const HANDLE = '(own<incoming-request>, own<response-outparam>) -> _'
const OUTGOING = /^wasi:http\/outgoing-handler@/

export interface Classified {
  readonly world: LinkedWorld
  readonly linked: Linked
  /** Functions that are called from outside, by `interface#function`, or the plain name of a function of the world. */
  readonly entries: ReadonlyMap<string, LinkedExport>
  readonly imports: readonly string[]
  /** What answers a host function of an import. */
  readonly host: (iface: string, name: string) => HostFunction<never> | undefined
}

/** The world that the exports say; undefined for plain functions that need no WASI, which are a contract or an operator if they have the shape. */
function worldOf(component: Component, imports: readonly ImportedInterface[]): LinkedWorld | undefined {
  const names = [...component.exports.keys()]
  if (names.some((name) => HANDLER.test(name))) return 'function'
  if (names.some((name) => RUN.test(name))) return 'command'
  const interfaces = [...component.exports.values()].some((item) => item.sort === 'instance')
  return interfaces || imports.some(({ name }) => name.startsWith('wasi:')) ? 'library' : undefined
}

/** True when a guest has the one shape, so that the strict and fast way is open to it. */
function hasShape(component: Component): boolean {
  try {
    guestOf(component)
    return true
  } catch (error) {
    if (isUtnetError(error, 'guest_invalid')) return false
    throw error
  }
}

/** True where the fast way offers all that a function imports. */
function offeredFast(imports: readonly ImportedInterface[]): boolean {
  return imports.every(({ name, functions }) => {
    const found = offered(WORLDS.offers.function, name)
    return found !== undefined && functions.every((fn) => Object.hasOwn(found, fn.name))
  })
}

function isOwn(component: Component, imports: readonly ImportedInterface[], world: LinkedWorld | undefined): boolean {
  if (world === 'function') return hasShape(component) && offeredFast(imports)
  if (world !== undefined) return false
  // Plain functions that import ours are contracts, and are told what is wrong with them as such
  return imports.length > 0 || hasShape(component)
}

type Offers = ReturnType<typeof standardOffers>

function checkImports(imports: readonly ImportedInterface[], world: LinkedWorld, offers: Offers): Classified['host'] {
  const tensors = (name: string): Readonly<Record<string, HostFunction<never>>> | undefined => offered(TENSORS, name)
  const found = (name: string): Readonly<Record<string, HostFunction<never>>> | undefined =>
    isStandard(name, offers) ? (offers[name.split('@')[0] as string] as Readonly<Record<string, HostFunction<never>>>) : tensors(name)
  for (const { name, offset, functions } of imports) {
    const ours = found(name)
    if (ours === undefined) throw invalid('import', offset, `the import ${name} is not offered to a ${world}`)
    for (const fn of functions) {
      const mine = Object.hasOwn(ours, fn.name) ? ours[fn.name] : undefined
      if (mine === undefined) throw invalid('import', offset, `the import ${name} ${fn.name} is not offered to a ${world}`)
      if (signatureText(mine.type) !== signatureText(fn))
        throw invalid('import', offset, `the import ${name} ${fn.name} has another type than the host's`)
    }
  }
  return (iface, name) => {
    const ours = found(iface)
    return ours !== undefined && Object.hasOwn(ours, name) ? ours[name] : undefined
  }
}

/** True for values that a caller outside can hand in and be given: resources are not among them. */
function crosses(type: WitType): boolean {
  switch (type.kind) {
    case 'own':
    case 'borrow':
      return false
    case 'list':
      return crosses(type.element)
    case 'option':
      return crosses(type.some)
    case 'result':
      return [type.ok, type.err].every((t) => t === undefined || crosses(t))
    case 'tuple':
      return type.items.every(crosses)
    case 'record':
      return type.fields.every((f) => crosses(f.type))
    case 'variant':
      return type.cases.every((c) => c.type === undefined || crosses(c.type))
    default:
      return true
  }
}

function entriesOf(world: LinkedWorld, { exports }: Linked): ReadonlyMap<string, LinkedExport> {
  const entries = new Map<string, LinkedExport>()
  for (const e of exports) {
    const { type } = e
    if (world === 'function' && HANDLER.test(e.interface)) {
      if (type.name !== 'handle' || signatureText(type) !== HANDLE) throw invalid('world', 0, 'the handler is not that of wasi:http')
      entries.set('handle', e)
    } else if (world === 'command' && RUN.test(e.interface)) {
      if (type.name !== 'run' || signatureText(type) !== '() -> result') throw invalid('world', 0, 'run is not that of wasi:cli')
      entries.set('run', e)
    } else if (world === 'library') {
      const types = [...type.params.map((p) => p.type), ...(type.result === undefined ? [] : [type.result])]
      if (types.every(crosses)) entries.set(e.interface === '' ? type.name : `${e.interface}#${type.name}`, e)
    }
  }
  if (entries.size === 0) throw invalid('world', 0, 'the component exports nothing that can be called from outside')
  if (entries.size > 1 && world !== 'library') throw invalid('world', 0, `a ${world} has one entry`)
  return entries
}

/** A component that must be linked; undefined where it has the shape of our own guests or is none. Throws `guest_invalid`. */
export function classify(bytes: Uint8Array): Classified | undefined {
  if (!isComponent(bytes)) return undefined
  const component = readComponent(bytes)
  const imports = importedInterfaces(component)
  const world = worldOf(component, imports)
  if (isOwn(component, imports, world)) return undefined
  const host = checkImports(imports, world ?? 'library', standardOffers(imports.some(({ name }) => OUTGOING.test(name))))
  const linked = link(component)
  const entries = entriesOf(world ?? 'library', linked)
  return { world: world ?? 'library', linked, entries, imports: imports.map((i) => i.name), host }
}
