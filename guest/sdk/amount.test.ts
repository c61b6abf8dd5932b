import fc from 'fast-check'
import { beforeAll, expect, test } from 'vitest'
import { testContract, type TestContract } from './testing/contract.ts'

const widths = ['u8', 'i8', 'u16', 'i16', 'u32', 'i32', 'u64', 'i64'] as const
const upper = (w: string): string => w.toUpperCase()
const ARITHMETIC = `
import { Amount, add, mul, sub, toHex } from '@utnet/sdk'
export function plus(a: Amount, b: Amount): Amount { return a + b }
export function minus(a: Amount, b: Amount): Amount { return a - b }
export function times(a: Amount, n: u64): Amount { return a.times(n) }
export function over(a: Amount, n: u64): string { return a.dividedBy(n).toString() + ' ' + a.remainder(n).toString() }
export function order(a: Amount, b: Amount): string { return [a < b, a <= b, a > b, a >= b, a == b, a != b].map<string>((x: bool) => x ? '1' : '0').join('') }
export function bytes(a: Amount): string { return toHex(a.toBytes()) + (Amount.fromBytes(a.toBytes()) == a ? '' : '!') }
export function unc(a: Amount): string { return a.toUnc() }
export function fromUnc(text: string): Amount { return Amount.parseUnc(text) }
export function whole(n: u64): Amount { return Amount.unc(n) }
export function list(a: Array<Amount>): Amount { let sum = Amount.ZERO; for (let i = 0; i < a.length; i++) sum = sum + a[i]; return sum }
export class Line { constructor(public to: string, public amount: Amount, public more: Amount | null) {} }
export function line(l: Line): Line { return new Line(l.to, l.amount + Amount.of(1), l.more) }
${widths
  .map((w) =>
    ['add', 'sub', 'mul'].map((op) => `export function ${op}${upper(w)}(a: ${w}, b: ${w}): ${w} { return ${op}(a, b) }`).join('\n'),
  )
  .join('\n')}
`

let c: TestContract
beforeAll(async () => {
  c = await testContract(ARITHMETIC)
})

const MAX = 2n ** 128n - 1n
const amount = fc.oneof(
  fc.bigInt({ min: 0n, max: MAX }),
  fc.bigInt({ min: 0n, max: 2n ** 65n }),
  fc.bigInt({ min: 0n, max: 1000n }).map((n) => MAX - n),
)
const word = fc.oneof(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), fc.bigInt({ min: 0n, max: 20n }))
/** As canonical WIT values have it. */
const int = (n: bigint): number | bigint => (n >= -(2n ** 53n) + 1n && n < 2n ** 53n ? Number(n) : n)

/** The result where it fits, else that the run reverts with the two in its message. */
function check(entry: string, args: readonly (string | number | bigint)[], fits: boolean, expected: string | number | bigint): void {
  if (fits) expect(c.ok(entry, ...args)).toEqual(expected)
  else expect(c.refused(entry, ...args)).toMatch(new RegExp(`^(overflow|insufficient): ${args[0]} [-+*] ${args[1]}$`))
}

test('amounts calculate as integers do, and end the call where 128 bits are too few or a debt would be left', () => {
  fc.assert(
    fc.property(amount, amount, word, (a, b, n) => {
      check('plus', [a.toString(), b.toString()], a + b <= MAX, (a + b).toString())
      check('minus', [a.toString(), b.toString()], a >= b, (a - b).toString())
      check('times', [a.toString(), int(n)], a * n <= MAX, (a * n).toString())
      if (n > 0n) expect(c.ok('over', a.toString(), int(n))).toBe(`${a / n} ${a % n}`)
      const order = [a < b, a <= b, a > b, a >= b, a === b, a !== b].map(Number).join('')
      expect(c.ok('order', a.toString(), b.toString())).toBe(order)
      expect(c.ok('order', a.toString(), a.toString())).toBe('010110')
      expect(c.ok('bytes', a.toString())).toBe(a.toString(16).padStart(32, '0'))
    }),
    { numRuns: 200 },
  )
  expect(c.refused('over', '1', 0)).toBe('division of an amount by zero')
})

test('an amount crosses the border as decimal digits and nothing else', () => {
  for (const text of ['', '-1', '01', '1.5', '1e3', '0x1', ' 1', '1 ', '٣', '340282366920938463463374607431768211456', '9'.repeat(40)])
    expect(c.run('plus', text, '0').status, text).toBe('refused')
  expect(c.refused('plus', 'abc', '0')).toBe('not an amount: abc')
  expect(c.ok('list', ['1', '2', MAX.toString()].slice(0, 2))).toBe('3')
  expect(c.ok('list', [])).toBe('0')
  expect(c.ok('line', ['a', '5', ['7']])).toEqual(['a', '6', ['7']])
  expect(c.ok('line', ['a', '5', []])).toEqual(['a', '6', []])
})

test('amounts in UNC are read and written with up to 18 decimals', () => {
  fc.assert(
    fc.property(amount, (a) => {
      const [whole, rest] = [a / 10n ** 18n, (a % 10n ** 18n).toString().padStart(18, '0').replace(/0+$/, '')]
      const text = rest === '' ? whole.toString() : `${whole}.${rest}`
      expect(c.ok('unc', a.toString())).toBe(text)
      expect(c.ok('from-unc', text)).toBe(a.toString())
    }),
    { numRuns: 100 },
  )
  expect(c.ok('from-unc', '0.050')).toBe('50000000000000000')
  expect(c.ok('whole', 3)).toBe('3000000000000000000')
  for (const bad of ['1.', '.5', '1.0000000000000000001', '1,5', '1.-5', '1.2.3', ''])
    expect(c.run('from-unc', bad).status, bad).toBe('refused')
})

test.each(widths)('add, sub and mul of %s are checked', (w) => {
  const bits = BigInt(w.slice(1))
  const [least, most] = w.startsWith('u') ? [0n, 2n ** bits - 1n] : [-(2n ** (bits - 1n)), 2n ** (bits - 1n) - 1n]
  const edge = fc.constantFrom(least, least + 1n, most, most - 1n, 0n, 1n, ...(least < 0n ? [-1n, -2n] : []), 2n)
  const value = fc.oneof(edge, fc.bigInt({ min: least, max: most }))
  fc.assert(
    fc.property(value, value, (a, b) => {
      for (const [op, exact] of [
        ['add', a + b],
        ['sub', a - b],
        ['mul', a * b],
      ] as const) {
        check(`${op}-${w}`, [int(a), int(b)], exact >= least && exact <= most, int(exact))
      }
    }),
    { numRuns: 150 },
  )
})
