import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  applyPowerDelta,
  compareBytes,
  decodePowerDelta,
  encodePowerDelta,
  isUtnetError,
  LIMITS,
  powerDelta,
  powerRoot,
  sha256,
  utf8,
  type PowerDelta,
  type Validator,
} from '../index.ts'

const member = (n: number, power: number, vote = n): Validator => ({
  key: sha256(utf8(`key ${n}`)),
  bls: new Uint8Array(48).fill(vote),
  pop: new Uint8Array(96).fill(vote),
  power,
})
const inOrder = (set: readonly Validator[]): Validator[] => set.toSorted((a, b) => compareBytes(a.key, b.key))

const set = fc
  .uniqueArray(fc.record({ n: fc.nat(12), power: fc.integer({ min: 1, max: 4 }), vote: fc.nat(1) }), {
    selector: (v) => v.n,
    minLength: 1,
    maxLength: 13,
  })
  .map((list) => inOrder(list.map(({ n, power, vote }) => member(n, power, n + 100 * vote))))

test('a delta takes any set to any other, through its bytes', () => {
  fc.assert(
    fc.property(set, set, (a, b) => {
      const delta = powerDelta(a, b)
      const got = applyPowerDelta(a, decodePowerDelta(encodePowerDelta(delta)))
      expect(powerRoot(got)).toEqual(powerRoot(b))
      const same = powerDelta(a, a)
      expect([same.removed, same.changed, same.added]).toEqual([[], [], []])
    }),
    { numRuns: 300 },
  )
})

test('a delta on another set gives the named root or is refused: a stale table never passes for the right one', () => {
  fc.assert(
    fc.property(set, set, set, (a, b, other) => {
      try {
        const got = applyPowerDelta(other, powerDelta(a, b))
        expect(got.map((v) => v.key)).toEqual(inOrder(got).map((v) => v.key))
        expect(new Set(got.map((v) => v.key.join())).size).toBe(got.length)
      } catch (error) {
        expect(isUtnetError(error, 'chain_invalid')).toBe(true)
      }
    }),
    { numRuns: 300 },
  )
})

test('each way in which a delta can be wrong is refused', () => {
  const all = inOrder([1, 2, 3, 4].map((n) => member(n, 5)))
  const [a, b, c] = all as [Validator, Validator, Validator, Validator]
  const none: PowerDelta = { removed: [], changed: [], added: [] }
  const joins = member(9, 1)
  const wrong: readonly [Partial<PowerDelta>, RegExp][] = [
    [{ removed: [b.key, a.key] }, /order/],
    [{ removed: [a.key, a.key] }, /order/],
    [{ removed: [joins.key] }, /not in the set/],
    [{ removed: all.map((v) => v.key) }, /nobody/],
    [{ changed: [{ key: joins.key, power: 2 }] }, /not in the set/],
    [{ changed: [{ key: a.key, power: 5 }] }, /changes nothing/],
    [{ changed: [{ key: a.key, power: 0 }] }, /above zero/],
    [{ changed: [b, a] }, /order/],
    [{ added: [a] }, /joins that is in the set/],
    [{ added: [{ ...joins, power: 0 }] }, /above zero/],
    [{ added: [joins, joins] }, /order/],
    [{ removed: [a.key], changed: [{ key: a.key, power: 2 }] }, /twice/],
    [{ removed: [c.key], added: [{ ...c, bls: joins.bls }] }, /twice/],
  ]
  for (const [part, why] of wrong) expect(() => applyPowerDelta(all, { ...none, ...part }), JSON.stringify(part)).toThrow(why)
  expect(applyPowerDelta(all, { ...none, added: [{ ...c, bls: joins.bls }] })).toHaveLength(4)
})

test('the limits of a delta: at the limit, and one over', () => {
  const many = inOrder(Array.from({ length: LIMITS.powerNodes + 1 }, (_, n) => member(n, 1, 7)))
  const [first, ...rest] = many as [Validator, ...Validator[]]
  expect(applyPowerDelta([first], { removed: [], changed: [], added: rest.slice(1) })).toHaveLength(LIMITS.powerNodes)
  expect(() => applyPowerDelta([first], { removed: [], changed: [], added: rest })).toThrow(/powerNodes/)
  // the largest there is: all leave and as many join
  const other = inOrder(Array.from({ length: LIMITS.powerNodes }, (_, n) => member(-1 - n, LIMITS.foundingPower, 7)))
  const largest = encodePowerDelta(powerDelta(many.slice(1), other))
  expect(largest.length).toBeLessThan(LIMITS.powerDeltaBytes)
  expect(decodePowerDelta(largest).added).toHaveLength(LIMITS.powerNodes)
  expect(() => decodePowerDelta(new Uint8Array(LIMITS.powerDeltaBytes + 1))).toThrow(/over the limit/)
})
