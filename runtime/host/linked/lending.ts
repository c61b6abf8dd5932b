/** Borrowed handles of a call between components: the one that defines a resource is given its representation (CanonicalABI.md, `lower_borrow`). */
import type { WitFunction, WitType, WitValue } from '../../core/index.ts'

/** Arguments for the callee; `rep` gives the representation behind a handle of a resource. */
export type Lending = (args: readonly WitValue[], rep: (resource: string, handle: number) => number) => readonly WitValue[]

type Change = (value: WitValue, rep: (resource: string, handle: number) => number) => WitValue

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
    return changes && ((value, rep) => items(value).map((v, i) => changes[i]?.(v, rep) ?? v))
  }
  const cases = (types: readonly (WitType | undefined)[]): Change | undefined => {
    const changes = all(types)
    return (
      changes &&
      ((value, rep) => {
        const [tag, payload] = value as unknown as readonly [number, WitValue | undefined]
        const inner = changes[tag]
        return inner === undefined || payload === undefined ? value : [tag, inner(payload, rep)]
      })
    )
  }
  switch (type.kind) {
    case 'borrow':
      return owned(type.resource) ? (value, rep) => rep(type.resource, value as number) >>> 0 : undefined
    case 'list':
    case 'option': {
      const inner = change(type.kind === 'list' ? type.element : type.some, owned)
      return inner && ((value, rep) => items(value).map((v) => inner(v, rep)))
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

/** The change of a function's arguments on their way to the component that `owned` speaks of. */
export function lentBy(fn: WitFunction, owned: (resource: string) => boolean): Lending {
  const changes = fn.params.map((p) => change(p.type, owned))
  if (changes.every((c) => c === undefined)) return (args) => args
  return (args, rep) => args.map((arg, i) => changes[i]?.(arg, rep) ?? arg)
}
