import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { digest, encode } from '../core/index.ts'
import { receiptOf } from './testing/kit.ts'
import { catchRate, drawOperators, isPicked, weightOf } from './index.ts'

const beaconOf = (i: number): Uint8Array => digest('test-beacon', encode([i]))

/** Pearson's statistic. */
const chiSquare = (seen: readonly number[], expected: readonly number[]): number =>
  seen.reduce((sum, n, i) => sum + (n - (expected[i] as number)) ** 2 / (expected[i] as number), 0)

describe('U2.3-PIEE-2 a beacon picks receipts and operators', () => {
  test('a receipt is picked or not whatever others there are, and at the rate', () => {
    const receipts = Array.from({ length: 20_000 }, (_, i) => receiptOf(`r${i}`))
    const picked = receipts.filter((receipt) => isPicked(beaconOf(1), receipt, 100_000))
    // 10 % of 20,000: sigma is 42
    expect(Math.abs(picked.length - 2000)).toBeLessThan(4 * 42)
    const other = receipts.filter((receipt) => isPicked(beaconOf(2), receipt, 100_000))
    // two beacons agree on one in a hundred: sigma is 14
    expect(Math.abs(picked.filter((receipt) => other.includes(receipt)).length - 200)).toBeLessThan(4 * 14)
    expect(receipts.filter((receipt) => isPicked(beaconOf(1), receipt, 0))).toEqual([])
    expect(receipts.filter((receipt) => isPicked(beaconOf(1), receipt, 1_000_000)).length).toBe(receipts.length)
  })

  test('operators are drawn by their cost (chi-square over 11 classes, 10^-4)', () => {
    const costs = [0, 1, 5, 10, 50, 100, 500, 1000, 1000, 2000, 334]
    const draws = 40_000
    const seen = costs.map(() => 0)
    for (let i = 0; i < 10; i++)
      for (const entry of drawOperators(beaconOf(i), receiptOf('draws'), costs, draws / 10)) seen[entry] = (seen[entry] as number) + 1
    const total = costs.reduce((sum, cost) => sum + weightOf(cost), 0)
    // the three smallest in one class, so that every one expects more than five
    const group = (of: readonly number[]): number[] => [of.slice(0, 3).reduce((a, b) => a + b, 0), ...of.slice(3)]
    const expected = group(costs.map((cost) => (draws * weightOf(cost)) / total))
    // 8 degrees of freedom
    expect(chiSquare(group(seen), expected)).toBeLessThan(31.83)
  })

  test('draws do not hang on each other: what the first gave says nothing about the second', () => {
    const table = [0, 0, 0, 0]
    for (let i = 0; i < 8000; i++) {
      const [a, b] = drawOperators(beaconOf(i), receiptOf('pairs'), [1, 1], 2) as [number, number]
      table[a * 2 + b] = (table[a * 2 + b] as number) + 1
    }
    expect(chiSquare(table, [2000, 2000, 2000, 2000])).toBeLessThan(21.11)
  })

  test('the share of draws that find a wrong entry is the formula', () => {
    const costs = [7, 1, 30, 12, 50]
    const wrong = [1, 3]
    const rate = catchRate(costs, wrong, 3)
    expect(rate).toBeCloseTo(1 - (1 - 0.13) ** 3, 12)
    let caught = 0
    const tries = 5000
    for (let i = 0; i < tries; i++)
      if (drawOperators(beaconOf(i), receiptOf('rate'), costs, 3).some((entry) => wrong.includes(entry))) caught++
    expect(Math.abs(caught - tries * rate)).toBeLessThan(4 * Math.sqrt(tries * rate * (1 - rate)))
  })

  test('always within the trace; the same for the same beacon, another for another', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(), { minLength: 1, maxLength: 40 }), fc.nat(), (costs, i) => {
        const drawn = drawOperators(beaconOf(i), receiptOf('x'), costs, 20)
        expect(drawn.every((entry) => entry >= 0 && entry < costs.length)).toBe(true)
        expect(drawOperators(beaconOf(i), receiptOf('x'), costs, 20)).toEqual(drawn)
        // a prefix of the draws is what fewer draws give
        expect(drawOperators(beaconOf(i), receiptOf('x'), costs, 5)).toEqual(drawn.slice(0, 5))
      }),
    )
  })

  test('bad arguments', () => {
    const bad = { code: 'core_bad_argument' }
    expect(() => isPicked(new Uint8Array(31), receiptOf('x'), 1)).toThrow(expect.objectContaining(bad))
    for (const rate of [-1, 1_000_001, 0.5, Number.NaN])
      expect(() => isPicked(beaconOf(0), receiptOf('x'), rate)).toThrow(expect.objectContaining(bad))
    for (const costs of [[], [-1], [1.5], [Number.MAX_SAFE_INTEGER, 1]])
      expect(() => drawOperators(beaconOf(0), receiptOf('x'), costs, 1)).toThrow(expect.objectContaining(bad))
  })
})
