import fc from 'fast-check'
import { expect, test } from 'vitest'
import { LIMITS, PARAMS, offeredFee } from '../../../core/index.ts'
import { nextBaseFee } from './base-fee.ts'

const FLOOR = PARAMS.baseFee
const TARGET = BigInt(PARAMS.fees.target)
const FULL = BigInt(LIMITS.blockGas)
const next = (fee: bigint, gas: bigint): bigint => nextBaseFee(fee, gas, PARAMS)

const fee = fc.bigInt({ min: FLOOR, max: 1n << 100n })
const gas = fc.bigInt({ min: 0n, max: FULL })

test('U4.3-GAS-1 the base fee by hand: at the target it stays, a full block adds an eighth, an empty one takes it off, down to its least', () => {
  expect(TARGET * 2n).toBe(FULL)
  expect([0n, 1n, TARGET, TARGET + 1n, FULL].map((g) => next(FLOOR, g))).toEqual([FLOOR, FLOOR, FLOOR, FLOOR + 1n, 1_125_000_000n])
  expect([0n, TARGET / 2n, TARGET, (TARGET * 3n) / 2n, FULL].map((g) => next(8_000_000_000n, g))).toEqual([
    7_000_000_000n,
    7_500_000_000n,
    8_000_000_000n,
    8_500_000_000n,
    9_000_000_000n,
  ])
  // 1,000,000,007 * 123,456,789 / 300,000,000 / 8, each division rounded down
  expect(next(1_000_000_007n, TARGET + 123_456_789n)).toBe(1_000_000_007n + 51_440_329n)
})

test('U4.3-GAS-1 the base fee moves by at most an eighth, in the direction of the gas, and never below its least', () => {
  fc.assert(
    fc.property(fee, gas, gas, (f, g, h) => {
      const n = next(f, g)
      expect(n >= FLOOR).toBe(true)
      expect(n <= f + f / 8n + 1n && n >= f - f / 8n - 1n).toBe(true)
      if (g > TARGET) expect(n > f).toBe(true)
      else expect(n <= f).toBe(true)
      if (g <= h) expect(n <= next(f, h)).toBe(true)
    }),
    { numRuns: 300 },
  )
})

test('what a sender offers where it chooses nothing covers five full blocks', () => {
  let now = FLOOR
  for (let block = 0; block < 5; block++) now = next(now, FULL)
  expect(now <= offeredFee(FLOOR)).toBe(true)
  expect(next(now, FULL) > offeredFee(FLOOR)).toBe(true)
})
