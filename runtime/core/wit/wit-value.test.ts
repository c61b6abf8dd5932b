import fc from 'fast-check'
import { expect, test } from 'vitest'
import { awitValue, decode, encode, isUtnetError, printWitType, witFromJson, witToJson, type WitType, type WitValue } from '../index.ts'

const text = fc.string({ unit: 'binary', maxLength: 8 }).filter((s) => s.isWellFormed())
const int = (min: bigint, max: bigint) =>
  fc.bigInt({ min, max }).map((n): WitValue => (n >= -(2n ** 53n) + 1n && n < 2n ** 53n ? Number(n) : n))
const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i']

const NAN64 = Uint8Array.of(0, 0, 0, 0, 0, 0, 0xf8, 0x7f)
const primitives: [WitType, fc.Arbitrary<WitValue>][] = [
  [{ kind: 'bool' }, fc.boolean()],
  [{ kind: 'u8' }, int(0n, 255n)],
  [{ kind: 's16' }, int(-32768n, 32767n)],
  [{ kind: 'u32' }, int(0n, 2n ** 32n - 1n)],
  [{ kind: 's32' }, int(-(2n ** 31n), 2n ** 31n - 1n)],
  [{ kind: 'u64' }, int(0n, 2n ** 64n - 1n)],
  [{ kind: 's64' }, int(-(2n ** 63n), 2n ** 63n - 1n)],
  [{ kind: 'f64' }, fc.double().map((d) => (Number.isNaN(d) ? NAN64 : new Uint8Array(Float64Array.of(d).buffer)))],
  [{ kind: 'char' }, fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }).filter((s) => s.isWellFormed() && [...s].length === 1)],
  [{ kind: 'string' }, text],
  [{ kind: 'list', element: { kind: 'u8' } }, fc.uint8Array({ maxLength: 9 })],
  [{ kind: 'enum', names }, fc.nat(names.length - 1)],
  [{ kind: 'flags', names }, fc.subarray(names.map((_, i) => i))],
]

/** A type together with a value of it. */
const typed: fc.Arbitrary<[WitType, WitValue]> = fc.letrec<{ t: [WitType, WitValue] }>((tie) => ({
  t: fc.oneof(
    { maxDepth: 3 },
    fc.constantFrom(...primitives).chain(([type, value]) => value.map((v): [WitType, WitValue] => [type, v])),
    tie('t').map(([some, v]): [WitType, WitValue] => [{ kind: 'option', some }, [v]]),
    tie('t').map(([some]): [WitType, WitValue] => [{ kind: 'option', some }, []]),
    tie('t').map(([ok, v]): [WitType, WitValue] => [{ kind: 'result', ok, err: undefined }, [0, v]]),
    tie('t').map(([err, v]): [WitType, WitValue] => [{ kind: 'result', ok: undefined, err }, [1, v]]),
    tie('t')
      .filter(([t]) => t.kind !== 'u8')
      .map(([element, v]): [WitType, WitValue] => [{ kind: 'list', element }, [v, v]]),
    fc
      .array(tie('t'), { minLength: 1, maxLength: 3 })
      .map((items): [WitType, WitValue] => [{ kind: 'tuple', items: items.map(([t]) => t) }, items.map(([, v]) => v)]),
    fc
      .array(tie('t'), { minLength: 1, maxLength: 3 })
      .map((items): [WitType, WitValue] => [
        { kind: 'record', fields: items.map(([type], i) => ({ name: `f${i}`, type })) },
        items.map(([, v]) => v),
      ]),
    tie('t').map(([type, v]): [WitType, WitValue] => [
      {
        kind: 'variant',
        cases: [
          { name: 'none', type: undefined },
          { name: 'some', type },
        ],
      },
      [1, v],
    ]),
  ),
})).t

test('a value survives its JSON view, its encoding and its own check', () => {
  fc.assert(
    fc.property(typed, ([type, value]) => {
      const json: unknown = JSON.parse(JSON.stringify(witToJson(type, value)))
      const again = witFromJson(type, json, 'v')
      // JSON text has no -0: that one value comes back as 0, so the views are compared.
      expect(JSON.stringify(witToJson(type, again))).toBe(JSON.stringify(json))
      if (!JSON.stringify(witToJson(type, value)).includes('0')) expect(encode(again)).toEqual(encode(value))
      expect(encode(awitValue(type, decode(encode(value)), 'v'))).toEqual(encode(value))
    }),
  )
})

test('any other JSON is refused with its path or gives a value of the type', () => {
  fc.assert(
    fc.property(typed, fc.jsonValue({ maxDepth: 3 }), ([type], json) => {
      try {
        awitValue(type, witFromJson(type, json, 'v'), 'v')
      } catch (error) {
        expect(isUtnetError(error, 'value_mismatch')).toBe(true)
        expect((error as Error).message).toMatch(/^v/)
      }
    }),
  )
})

const record: WitType = {
  kind: 'record',
  fields: [
    { name: 'to', type: { kind: 'string' } },
    { name: 'amount', type: { kind: 'u64' } },
  ],
}

test.each<[WitType, unknown, string]>([
  [{ kind: 'u8' }, 256, 'args[0] must be u8, got 256'],
  [{ kind: 'u8' }, 1.5, 'args[0] must be u8, got 1.5'],
  [{ kind: 'u64' }, '01', 'args[0] must be u64, got "01"'],
  [{ kind: 'u64' }, '18446744073709551616', 'args[0] must be u64, got "18446744073709551616"'],
  [{ kind: 'u64' }, 2 ** 53, 'args[0] must be u64, got 9007199254740992'],
  [{ kind: 'string' }, 7, 'args[0] must be string, got 7'],
  [{ kind: 'list', element: { kind: 'string' } }, ['a', 1], 'args[0][1] must be string, got 1'],
  [record, { to: 'x', amount: 'y' }, 'args[0].amount must be u64, got "y"'],
  [record, { to: 'x' }, 'args[0].amount must be u64, got undefined'],
  [record, { to: 'x', amount: 1, memo: 2 }, `args[0].memo is not a field of ${printWitType(record)}`],
  [{ kind: 'enum', names: ['red'] }, 'blue', 'args[0] must be enum { red }, got "blue"'],
])('%o refuses %j: %s', (type, json, message) => {
  expect(() => witFromJson(type, json, 'args[0]')).toThrowError(message)
})

test('64-bit integers are decimal strings in JSON and keep every bit', () => {
  expect(witToJson({ kind: 'u64' }, 2n ** 64n - 1n)).toBe('18446744073709551615')
  expect(witFromJson({ kind: 'u64' }, '18446744073709551615', 'v')).toBe(2n ** 64n - 1n)
  expect(witToJson({ kind: 'f32' }, witFromJson({ kind: 'f32' }, 'NaN', 'v'))).toBe('NaN')
  const nested: WitType = { kind: 'option', some: { kind: 'option', some: { kind: 'u8' } } }
  expect(witToJson(nested, witFromJson(nested, { some: null }, 'v'))).toEqual({ some: null })
})
