import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { LIMITS, type ArithmeticClass } from '../core/index.ts'
import { placements, pricesOf, type Candidate } from './dispatch.ts'

const candidate = fc.record({
  class: fc.constantFrom('exact' as const, 'bounded' as const, 'unchecked' as const),
  price: fc.integer({ min: 1, max: 5 }),
  atWork: fc.nat(5),
  takes: fc.boolean(),
})
const candidates = fc.array(candidate, { maxLength: 8 })
const arithmetic = fc.constantFrom<ArithmeticClass>('any', 'bounded', 'exact')
const RANK = { exact: 0, bounded: 1, any: 2, unchecked: 2 } as const

test('exactly the devices of the arithmetic asked for that take the model, each once', () => {
  fc.assert(
    fc.property(candidates, arithmetic, (list, asked) => {
      const found = placements(list, asked)
      expect(new Set(found).size).toBe(found.length)
      for (const c of list) expect(found.includes(c)).toBe(c.takes && RANK[c.class] <= RANK[asked])
    }),
  )
})

test('the first is the one that costs least, and of those the preferred; taking it away leaves the order of the rest', () => {
  fc.assert(
    fc.property(candidates, arithmetic, (list, asked) => {
      const found = placements(list, asked)
      const cost = ({ price, atWork }: Candidate): number => price + price * atWork
      for (const [i, c] of found.entries()) {
        for (const later of found.slice(i + 1)) {
          expect(cost(c)).toBeLessThanOrEqual(cost(later))
          if (cost(c) === cost(later)) expect(list.indexOf(c)).toBeLessThan(list.indexOf(later))
        }
      }
      expect(
        placements(
          list.filter((c) => c !== found[0]),
          asked,
        ),
      ).toEqual(found.slice(1))
      expect(placements([...list], asked)).toEqual(found)
    }),
  )
})

test('a run more, or a higher price, never brings a device forward', () => {
  fc.assert(
    fc.property(candidates, arithmetic, fc.nat(7), fc.boolean(), (list, asked, at, dearer) => {
      const c = list[at]
      if (c === undefined) return
      const worse: Candidate = { ...c, ...(dearer ? { price: c.price + 1 } : { atWork: c.atWork + 1 }) }
      const place = (all: readonly Candidate[], which: Candidate): number => placements(all, asked).indexOf(which)
      expect(place(list.with(at, worse as typeof c), worse)).toBeGreaterThanOrEqual(place(list, c))
    }),
  )
})

test('an arithmetic that is none is refused, and so are prices', () => {
  const bad = expect.objectContaining({ code: 'core_bad_argument' })
  for (const asked of ['best', '__proto__', '', 7]) expect(() => placements([], asked as ArithmeticClass)).toThrow(bad)
  const devices = [{ id: 'a' }, { id: 'b' }]
  for (const price of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY]) expect(() => pricesOf(devices, { a: price })).toThrow(bad)
  expect(() => pricesOf(devices, { c: 1 })).toThrow(bad)
  expect(pricesOf(devices, { b: LIMITS.devicePrice }).get('b')).toBe(LIMITS.devicePrice)
  expect(() => pricesOf(devices, { b: LIMITS.devicePrice + 1 })).toThrow(expect.objectContaining({ limit: 'devicePrice' }))
})
