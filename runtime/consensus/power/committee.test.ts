import { expect, test } from 'vitest'
import { compareBytes, sha256, totalPower, utf8, type Validator } from '../../core/index.ts'
import { drawCommittee, SAMPLED_FROM } from './committee.ts'
import { setOf } from './line.ts'

/** Nodes in the order of their keys; `power(i)` each. */
function line(n: number, power: (i: number) => number): Validator[] {
  return Array.from({ length: n }, (_, i) => sha256(utf8(`member ${i}`)))
    .sort(compareBytes)
    .map((key, i) => ({ key, bls: new Uint8Array(48), pop: new Uint8Array(96), power: power(i) }))
}

const SEED = sha256(utf8('seed'))

/** P[a third or more of `seats` fall to a share of the power]: the tail of the binomial, in logarithms. */
function capture(seats: number, share: number): number {
  const logs = [0]
  for (let i = 1; i <= seats; i++) logs.push((logs[i - 1] as number) + Math.log(i))
  let p = 0
  for (let k = Math.ceil(seats / 3); k <= seats; k++) {
    const ways = (logs[seats] as number) - (logs[k] as number) - (logs[seats - k] as number)
    p += Math.exp(ways + k * Math.log(share) + (seats - k) * Math.log(1 - share))
  }
  return p
}

test('the stated bound: a thousand seats hold against a quarter of the power, not against three tenths', () => {
  const figures = [
    [256, 0.2, 2.4e-7],
    [512, 0.2, 8.5e-13],
    [1_000, 0.2, 2.3e-23],
    [256, 0.25, 1.3e-3],
    [512, 0.25, 1.3e-5],
    [1_000, 0.25, 1.7e-9],
    [256, 0.3, 1.2e-1],
    [512, 0.3, 5.3e-2],
    [1_000, 0.3, 1.1e-2],
  ] as const
  for (const [seats, share, p] of figures) {
    expect(capture(seats, share) / p).toBeGreaterThan(0.9)
    expect(capture(seats, share) / p).toBeLessThan(1.1)
  }
  // a hundred years of epochs of ten minutes
  expect(capture(1_000, 0.25) * 100 * 365.25 * 144).toBeLessThan(0.01)
})

test('a committee has as many seats as asked for, in the order of the line, the same for all', () => {
  const all = line(400, (i) => 1 + (i % 7))
  const committee = drawCommittee(all, 1_000, SEED, 5)
  expect(totalPower(committee)).toBe(1_000)
  expect(committee.map((v) => v.key)).toEqual(committee.map((v) => v.key).toSorted(compareBytes))
  expect(drawCommittee(all, 1_000, SEED, 5)).toEqual(committee)
  expect(drawCommittee(all, 1_000, SEED, 6)).not.toEqual(committee)
  expect(drawCommittee(all, 1_000, sha256(SEED), 5)).not.toEqual(committee)
  expect(() => drawCommittee([], 1_000, SEED, 5)).toThrow(/without power/)
})

test('U2.5-VRF-2 seats are drawn in proportion to power', () => {
  const all = line(10, (i) => i + 1)
  const draws = 200
  const seats = 1_000
  const counts = all.map(() => 0)
  for (let epoch = 0; epoch < draws; epoch++) {
    for (const v of drawCommittee(all, seats, SEED, epoch)) {
      const at = all.findIndex((w) => w.key === v.key)
      counts[at] = (counts[at] as number) + v.power
    }
  }
  const chi = all.reduce((x, { power }, i) => {
    const expected = (draws * seats * power) / totalPower(all)
    return x + ((counts[i] as number) - expected) ** 2 / expected
  }, 0)
  expect(chi).toBeLessThan(27.9) // p = 0.001 at 9 degrees of freedom; the draw is fixed
})

test('a committee is drawn only where there are more than 300 nodes and the genesis says so', () => {
  const rules = { committeeSeats: 1_000 }
  const few = line(SAMPLED_FROM, () => 3)
  expect(setOf(few, rules, SEED, 1)).toBe(few)
  const many = line(SAMPLED_FROM + 1, () => 3)
  expect(totalPower(setOf(many, rules, SEED, 1))).toBe(1_000)
  expect(setOf(many, { committeeSeats: 0 }, SEED, 1)).toBe(many)
})
