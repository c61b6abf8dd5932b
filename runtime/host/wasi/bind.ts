/** Handlers under the standard types. */
import { UtnetError, type WitFunction, type WitValue } from '../../core/index.ts'
import { GuestTrap, type HostFunction } from '../abi/index.ts'
import { loadWit, type WitModel } from '../wit/index.ts'
import type { WasiRun } from './run.ts'
import { STANDARD_WIT } from './standard/index.ts'

export type Handler = (run: WasiRun, args: readonly WitValue[]) => WitValue | Promise<WitValue>
/** By the names of the canonical ABI: `get`, `[method]descriptor.stat`. */
export type Handlers = Readonly<Record<string, Handler>>
export type Functions = Readonly<Record<string, HostFunction<WasiRun>>>

let model: WitModel | undefined

const standard = (): WitModel => (model ??= loadWit([{ source: 'the standard interfaces', text: STANDARD_WIT }]))

const METHOD = /^\[method\]([a-z0-9-]+)\./

/** A method without a handler is one of a resource that no guest ever gets. */
function impossible({ name }: WitFunction): Handler {
  const resource = METHOD.exec(name)?.[1]
  if (resource === undefined) throw new UtnetError('host_fault', `the standard function ${name} has no handler`)
  return ({ handles }, [handle]) => {
    handles.get(handle, resource)
    throw new GuestTrap(`${name} is not to be had`)
  }
}

/** Those functions of a standard interface that have handlers. */
export function bindOnly(id: string, handlers: Handlers): Functions {
  const functions: Record<string, HostFunction<WasiRun>> = {}
  for (const type of standard().interface(id).functions) {
    const run = handlers[type.name]
    if (run !== undefined) functions[type.name] = { type, run, suspends: false }
  }
  return functions
}

/** The functions of a standard interface. `suspends` names those whose handlers may answer with a promise. */
export function bind(id: string, handlers: Handlers, suspends: readonly string[] = []): Functions {
  const functions: Record<string, HostFunction<WasiRun>> = {}
  for (const type of standard().interface(id).functions) {
    const run = Object.hasOwn(handlers, type.name) ? (handlers[type.name] as Handler) : impossible(type)
    functions[type.name] = { type, run, suspends: suspends.includes(type.name) }
  }
  return functions
}
