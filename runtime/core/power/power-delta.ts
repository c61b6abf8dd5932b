/** What takes the set of one epoch to that of the next: what a light client needs beside a header and its certificate. */
import { asArray, asBytes, asUint, compareBytes, decode, encode, equalBytes, type Cbor } from '../codec/index.ts'
import { UtnetError } from '../errors.ts'
import { LIMITS } from '../limits.ts'
import { readValidator, validatorCbor, type Validator } from './validator.ts'

/** What changes from one set to the next. */
export interface PowerDelta {
  /** Node keys that leave, ascending. */
  readonly removed: readonly Uint8Array[]
  /** Members whose power alone changes, ascending by node key. */
  readonly changed: readonly { readonly key: Uint8Array; readonly power: number }[]
  /** Members that join, or whose vote key is another, ascending by node key. */
  readonly added: readonly Validator[]
}

const same = (a: Validator, b: Validator): boolean => equalBytes(a.bls, b.bls) && equalBytes(a.pop, b.pop)

/** The one delta between two sets, both in the order of their node keys. */
export function powerDelta(from: readonly Validator[], to: readonly Validator[]): PowerDelta {
  const removed: Uint8Array[] = []
  const changed: { key: Uint8Array; power: number }[] = []
  const added: Validator[] = []
  let i = 0
  let j = 0
  while (i < from.length || j < to.length) {
    const [a, b] = [from[i], to[j]]
    const order = a === undefined ? 1 : b === undefined ? -1 : compareBytes(a.key, b.key)
    if (order < 0) removed.push((a as Validator).key)
    else if (order > 0) added.push(b as Validator)
    else if (!same(a as Validator, b as Validator)) added.push(b as Validator)
    else if (a?.power !== b?.power) changed.push({ key: (b as Validator).key, power: (b as Validator).power })
    if (order <= 0) i++
    if (order >= 0) j++
  }
  return { removed, changed, added }
}

function mustAscend(keys: readonly Uint8Array[], what: string): void {
  for (let i = 1; i < keys.length; i++) {
    if (compareBytes(keys[i - 1] as Uint8Array, keys[i] as Uint8Array) >= 0)
      throw new UtnetError('chain_invalid', `power delta: ${what} are not in the order of their keys`)
  }
}

/**
 * The set that a delta makes of another, in the order of node keys. Throws `chain_invalid` for a delta that does not fit: out of order, of a key that is not
 * in the set, a power of zero, or a change that changes nothing. Whether the result is the one committed, its root tells (`powerRoot`); whether the keys that join may be
 * trusted, `verifyValidator`.
 */
export function applyPowerDelta(set: readonly Validator[], delta: PowerDelta): Validator[] {
  const refuse = (why: string): UtnetError => new UtnetError('chain_invalid', `power delta: ${why}`)
  mustAscend(delta.removed, 'members that leave')
  mustAscend(
    delta.changed.map((c) => c.key),
    'members that change',
  )
  mustAscend(
    delta.added.map((v) => v.key),
    'members that join',
  )
  if ([...delta.changed, ...delta.added].some((v) => !Number.isSafeInteger(v.power) || v.power < 1))
    throw refuse('a power is not above zero')
  const out: Validator[] = []
  let [r, c, a] = [0, 0, 0]
  for (const member of set) {
    while (a < delta.added.length && compareBytes((delta.added[a] as Validator).key, member.key) < 0)
      out.push(delta.added[a++] as Validator)
    const replaced = a < delta.added.length && equalBytes((delta.added[a] as Validator).key, member.key)
    const gone = r < delta.removed.length && equalBytes(delta.removed[r] as Uint8Array, member.key)
    const change = c < delta.changed.length && equalBytes(delta.changed[c]?.key as Uint8Array, member.key) ? delta.changed[c] : undefined
    if (Number(replaced) + Number(gone) + Number(change !== undefined) > 1) throw refuse('a member stands in it twice')
    if (replaced) {
      const joins = delta.added[a++] as Validator
      if (same(joins, member)) throw refuse('a member joins that is in the set')
      out.push(joins)
    } else if (gone) r++
    else if (change !== undefined) {
      if (change.power === member.power) throw refuse('a change changes nothing')
      out.push({ ...member, power: change.power })
      c++
    } else out.push(member)
  }
  out.push(...delta.added.slice(a))
  if (r < delta.removed.length || c < delta.changed.length) throw refuse('it names a member that is not in the set')
  if (out.length === 0) throw refuse('nobody is left')
  if (out.length > LIMITS.powerNodes) throw refuse(`${out.length} members are over the limit powerNodes of ${LIMITS.powerNodes}`)
  return out
}

/** Canonical bytes of a delta. */
export function encodePowerDelta(d: PowerDelta): Uint8Array {
  return encode([1, [...d.removed], d.changed.map((c): Cbor => [c.key, c.power]), d.added.map(validatorCbor)])
}

/** The delta of its bytes; whether it fits, `applyPowerDelta` says. */
export function decodePowerDelta(bytes: Uint8Array): PowerDelta {
  const l = asArray(decode(bytes, 'power delta', LIMITS.powerDeltaBytes), 'power delta', 4)
  if (l[0] !== 1) throw new UtnetError('core_not_canonical', 'power delta of an unknown version')
  return {
    removed: asArray(l[1], 'removed').map((key) => asBytes(key, 'node key', 32)),
    changed: asArray(l[2], 'changed').map((item) => {
      const c = asArray(item, 'change', 2)
      return { key: asBytes(c[0], 'node key', 32), power: asUint(c[1], 'power') }
    }),
    added: asArray(l[3], 'added').map(readValidator),
  }
}
