import { decode, encode } from '@ipld/dag-cbor'
import fc from 'fast-check'
import { beforeAll, expect, test } from 'vitest'
import { LIMITS } from '../../core/index.ts'
import { buildText, instantiateByJco, simulatedChain } from './testing/guests.ts'
import type { Exports } from './testing/guests.ts'

// the SDK's JSON and dag-cbor against the platform's and the library's
const SOURCE = `
import { emit, toHex, toUtf8, fromUtf8 } from '@utnet/sdk'
import { JsonKind, JsonValue, JsonWriter } from '@utnet/sdk/json'

@event
class Everything {
  constructor(
    public bb: u64, public a: i64, public name: string, public data: Uint8Array, public ok: bool,
    public maybe: string | null, public small: i8, public list: Array<string>, public numbers: Array<u32>,
  ) {}
}
@event
class Empty { private hidden: u8 = 1 }

export function emitEverything(bb: u64, a: i64, name: string, data: Uint8Array, ok: bool, maybe: string | null, small: i8, list: Array<string>, numbers: Array<u32>): void {
  emit(new Everything(bb, a, name, data, ok, maybe, small, list, numbers))
}
export function emitEmpty(): void { emit(new Empty()) }

function write(value: JsonValue, to: JsonWriter): void {
  switch (value.kind) {
    case JsonKind.null_: to.null_(); break
    case JsonKind.bool: to.bool(value.isTrue); break
    case JsonKind.number: to.raw(value.text); break
    case JsonKind.string: { const text = value.asString; to.string(text === null ? '' : text); break }
    case JsonKind.array:
      to.beginArray()
      for (let i = 0; i < value.items.length; i++) write(value.items[i], to)
      to.endArray()
      break
    case JsonKind.object:
      to.beginObject()
      for (let i = 0; i < value.items.length; i++) { to.key(value.keys[i]); write(value.items[i], to) }
      to.endObject()
      break
  }
}
export function normalize(text: string): string | null {
  const value = JsonValue.parse(text)
  if (value === null) return null
  const writer = new JsonWriter()
  write(value, writer)
  return writer.toString()
}
export function float(text: string): f64 { const v = JsonValue.parse(text); return v === null ? NaN : v.asF64 }
export function integer(text: string): i64 { const v = JsonValue.parse(text); return v === null ? -7 : v.asI64(-7) }
export function member(text: string, key: string): string | null {
  const v = JsonValue.parse(text)
  if (v === null) return null
  const m = v.get(key)
  return m === null ? null : m.asString
}
export function printNumber(value: f64): string { return new JsonWriter().number(value).toString() }
export function utf8(text: string): string { return toHex(toUtf8(text)) }
export function fromBytes(bytes: Uint8Array): string { return fromUtf8(bytes) }
`

const chain = simulatedChain()
let guest: Exports
beforeAll(async () => {
  // One instance for all calls, and a contract frees nothing: on our host each run begins with a clean memory
  const { component } = await buildText('contract', { 'index.ts': SOURCE }, 'text', { memoryPages: LIMITS.memoryPages })
  guest = await instantiateByJco(component, chain.imports)
}, 60_000)

const text = fc.string({ unit: 'grapheme', maxLength: 30 })
const runs = { numRuns: 150 }

test('events are canonical dag-cbor', () => {
  const u64 = fc.bigInt({ min: 0n, max: (1n << 64n) - 1n })
  const i64 = fc.bigInt({ min: -(1n << 63n), max: (1n << 63n) - 1n })
  const args = fc.tuple(
    fc.oneof(u64, fc.constantFrom(0n, 23n, 24n, 255n, 256n, 65535n, 65536n, 4294967295n, 4294967296n)),
    i64,
    text,
    fc.uint8Array({ maxLength: 300 }),
    fc.boolean(),
    fc.option(text, { nil: undefined }),
    fc.integer({ min: -128, max: 127 }),
    fc.array(text, { maxLength: 30 }),
    fc.array(fc.integer({ min: 0, max: 2 ** 32 - 1 }), { maxLength: 5 }),
  )
  fc.assert(
    fc.property(args, ([bb, a, name, data, ok, maybe, small, list, numbers]) => {
      guest['emitEverything']?.(bb, a, name, data, ok, maybe, small, list, Uint32Array.from(numbers))
      const event = chain.events.at(-1)
      const want = encode({ bb, a, name, data, ok, maybe: maybe ?? null, small, list, numbers })
      expect(event?.name).toBe('Everything')
      expect(Buffer.from(event?.data ?? []).toString('hex')).toBe(Buffer.from(want).toString('hex'))
    }),
    runs,
  )
  guest['emitEmpty']?.()
  expect(decode(chain.events.at(-1)?.data ?? new Uint8Array())).toEqual({})
})

const normal = (json: string): string | undefined => {
  try {
    return JSON.stringify(JSON.parse(json))
  } catch {
    return undefined
  }
}

test('JSON values are read and written as JSON.parse and JSON.stringify do', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 4 }), fc.constantFrom(0, 1, 2), (value, indent) => {
      const json = JSON.stringify(value, null, indent)
      expect(JSON.parse((guest['normalize']?.(json) as string | undefined) ?? '"refused"')).toEqual(JSON.parse(json))
    }),
    runs,
  )
})

test('JSON that JSON.parse refuses is refused, and the other way round', () => {
  const pieces = fc.array(
    fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      '"',
      '"a"',
      '1',
      '-',
      '0',
      '.5',
      'e3',
      'true',
      'null',
      ' ',
      '\\u00e9',
      '\\',
      '\n',
      '\u0001',
    ),
    { maxLength: 8 },
  )
  fc.assert(
    fc.property(pieces, (parts) => {
      const json = parts.join('')
      expect(guest['normalize']?.(json) !== undefined).toBe(normal(json) !== undefined)
    }),
    { numRuns: 2000 },
  )
  const deep = (n: number): string => '['.repeat(n) + ']'.repeat(n)
  expect([guest['normalize']?.(deep(64)), guest['normalize']?.(deep(66))]).toEqual([deep(64), undefined])
})

test('JSON strings: escapes both ways', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 30 }), (value) => {
      const json = JSON.stringify(value)
      const written = (guest['normalize']?.(json) as string | undefined) ?? ''
      expect([JSON.parse(written), written.isWellFormed()]).toEqual([value, true])
    }),
    runs,
  )
  expect(guest['normalize']?.('"\\ud83d\\ude00 \\ud800 \\/"')).toBe('"😀 \\ud800 /"')
  expect(guest['member']?.('{"a":"x","b":1,"a":"y"}', 'a')).toBe('y')
  expect(guest['member']?.('{"b":1}', 'b')).toBe(undefined)
})

test('JSON numbers', () => {
  fc.assert(
    fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
      expect(Number(guest['printNumber']?.(value))).toBe(value === 0 ? 0 : value)
    }),
    runs,
  )
  fc.assert(
    fc.property(fc.bigInt({ min: -(1n << 64n), max: 1n << 64n }), (value) => {
      expect(guest['integer']?.(value.toString())).toBe(BigInt.asIntN(64, value) === value ? value : -7n)
    }),
    runs,
  )
  expect([guest['float']?.('0.25'), guest['float']?.('"1"'), guest['integer']?.('1.0'), guest['integer']?.('1e2')]).toEqual([
    0.25,
    NaN,
    -7n,
    -7n,
  ])
})

test('UTF-8 as TextEncoder and TextDecoder have it', () => {
  fc.assert(
    fc.property(text, (value) => {
      const bytes = new TextEncoder().encode(value)
      expect(guest['utf8']?.(value)).toBe(Buffer.from(bytes).toString('hex'))
      expect(guest['fromBytes']?.(bytes)).toBe(value)
    }),
    runs,
  )
})

test('bytes that are not UTF-8 become text without a trap', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      expect(typeof guest['fromBytes']?.(bytes)).toBe('string')
    }),
    runs,
  )
})
