import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { challengeSeed, checkProduct, type IntegerProduct } from './index.ts'

const side = fc.integer({ min: 1, max: 9 })
const values = (count: number) => fc.array(fc.integer({ min: -255, max: 255 }), { minLength: count, maxLength: count })

const products = fc.tuple(side, side, side).chain(([m, k, n]) =>
  fc.tuple(values(m * k), values(k * n)).map(([a, b]): IntegerProduct => {
    const c = new Int32Array(m * n)
    for (let i = 0; i < m; i++)
      for (let j = 0; j < n; j++)
        for (let s = 0; s < k; s++) c[i * n + j] = (c[i * n + j] as number) + (a[i * k + s] as number) * (b[s * n + j] as number)
    return { m, k, n, a: Int16Array.from(a), b: Int16Array.from(b), c }
  }),
)
const seedOf = (i: number): Uint8Array => challengeSeed(['test', i])

describe('U2.2-VIE-2 Freivalds: a product is checked for less than it costs', () => {
  test('a right product passes under every challenge', () => {
    fc.assert(
      fc.property(products, fc.nat(), (product, i) => {
        expect(checkProduct(product, seedOf(i))).toBe(true)
      }),
    )
  })

  test('any one changed cell is caught, by whatever it changed', () => {
    fc.assert(
      fc.property(
        products,
        fc.nat(),
        fc.nat(),
        fc.oneof(fc.integer({ min: 1, max: 3 }), fc.integer({ min: -(2 ** 31), max: -1 })),
        (product, i, cell, by) => {
          const c = Int32Array.from(product.c)
          const at = cell % c.length
          c[at] = ((c[at] as number) + by) | 0
          expect(checkProduct({ ...product, c }, seedOf(i))).toBe(false)
        },
      ),
      { numRuns: 500 },
    )
  })

  test('errors that cancel in a sum of cells are caught too: rows that sum up to the same', () => {
    fc.assert(
      fc.property(products, fc.nat(), (product, i) => {
        if (product.n < 2) return
        const c = Int32Array.from(product.c)
        c[0] = (c[0] as number) + 7
        c[1] = (c[1] as number) - 7
        expect(checkProduct({ ...product, c }, seedOf(i))).toBe(false)
      }),
    )
  })

  test('at the ends of the range sums are exact: n = 4096 of 255 and the least i32', () => {
    const [m, k, n] = [2, 4096, 4096]
    const a = new Int16Array(m * k).fill(-255)
    const b = new Int16Array(k * n).fill(255)
    const c = new Int32Array(m * n).fill(-255 * 255 * 4096)
    const product = { m, k, n, a, b, c }
    expect(checkProduct(product, seedOf(1))).toBe(true)
    const off = Int32Array.from(c)
    off[m * n - 1] = -255 * 255 * 4096 + 1
    expect(checkProduct({ ...product, c: off }, seedOf(1))).toBe(false)
    expect(checkProduct({ ...product, c: new Int32Array(m * n).fill(-(2 ** 31)) }, seedOf(1))).toBe(false)
  })

  test('sides at the limit, and one over', () => {
    const bad = expect.objectContaining({ code: 'core_bad_argument' })
    const of = (m: number, k: number, n: number): IntegerProduct => ({
      m,
      k,
      n,
      a: new Int8Array(m * k),
      b: new Int8Array(k * n),
      c: new Int32Array(m * n),
    })
    // 33,025 products of 255 * 255 fit into i32, one more need not
    expect(checkProduct(of(1, 33_025, 1), seedOf(0))).toBe(true)
    expect(() => checkProduct(of(1, 33_026, 1), seedOf(0))).toThrow(bad)
    expect(checkProduct(of(1 << 20, 1, 1), seedOf(0))).toBe(true)
    expect(() => checkProduct(of((1 << 20) + 1, 1, 1), seedOf(0))).toThrow(bad)
    for (const sides of [
      [0, 1, 1],
      [1, 0, 1],
      [1, 1, 0],
      [1.5, 1, 1],
    ] as const)
      expect(() => checkProduct({ ...of(1, 1, 1), m: sides[0], k: sides[1], n: sides[2] }, seedOf(0))).toThrow(bad)
    expect(() => checkProduct({ ...of(2, 2, 2), c: new Int32Array(3) }, seedOf(0))).toThrow(bad)
  })

  test('a challenge hangs on all that it is about', () => {
    expect(challengeSeed(['a', 1])).not.toEqual(challengeSeed(['a', 2]))
    expect(challengeSeed([['a'], 1])).not.toEqual(challengeSeed(['a', [1]]))
  })
})
