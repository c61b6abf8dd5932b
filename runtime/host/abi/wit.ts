/** WIT types and host functions as short expressions, for the tables of what the host offers. */
import { printWitType, type WitFunction, type WitType, type WitValue } from '../../core/index.ts'
import type { CoreFunction } from './call.ts'
import type { GuestMemory, Meter } from './memory.ts'

const primitive = <K extends 'bool' | 'u8' | 'u16' | 'u32' | 'u64' | 'string'>(kind: K): WitType => ({ kind })

/** WIT types by short names. */
export const wit = {
  bool: primitive('bool'),
  u8: primitive('u8'),
  u16: primitive('u16'),
  u32: primitive('u32'),
  u64: primitive('u64'),
  string: primitive('string'),
  bytes: { kind: 'list', element: { kind: 'u8' } } as WitType,
  list: (element: WitType): WitType => ({ kind: 'list', element }),
  option: (some: WitType): WitType => ({ kind: 'option', some }),
  result: (ok?: WitType, err?: WitType): WitType => ({ kind: 'result', ok, err }),
  tuple: (...items: readonly WitType[]): WitType => ({ kind: 'tuple', items }),
  record: (fields: Readonly<Record<string, WitType>>): WitType => ({
    kind: 'record',
    fields: Object.entries(fields).map(([name, type]) => ({ name, type })),
  }),
  variant: (cases: Readonly<Record<string, WitType | null>>): WitType => ({
    kind: 'variant',
    cases: Object.entries(cases).map(([name, type]) => ({ name, type: type ?? undefined })),
  }),
  enum: (...names: readonly string[]): WitType => ({ kind: 'enum', names }),
  own: (resource: string): WitType => ({ kind: 'own', resource }),
  borrow: (resource: string): WitType => ({ kind: 'borrow', resource }),
}

/** Who calls a host function: its memory, and the state of its run. */
export interface Caller<S> {
  readonly memory: GuestMemory
  readonly state: S
}

/** A host function by hand, as the core function that a guest imports; text is UTF-16. It calls `enter` first. */
export type CoreForm<S> = (enter: () => Caller<S>) => CoreFunction

/** A function that the host offers, over the state `S` of a run. */
export interface HostFunction<S> {
  readonly type: WitFunction
  /** May throw GuestTrap. A promise suspends the guest. */
  readonly run: (state: S, args: readonly WitValue[]) => WitValue | Promise<WitValue>
  /** It may answer with a promise: then it is called by a suspended guest only. */
  readonly suspends: boolean
  /** The same as `run` within its glue, and faster. */
  readonly core?: CoreForm<S>
}

/** Functions by name, by interface without version: `wasi:io/streams`. */
export type HostInterfaces<S> = Readonly<Record<string, Readonly<Record<string, HostFunction<S>>>>>

/** What every state of a run has. */
export interface Metered {
  readonly meter: Meter
}

/** A function that the host offers: names and types of its parameters, its result, and what it does. `suspends`: `run` may answer with a promise. */
export function hostFunction<S>(
  params: Readonly<Record<string, WitType>>,
  result: WitType | undefined,
  run: HostFunction<S>['run'],
  suspends = false,
): HostFunction<S> {
  return { type: { name: '', params: Object.entries(params).map(([name, type]) => ({ name, type })), result }, run, suspends }
}

/** The types of a function without the names of parameters and of resources' interfaces: what two declarations must agree in. */
export function signatureText(fn: WitFunction): string {
  const text = (type: WitType | undefined): string => (type === undefined ? '_' : printWitType(type).replace(/<[a-z:/0-9@.-]*#/g, '<'))
  return `(${fn.params.map((p) => text(p.type)).join(', ')}) -> ${text(fn.result)}`
}

/** Whether values of a function's types hold text, whose encoding its caller chooses. */
export function hasText({ params, result }: WitFunction): boolean {
  return params.some((p) => holdsText(p.type)) || holdsText(result)
}

function holdsText(type: WitType | undefined): boolean {
  switch (type?.kind) {
    case 'string':
      return true
    case 'list':
      return holdsText(type.element)
    case 'option':
      return holdsText(type.some)
    case 'result':
      return holdsText(type.ok) || holdsText(type.err)
    case 'tuple':
      return type.items.some(holdsText)
    case 'record':
      return type.fields.some((f) => holdsText(f.type))
    case 'variant':
      return type.cases.some((c) => holdsText(c.type))
    default:
      return false
  }
}

/** Finds what is offered under an import: WASI in any 0.2 patch version, our own in the exact one. Undefined when it is not. */
export function offered<S>(interfaces: HostInterfaces<S>, imported: string): Readonly<Record<string, HostFunction<S>>> | undefined {
  const [base, version] = imported.split('@') as [string, string | undefined]
  if (!Object.hasOwn(interfaces, base)) return undefined
  const fits = base.startsWith('wasi:') ? /^0\.2\.(0|[1-9][0-9]{0,4})$/.test(version ?? '') : version === '0.1.0'
  return fits ? interfaces[base] : undefined
}
