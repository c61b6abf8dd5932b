import fc from 'fast-check'
import { expect, test } from 'vitest'
import { compareBytes, NO_KEYS, sha256, totalPower, utf8, type NodePower } from '../../core/index.ts'
import { powerLine, type Entrant } from './line.ts'

const keyOf = (n: number): Uint8Array => sha256(utf8(`node ${n}`))

function entrant(n: number, power: Partial<NodePower>): Entrant {
  const whole = { from: 0, founding: 0, certified: 0, software: 0, units: 0, aggregate: NO_KEYS, active: true, ...power }
  return { key: keyOf(n), bls: new Uint8Array(48).fill(n), pop: new Uint8Array(96), power: whole }
}

/** Powers by node, in the order given. */
function powers(list: readonly Partial<NodePower>[], level0Share: number): number[] {
  const line = powerLine(
    list.map((p, i) => entrant(i, p)),
    { level0Share },
  )
  return list.map((_, i) => line.find((v) => compareBytes(v.key, keyOf(i)) === 0)?.power ?? 0)
}

test('U2.5-PWR-1 a unit for each certified chip and of founding power, and for each chip of level 0 that a bond pays for', () => {
  const list = [
    { founding: 3 },
    { certified: 5, founding: 1 },
    { software: 4, units: 10 },
    { software: 9, units: 2 },
    { software: 7 },
    { certified: 8, active: false },
    {},
  ]
  expect(powers(list, 1_000)).toEqual([3, 6, 4, 2, 0, 0, 0])
})

test('level 0 has at most its share of all power: at the share, and one over', () => {
  const hard = { founding: 900 }
  const soft = (n: number) => ({ software: n, units: n })
  // a tenth of 1,000
  expect(powers([hard, soft(100)], 100)).toEqual([900, 100])
  expect(powers([hard, soft(101)], 100)).toEqual([900, 100])
  expect(powers([hard, soft(60), soft(40)], 100)).toEqual([900, 60, 40])
  // cut in proportion and rounded down
  expect(powers([hard, soft(300), soft(100)], 100)).toEqual([900, 75, 25])
  expect(powers([hard, soft(2), soft(199)], 100)).toEqual([900, 0, 99])
  expect(powers([hard, soft(5)], 0)).toEqual([900, 0])
  expect(powers([soft(5), soft(6)], 999)).toEqual([0, 0])
  expect(powers([soft(5), soft(6)], 1_000)).toEqual([5, 6])
})

test('U2.5-PWR-1 any nodes: the line is in the order of keys, exact without a share, never over it with one', () => {
  const node = fc.record({
    founding: fc.nat(50),
    certified: fc.oneof(fc.nat(50), fc.nat(2 ** 40)),
    software: fc.nat(500),
    units: fc.nat(500),
    active: fc.boolean(),
  })
  fc.assert(
    fc.property(fc.array(node, { maxLength: 12 }), fc.nat(1_000), (nodes, share) => {
      const line = powerLine(
        nodes.map((p, i) => entrant(i, p)),
        { level0Share: share },
      )
      expect(line.map((v) => v.key)).toEqual(line.map((v) => v.key).toSorted(compareBytes))
      const active = nodes.filter((n) => n.active)
      const hard = active.reduce((n, p) => n + p.founding + p.certified, 0)
      const soft = active.reduce((n, p) => n + Math.min(p.software, p.units), 0)
      const level0 = totalPower(line) - hard
      expect(BigInt(level0) * 1_000n <= BigInt(share) * BigInt(totalPower(line))).toBe(true)
      const fits = BigInt(soft) * 1_000n <= BigInt(share) * BigInt(hard + soft)
      if (fits) expect(level0).toBe(soft)
      // what rounding takes is less than a unit a node, and a unit of the whole
      else expect(BigInt(level0 + nodes.length + 1) * BigInt(1_000 - share) >= BigInt(share) * BigInt(hard)).toBe(true)
      nodes.forEach((p, i) => {
        const power = line.find((v) => compareBytes(v.key, keyOf(i)) === 0)?.power ?? 0
        const least = p.active ? p.founding + p.certified : 0
        expect(power >= least && power <= least + (p.active ? Math.min(p.software, p.units) : 0)).toBe(true)
      })
    }), { numRuns: 10000 },
  )
})
