/**
 * Handles that cross from one component to another. What is owned must be its giver's own. What is borrowed is a handle of the call alone, and to the
 * component that defines the resource its representation (CanonicalABI.md, `lift_own`, `lift_borrow`, `lower_borrow`).
 */
import type { WitFunction, WitType, WitValue } from '../../core/index.ts'
import { GuestTrap } from '../abi/index.ts'
import { Loan, type Handles } from '../http/index.ts'

/** The handles of one call on their way. */
export class Crossing {
  readonly #handles: Handles
  readonly #loan = new Loan()
  readonly #given = new Set<number>()
  readonly #lent = new Set<number>()

  constructor(handles: Handles) {
    this.#handles = handles
  }

  own(resource: string, handle: number): number {
    this.#handles.owned(handle, resource)
    if (this.#given.has(handle) || this.#lent.has(handle)) throw new GuestTrap(`the handle ${handle} of ${resource} is given away twice`)
    this.#given.add(handle)
    return handle
  }

  #borrowed(handle: number): void {
    if (this.#given.has(handle)) throw new GuestTrap(`the handle ${handle} is lent and given away`)
    this.#lent.add(handle)
  }

  lend(resource: string, handle: number): number {
    this.#borrowed(handle)
    return this.#handles.lend(handle, resource, this.#loan)
  }

  rep(resource: string, handle: number): number {
    this.#borrowed(handle)
    return this.#handles.get<number>(handle, resource) >>> 0
  }

  /** The call has returned. */
  settle(): void {
    if (this.#loan.open > 0) throw new GuestTrap(`the callee kept ${this.#loan.open} borrowed handles`)
  }
}

/** Values for the other side. */
export type Passage = (values: readonly WitValue[], crossing: Crossing) => readonly WitValue[]

type Change = (value: WitValue, crossing: Crossing) => WitValue

const items = (value: WitValue): readonly WitValue[] => value as readonly WitValue[]

/** What happens to values of a type; undefined where nothing does. */
function change(type: WitType | undefined, owned: (resource: string) => boolean): Change | undefined {
  if (type === undefined) return undefined
  const all = (types: readonly (WitType | undefined)[]): readonly (Change | undefined)[] | undefined => {
    const changes = types.map((t) => change(t, owned))
    return changes.every((c) => c === undefined) ? undefined : changes
  }
  const members = (types: readonly WitType[]): Change | undefined => {
    const changes = all(types)
    return changes && ((value, crossing) => items(value).map((v, i) => changes[i]?.(v, crossing) ?? v))
  }
  const cases = (types: readonly (WitType | undefined)[]): Change | undefined => {
    const changes = all(types)
    return (
      changes &&
      ((value, crossing) => {
        const [tag, payload] = value as unknown as readonly [number, WitValue | undefined]
        const inner = changes[tag]
        return inner === undefined || payload === undefined ? value : [tag, inner(payload, crossing)]
      })
    )
  }
  switch (type.kind) {
    case 'own':
      return (value, crossing) => crossing.own(type.resource, value as number)
    case 'borrow':
      return owned(type.resource)
        ? (value, crossing) => crossing.rep(type.resource, value as number)
        : (value, crossing) => crossing.lend(type.resource, value as number)
    case 'list':
    case 'option': {
      const inner = change(type.kind === 'list' ? type.element : type.some, owned)
      return inner && ((value, crossing) => items(value).map((v) => inner(v, crossing)))
    }
    case 'tuple':
      return members(type.items)
    case 'record':
      return members(type.fields.map((f) => f.type))
    case 'result':
      return cases([type.ok, type.err])
    case 'variant':
      return cases(type.cases.map((c) => c.type))
    default:
      return undefined
  }
}

function passage(types: readonly WitType[], owned: (resource: string) => boolean): Passage | undefined {
  const changes = types.map((type) => change(type, owned))
  if (changes.every((c) => c === undefined)) return undefined
  return (values, crossing) => values.map((value, i) => changes[i]?.(value, crossing) ?? value)
}

export interface Lending {
  /** Of the arguments; undefined where no handle is among them. */
  readonly out: Passage | undefined
  /** Of the result. */
  readonly back: Passage | undefined
}

/** What happens to the handles of a function on their way to the component that `owned` speaks of, and back. */
export function lending({ params, result }: WitFunction, owned: (resource: string) => boolean): Lending {
  const types = params.map((p) => p.type)
  // A result holds no borrows
  return { out: passage(types, owned), back: result === undefined ? undefined : passage([result], () => false) }
}
