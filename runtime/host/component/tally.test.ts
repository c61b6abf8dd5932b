import { expect, test } from 'vitest'
import { isUtnetError, LIMITS, type UtnetError } from '../../core/index.ts'
import { Reader } from '../wasm/index.ts'
import { readComponent } from './reader.ts'
import { Tally } from './tally.ts'

function leb(value: number): number[] {
  const out: number[] = []
  for (let v = value; ; v >>>= 7) {
    if (v < 128) return [...out, v]
    out.push((v & 127) | 128)
  }
}

type Part = Uint8Array | readonly number[]
const join = (...parts: readonly Part[]): Uint8Array => new Uint8Array(Buffer.concat(parts.map((part) => Uint8Array.from(part))))
const name = (text: string): Part => [text.length, ...Buffer.from(text)]
const section = (id: number, ...content: readonly Part[]): Uint8Array => {
  const bytes = join(...content)
  return join([id], leb(bytes.length), bytes)
}
const list = (n: number, item: (i: number) => Part): Uint8Array => join(leb(n), ...Array.from({ length: n }, (_, i) => item(i)))
const component = (...sections: readonly Uint8Array[]): Uint8Array => join([0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0], ...sections)

const U8 = 0x7d
const LIST_OF_U8 = [0x70, U8]

/** An instance type with `n` functions, and how often it is imported. */
const interfaces = (n: number, imports: number): Uint8Array =>
  component(
    section(
      7,
      [2, 0x40, 0, 1, 0, 0x42],
      leb(n + 1),
      [2, 3, 2, 1, 0],
      ...Array.from({ length: n }, (_, i) => join([4, 0], name(`n${i.toString(36)}`), [1, 0])),
    ),
    section(
      10,
      list(imports, (i) => join([0], name(`i${i.toString(36)}`), [5, 1])),
    ),
  )

/** A component that is instantiated so often within another. */
const instantiated = (times: number, ...inner: readonly Uint8Array[]): Uint8Array =>
  component(
    section(4, component(...inner)),
    section(
      5,
      list(times, () => [0, 0, 0]),
    ),
  )

const names = (n: number, item: readonly number[]): Uint8Array => list(n, (i) => join(name(`a${i.toString(36)}`), item))

/** One of `n` types. */
const nested = (n: number, times: number): Uint8Array =>
  instantiated(
    times,
    section(
      7,
      list(n, () => LIST_OF_U8),
    ),
  )

/** One that makes an instance of many names, and one with a type of many fields. */
const ofNames = (n: number, times: number): Uint8Array =>
  instantiated(
    times,
    section(7, [1, U8]),
    section(
      5,
      [1, 1],
      list(n, (i) => join([0], name(`a${i.toString(36)}`), [3, 0])),
    ),
  )
const ofFields = (n: number, times: number): Uint8Array => instantiated(times, section(7, [1, 0x72], names(n, [U8])))

function refusal(bytes: Uint8Array): UtnetError | undefined {
  try {
    readComponent(bytes)
    return undefined
  } catch (error) {
    if (isUtnetError(error, 'guest_invalid')) return error
    throw error
  }
}

test.each([
  ['an interface that is imported by many names', interfaces(1_000, 3), interfaces(4_000, 3_000)],
  ['a component that is instantiated many times', nested(1_000, 2), nested(9_000, 250)],
  ['a small component that is instantiated many times', nested(90, 10), nested(90, 250)],
  ['an instance of many names that is made many times', ofNames(900, 2), ofNames(900, 250)],
  ['a type of many fields that is read many times', ofFields(900, 2), ofFields(900, 250)],
])('%s is read no further than its bytes allow', (_, few, many) => {
  expect(refusal(few)).toBeUndefined()
  const refused = refusal(many)
  const allowed = Math.min(LIMITS.componentItems, LIMITS.componentFewItems + 2 * many.length)
  expect(refused).toMatchObject({ limit: 'componentItems', allowed, details: { rule: 'limit' } })
  // What is counted is counted before it is made: one interface, or one item, beyond it at most
  expect(refused?.used).toBeLessThanOrEqual(allowed + 4_000)
})

test('componentItems: the limit itself passes, one over is refused by name', () => {
  const each = 10_000
  const types = (n: number): Uint8Array =>
    component(
      section(
        7,
        list(n / each, () => join([0x42], leb(each - 1), ...Array.from({ length: each - 1 }, () => [1, U8]))),
      ),
      section(
        7,
        list(n % each, () => [U8]),
      ),
    )
  expect(refusal(types(LIMITS.componentItems))).toBeUndefined()
  expect(refusal(types(LIMITS.componentItems + 1))).toMatchObject({ limit: 'componentItems', used: LIMITS.componentItems + 1 })
})

test('what is over tells where in the whole file it stands', () => {
  const tally = new Tally(10)
  const reader = new Reader(new Uint8Array(8), 100)
  reader.u8()
  const allowed = LIMITS.componentFewItems + 20
  tally.add(reader, allowed)
  expect(() => tally.add(reader)).toThrow(
    expect.objectContaining({ code: 'guest_invalid', used: allowed + 1, allowed, details: { rule: 'limit', offset: 101 } }),
  )
})
