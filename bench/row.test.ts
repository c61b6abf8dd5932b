import fc from 'fast-check'
import { expect, test } from 'vitest'
import { median, ratioOf, rowOf } from './row.ts'

const figures = fc.array(fc.double({ min: 1e-3, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 40 })

test('median: half of the values lie on either side, order does not matter, the input stays as it is', () => {
  expect(median([5, 1, 3])).toBe(3)
  expect(median([4, 1, 3, 2])).toBe(2.5)
  fc.assert(
    fc.property(figures, (values) => {
      const before = [...values]
      const m = median(values)
      expect(values).toEqual(before)
      expect(values.filter((v) => v < m).length).toBeLessThanOrEqual(values.length / 2)
      expect(values.filter((v) => v > m).length).toBeLessThanOrEqual(values.length / 2)
      expect(median(values.toReversed())).toBe(m)
    }),
  )
})

test('a row: median, spread, and the verdict of its bar', () => {
  const measured = { id: 'main.x', row: 'x', unit: 'ms', values: [3, 1, 2] }
  expect(rowOf('main', measured)).toEqual({
    area: 'main',
    id: 'main.x',
    row: 'x',
    value: 2,
    unit: 'ms',
    peer: null,
    bar: null,
    pass: null,
    runs: 3,
    spread: [1, 3],
  })
  expect(rowOf('main', { ...measured, atMost: 2 })).toMatchObject({ bar: '<= 2', pass: true })
  expect(rowOf('main', { ...measured, atMost: 1.999 })).toMatchObject({ bar: '<= 1.999', pass: false })
  expect(rowOf('main', { ...measured, atLeast: 2.001 })).toMatchObject({ bar: '>= 2.001', pass: false })
})

test('a ratio is that of the medians; its spread that of the pairs, and holds every pair', () => {
  const row = ratioOf('main', { id: 'main.r', row: 'r', peer: 'p', ours: [10, 20, 60], theirs: [10, 10, 20], atMost: 2 })
  expect(row).toMatchObject({ value: 2, unit: 'x', peer: 'p', pass: true, runs: 3, spread: [1, 3] })
  fc.assert(
    fc.property(figures, fc.double({ min: 0.01, max: 100, noNaN: true }), (theirs, factor) => {
      const ours = theirs.map((t) => t * factor)
      const { value, spread } = ratioOf('main', { id: 'main.r', row: 'r', peer: 'p', ours, theirs })
      for (const figure of [value, ...spread]) expect(Math.abs(figure / factor - 1)).toBeLessThan(1e-3)
    }),
  )
})

test('a row without figures is an error and not a zero', () => {
  expect(() => rowOf('main', { id: 'main.x', row: 'x', unit: 'ms', values: [] })).toThrow('main.x')
  expect(() => rowOf('main', { id: 'main.x', row: 'x', unit: 'ms', values: [1, Number.NaN] })).toThrow('main.x')
  expect(() => ratioOf('main', { id: 'main.r', row: 'r', peer: 'p', ours: [1], theirs: [1, 2] })).toThrow('1 runs against 2')
})
