import { beforeAll, expect, test } from 'vitest'
import fc from 'fast-check'
import { buildText, instantiateByJco, simulatedChain } from './testing/guests.ts'
import type { Exports } from './testing/guests.ts'

// every value type that an export may have, in both directions, through a host that is not ours
const SOURCE = `
import { Point } from './point'
export { Point }
type Amount = u64

export class Line {
  from: Point
  to: Point
  tags: Array<string>
  width: f32
  constructor(from: Point, to: Point, tags: Array<string>, width: f32) { this.from = from; this.to = to; this.tags = tags; this.width = width }
}

export function echoAmount(value: Amount): Amount { return value }
export function echoText(value: string): string { return value }
export function echoBytes(value: Uint8Array): Uint8Array { return value }
export function echoPoint(value: Point): Point { return value }
export function echoMaybe(value: Point | null): Point | null { return value }
export function echoMaybeText(value: string | null): string | null { return value }
export function echoNested(value: Array<Array<u16>>): Array<Array<u16>> { return value }
export function echoLines(value: Array<Line>): Array<Line> { return value }
export function echoStatic(value: StaticArray<string>): StaticArray<string> { return value }
export function echoFlags(value: Array<bool>): Array<bool> { return value }
export function echoBlobs(value: Array<Uint8Array>): Array<Uint8Array> { return value }
export function twice(value: string): string { return value + value }
export function shift(point: Point, by: i32): Point { return new Point(point.x + by, point.y, point.label, point.data) }
export function scalars(a: bool, b: i8, c: u8, d: i16, e: u16, f: i32, g: u32, h: i64, i: u64, j: f32, k: f64): string {
  return [a.toString(), b.toString(), c.toString(), d.toString(), e.toString(), f.toString(), g.toString(), h.toString(), i.toString(), j.toString(), k.toString()].join(' ')
}
export function manyParams(a: string, b: string, c: string, d: string, e: u8, f: Point, g: string | null, h: u64): string {
  const label = f.label
  return [a, b, c, d, e.toString(), f.x.toString(), f.y.toString(), label === null ? '-' : label, g === null ? '-' : g, h.toString()].join('|')
}
export function isYes(value: bool): bool { return !value }
export function nothing(): void {}
`
const POINT = `
export class Point {
  readonly x: i32
  readonly y: u64
  readonly label: string | null
  readonly data: Uint8Array
  constructor(x: i32, y: u64, label: string | null, data: Uint8Array) { this.x = x; this.y = y; this.label = label; this.data = data }
}
`

let guest: Exports
beforeAll(async () => {
  const built = await buildText('contract', { 'index.ts': SOURCE, 'point.ts': POINT }, 'values')
  guest = await instantiateByJco(built.component, simulatedChain().imports)
}, 60_000)

const text = fc.string({ unit: 'grapheme', maxLength: 40 })
const bytes = fc.uint8Array({ maxLength: 200 })
const u64 = fc.bigInt({ min: 0n, max: (1n << 64n) - 1n })
const point = fc.record({
  x: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
  y: u64,
  label: fc.option(text, { nil: undefined }),
  data: bytes,
})
const line = fc.record({ from: point, to: point, tags: fc.array(text, { maxLength: 5 }), width: fc.float({ noNaN: true }) })

const ECHOES: readonly (readonly [string, fc.Arbitrary<unknown>])[] = [
  ['echoAmount', u64],
  ['echoText', text],
  ['echoBytes', bytes],
  ['echoPoint', point],
  ['echoMaybe', fc.option(point, { nil: undefined })],
  ['echoMaybeText', fc.option(text, { nil: undefined })],
  ['echoNested', fc.array(fc.uint16Array({ maxLength: 8 }), { maxLength: 6 })],
  ['echoLines', fc.array(line, { maxLength: 4 })],
  ['echoStatic', fc.array(text, { maxLength: 5 })],
  ['echoFlags', fc.array(fc.boolean(), { maxLength: 20 })],
  ['echoBlobs', fc.array(bytes, { maxLength: 5 })],
]

for (const [name, arbitrary] of ECHOES) {
  test(`${name} gives back what it got`, () => {
    fc.assert(
      fc.property(arbitrary, (value) => {
        expect(guest[name]?.(value)).toEqual(value)
      }),
      { numRuns: 60 },
    )
  })
}

test('strings that the guest made itself come out whole, surrogate pairs included', () => {
  fc.assert(
    fc.property(text, (value) => {
      expect(guest['twice']?.(value)).toBe(value + value)
    }),
    { numRuns: 60 },
  )
})

test('a record that the guest made', () => {
  const data = Uint8Array.of(1, 2, 3)
  expect(guest['shift']?.({ x: -5, y: 9n, label: '😀', data }, 7)).toEqual({ x: 2, y: 9n, label: '😀', data })
})

test('scalars keep sign and width', () => {
  const args = [true, -128, 255, -32768, 65535, -2147483648, 4294967295, -(1n << 63n), (1n << 64n) - 1n, 0.5, 1e100]
  expect(guest['scalars']?.(...args)).toBe(
    'true -128 255 -32768 65535 -2147483648 4294967295 -9223372036854775808 18446744073709551615 0.5 1e+100',
  )
  expect(guest['isYes']?.(true)).toBe(false)
  expect(guest['nothing']?.()).toBe(undefined)
})

test('parameters beyond 16 core values are passed in memory', () => {
  const point = { x: 1, y: 2n, label: undefined, data: new Uint8Array() }
  expect(guest['manyParams']?.('a', 'b', 'c', 'd', 200, point, 'g', 18446744073709551615n)).toBe('a|b|c|d|200|1|2|-|g|18446744073709551615')
})
