/** Which world a component is of, and whether it asks for no more than that world offers. */
import type { World, WitFunction, WitType } from '../../core/index.ts'
import { offered, signatureText, type HostInterfaces } from '../abi/index.ts'
import type { Guest, ImportedInterface, MainExport } from '../component/index.ts'
import { invalid } from '../wasm/index.ts'

const HANDLER = /^wasi:http\/incoming-handler@0\.2\.(0|[1-9][0-9]{0,4})$/

/** What each world offers its guests; the host hands it in. */
export interface Worlds {
  readonly offers: Readonly<Record<World, HostInterfaces<never>>>
  readonly operatorRun: WitFunction
}

const HANDLE = '(own<incoming-request>, own<response-outparam>) -> _'

function hasHandle(type: WitType): boolean {
  switch (type.kind) {
    case 'own':
    case 'borrow':
      return true
    case 'list':
      return hasHandle(type.element)
    case 'option':
      return hasHandle(type.some)
    case 'result':
      return [type.ok, type.err].some((t) => t !== undefined && hasHandle(t))
    case 'tuple':
      return type.items.some(hasHandle)
    case 'record':
      return type.fields.some((f) => hasHandle(f.type))
    case 'variant':
      return type.cases.some((c) => c.type !== undefined && hasHandle(c.type))
    default:
      return false
  }
}

function contractExports(guest: Guest): readonly MainExport[] {
  for (const { interface: iface, func } of guest.exports) {
    if (iface !== '')
      throw invalid(
        'world',
        0,
        `the component exports the interface ${iface}: it is no function, and contracts and operators export plain functions`,
      )
    const types = [...func.params.map((p) => p.type), ...(func.result === undefined ? [] : [func.result])]
    if (types.some(hasHandle)) throw invalid('world', 0, `the export ${func.name} hands out a resource`)
    if (!/^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/.test(func.name))
      throw invalid('world', 0, `the export name ${JSON.stringify(func.name)} is not allowed`)
  }
  return guest.exports
}

function detect(guest: Guest, worlds: Worlds): { readonly world: World; readonly exports: readonly MainExport[] } {
  const handler = guest.exports.filter((e) => HANDLER.test(e.interface) && e.func.name === 'handle')
  if (handler.length > 0) {
    const [first] = handler as [MainExport]
    if (handler.length > 1 || signatureText(first.func) !== HANDLE) throw invalid('world', 0, 'the handler is not that of wasi:http')
    return { world: 'function', exports: handler }
  }
  const exports = contractExports(guest)
  const [only] = exports as [MainExport]
  const operator =
    exports.length === 1 &&
    only.func.name === 'run' &&
    signatureText(only.func) === signatureText(worlds.operatorRun) &&
    guest.imports.length === 0
  return { world: operator ? 'operator' : 'contract', exports }
}

/** The world of a component and the exports that count in it. Throws `guest_invalid` (rules `world`, `import`). */
export function worldOf(
  guest: Guest,
  imports: readonly ImportedInterface[],
  worlds: Worlds,
): { readonly world: World; readonly exports: readonly MainExport[] } {
  const found = detect(guest, worlds)
  const offers = worlds.offers[found.world]
  for (const { name, offset, functions } of imports) {
    const functionsOffered = offered(offers, name)
    if (functionsOffered === undefined) throw invalid('import', offset, `the import ${name} is not offered to a ${found.world}`)
    for (const fn of functions) {
      const ours = Object.hasOwn(functionsOffered, fn.name) ? functionsOffered[fn.name] : undefined
      if (ours === undefined) throw invalid('import', offset, `the import ${name} ${fn.name} is not offered to a ${found.world}`)
      if (signatureText(ours.type) !== signatureText(fn))
        throw invalid('import', offset, `the import ${name} ${fn.name} has another type than the host's`)
    }
  }
  return found
}
