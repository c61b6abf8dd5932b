import fc from 'fast-check'
import { expect, test } from 'vitest'
import { checkMany } from './check-many.ts'

const run = (bad: readonly boolean[]): { readonly good: boolean[]; readonly calls: number; readonly items: number } => {
  let calls = 0
  let items = 0
  const good = checkMany(bad, (some) => {
    calls++
    items += some.length
    return !some.includes(true)
  })
  return { good, calls, items }
}

test('each bad one is named and no other, for any that are bad', () => {
  fc.assert(
    fc.property(fc.array(fc.boolean(), { maxLength: 70 }), (bad) => {
      expect(run(bad).good).toEqual(bad.map((b) => !b))
    }),
  )
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 800 }), fc.array(fc.nat(799), { maxLength: 12 }), (n, at) => {
      const bad = Array.from({ length: n }, (_, i) => at.includes(i))
      expect(run(bad).good).toEqual(bad.map((b) => !b))
    }),
  )
})

test('what liars cost: one check where there are none, two a halving for each bad one, and for many bad ones little more than one by one', () => {
  for (const n of [1, 2, 15, 16, 17, 667, 1_000]) {
    const levels = Math.ceil(Math.log2(n)) + 1
    expect(run(Array.from({ length: n }, () => false)).calls).toBe(1)
    for (const at of [0, n >> 1, n - 1]) expect(run(Array.from({ length: n }, (_, i) => i === at)).calls).toBeLessThanOrEqual(2 * levels)
    for (const every of [1, 2, 3, 10, 16]) {
      const { calls, items } = run(Array.from({ length: n }, (_, i) => i % every === 0))
      expect(calls).toBeLessThanOrEqual(n + levels + Math.ceil(n / 16))
      // the batches that fail in vain hold each vote a few times
      expect(items).toBeLessThanOrEqual(n * (levels + 1))
    }
  }
  expect(run([])).toEqual({ good: [], calls: 0, items: 0 })
})
