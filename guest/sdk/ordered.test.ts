import fc from 'fast-check'
import { beforeAll, expect, test } from 'vitest'
import { compareBytes, LIMITS, PARAMS, utf8 } from '../../runtime/core/index.ts'
import { testContract, type TestContract } from './testing/contract.ts'

const ORDERED = `
import { Amount, StorageOrderedMap, StorageSet } from '@utnet/sdk'
const texts = new StorageOrderedMap<string, u32>('texts')
const numbers = new StorageOrderedMap<i32, u32>('numbers')
const money = new StorageSet<Amount>('money')
export function set(key: string, value: u32): void { texts.set(key, value) }
export function remove(key: string): bool { return texts.remove(key) }
export function get(key: string): u32 { return texts.get(key) }
export function has(key: string): bool { return texts.has(key) }
export function size(): u32 { return texts.size }
export function keys(limit: i32, reverse: bool): Array<string> { const r: Array<string> = []; const e = texts.entries(limit, reverse); for (let i = 0; i < e.length; i++) r.push(e[i].key + '=' + e[i].value.toString()); return r }
export function between(from: string, to: string, limit: i32, reverse: bool): Array<string> { const r: Array<string> = []; const e = texts.range(from, to, limit, reverse); for (let i = 0; i < e.length; i++) r.push(e[i].key); return r }
export function putNumber(key: i32): void { numbers.add(key, 1) }
export function numbersBetween(from: i32, to: i32): Array<i32> { const r: Array<i32> = []; const e = numbers.range(from, to, 1000); for (let i = 0; i < e.length; i++) r.push(e[i].key); return r }
export function addMoney(n: Amount): bool { return money.add(n) }
export function dropMoney(n: Amount): bool { return money.remove(n) }
export function hasMoney(n: Amount): bool { return money.has(n) }
export function allMoney(): Array<Amount> { return money.values(1000) }
export function fill(from: i32, count: i32, step: i32): void { for (let i = 0; i < count; i++) numbers.set(from + i * step, 1) }
`

let c: TestContract
beforeAll(async () => {
  c = await testContract(ORDERED)
})

const byBytes = (a: string, b: string): number => compareBytes(utf8(a), utf8(b))

test('an ordered map does what a sorted list does, whatever comes in and goes out', () => {
  const key = fc.oneof(
    fc.nat(60).map((n) => `k${n}`),
    fc.string({ unit: 'grapheme', maxLength: 4 }),
  )
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.integer({ min: 0, max: 9 }), key, fc.nat(1_000)), { minLength: 60, maxLength: 160 }), (commands) => {
      c.env.state.clear()
      const model = new Map<string, number>()
      for (const [verb, k, v] of commands) {
        if (verb < 7) {
          c.ok('set', k, v)
          model.set(k, v)
        } else expect(c.ok('remove', k)).toBe(model.delete(k))
      }
      const sorted = [...model.keys()].toSorted(byBytes)
      const shown = sorted.map((k) => `${k}=${model.get(k)}`)
      expect(c.ok('size')).toBe(sorted.length)
      expect(c.ok('keys', 1_000, false)).toEqual(shown)
      expect(c.ok('keys', 7, true)).toEqual(shown.toReversed().slice(0, 7))
      for (const [, from] of commands.slice(0, 4)) {
        for (const [, to] of commands.slice(4, 7)) {
          const inside = sorted.filter((k) => byBytes(k, from) >= 0 && byBytes(k, to) < 0)
          expect(c.ok('between', from, to, 1_000, false)).toEqual(inside)
          expect(c.ok('between', from, to, 3, true)).toEqual(inside.toReversed().slice(0, 3))
        }
        expect(c.ok('has', from)).toBe(model.has(from))
        expect(c.ok('get', from)).toBe(model.get(from) ?? 0)
      }
      // emptied, nothing stays but the head
      for (const k of sorted) expect(c.ok('remove', k)).toBe(true)
      expect(c.env.state.size).toBe(model.size === 0 && c.env.state.size === 0 ? 0 : 1)
    }),
    { numRuns: 12 },
  )
}, 120_000)

test('signed integers and amounts stand in the order of their values', () => {
  c.env.state.clear()
  const numbers = [5, -1, 0, 2_147_483_647, -2_147_483_648, 77, -300]
  for (const n of numbers) c.ok('put-number', n)
  const inOrder = numbers.toSorted((a, b) => a - b)
  expect(c.ok('numbers-between', -2_147_483_648, 2_147_483_647)).toEqual(inOrder.slice(0, -1))
  const sums = ['1', '18446744073709551616', '256', '0', '18446744073709551615', '340282366920938463463374607431768211455']
  for (const n of sums) expect(c.ok('add-money', n)).toBe(true)
  expect(c.ok('add-money', '256')).toBe(false)
  expect(c.ok('all-money')).toEqual(sums.toSorted((a, b) => (BigInt(a) < BigInt(b) ? -1 : 1)))
  expect([c.ok('drop-money', '256'), c.ok('drop-money', '256'), c.ok('has-money', '256'), c.ok('has-money', '0')]).toEqual([
    true,
    false,
    false,
    true,
  ])
})

test('a key of 64 bytes is taken, one of 65 refused', () => {
  c.ok('set', 'x'.repeat(64), 1)
  expect(c.refused('set', 'x'.repeat(65), 1)).toContain('at most 64 bytes')
})

test('U4.3-GAS-1: what one operation costs grows with the logarithm of the size', () => {
  c.env.state.clear()
  const worst: number[] = []
  let filled = 0
  for (const size of [10, 100, 1_000, 10_000]) {
    while (filled < size) {
      // An insert writes the head, the cell and a node, and with a split three nodes: as many as surely fit a call
      const count = Math.min(Math.floor(LIMITS.callGas / (8 * PARAMS.host.storageWrite)), size - filled)
      c.ok('fill', filled, count, 1)
      filled += count
    }
    let most = 0
    for (let i = 0; i < 40; i++) most = Math.max(most, Number(c.run('put-number', 1_000_000 - size - i).gas))
    filled += 0
    worst.push(most)
  }
  const [small = 0, , , large = 0] = worst
  // a thousand times the size: at most three levels more, each at most one node read and two written, beside their bytes and what is computed
  const { storageRead, storageWrite } = PARAMS.host
  expect(large).toBeLessThan(small + 3 * (storageRead + 2 * storageWrite + 180_000))
}, 120_000)
