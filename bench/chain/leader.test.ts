import { expect, test } from 'vitest'
import { useNativeHashes } from '../../runtime/crypto/native.ts'
import { withholding } from './leader.ts'

useNativeHashes()

/** Leaders in a row at the start of a height: k with p^(k-1) (1-p). One of them suits with 1 - (1-p)^k; led heights q = (1-q) p + q E. */
function expected(p: number): number {
  const E = 1 - (1 - p) ** 2 / (1 - p * (1 - p))
  return p / (1 - E + p)
}

test.each([20, 33])(
  'withholding by %i nodes of 100 gains what the formula says, and less than nothing where a late block earns half',
  (bad) => {
    const heights = 20_000
    const p = bad / 100
    const fair = withholding(heights, false, bad)
    const grinds = withholding(heights, true, bad)
    // The draws are the same in every run; four standard deviations are room for the nodes that are drawn twice in a row.
    const room = 4 * Math.sqrt((p * (1 - p)) / heights)
    expect(fair.skipped).toBe(0)
    expect(Math.abs(fair.share - p)).toBeLessThan(room)
    expect(Math.abs(grinds.share - expected(p))).toBeLessThan(room)
    expect(grinds.share).toBeGreaterThan(fair.share)
    // A round let pass is worth at most the chance that another seed suits.
    expect((grinds.share - fair.share) / grinds.skipped).toBeLessThan(p)
    expect(grinds.halved).toBeLessThan(fair.halved)
  },
)
