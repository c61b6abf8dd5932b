import fc from 'fast-check'
import { expect, test } from 'vitest'
import { LIMITS } from '../../core/index.ts'
import { holdsHonest, isQuorum } from './quorum.ts'

/** The most that a set has: founding power, and as many units of chips as nobody registers. */
const MOST = LIMITS.foundingPower * 3
const total = fc.oneof(fc.integer({ min: 1, max: 100 }), fc.integer({ min: MOST - 100, max: MOST }), fc.integer({ min: 1, max: MOST }))

test('C23 a quorum is more than two thirds and an honest share more than one, exactly, up to the most power that a set has', () => {
  expect(Number.isSafeInteger(MOST * 3)).toBe(true)
  fc.assert(
    fc.property(total, fc.integer({ min: -2, max: 2 }), fc.boolean(), (all, beside, two) => {
      const part = Math.floor((all * (two ? 2 : 1)) / 3) + beside
      if (part < 0 || part > all) return
      expect(isQuorum(part, all)).toBe(3n * BigInt(part) > 2n * BigInt(all))
      expect(holdsHonest(part, all)).toBe(3n * BigInt(part) > BigInt(all))
      // two of them share more than a third
      if (isQuorum(part, all)) expect(holdsHonest(2 * part - all, all)).toBe(true)
    }),
    { numRuns: 2_000 },
  )
})
