import * as dagCbor from '@ipld/dag-cbor'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { cidOf, decode, encode, fromHex, isUtnetError, LIMITS, RAW, type Cbor } from '../index.ts'

const leaf = fc.oneof(
  fc.constant(null),
  fc.boolean(),
  fc.maxSafeInteger(),
  fc.bigInt({ min: 2n ** 53n, max: 2n ** 64n - 1n }),
  fc.string({ unit: 'binary' }).filter((s) => s.isWellFormed()),
  fc.uint8Array({ maxLength: 40 }),
  fc.uint8Array({ maxLength: 8 }).map((b) => cidOf(RAW, b)),
)
const value = fc.letrec((tie) => ({
  any: fc.oneof(
    { depthSize: 'small' },
    leaf,
    fc.array(tie('any'), { maxLength: 6 }),
    fc.dictionary(fc.string({ unit: 'grapheme', maxLength: 8 }), tie('any'), { maxKeys: 6 }),
  ),
})).any as fc.Arbitrary<Cbor>

test('what is encoded decodes to the same and to the same bytes', () => {
  fc.assert(
    fc.property(value, (v) => {
      const bytes = encode(v)
      expect(bytes).toEqual(Uint8Array.from(dagCbor.encode(v)))
      expect(encode(decode(bytes))).toEqual(bytes)
    }),
  )
})

test('long byte strings and texts, anywhere in a value, are written as the library does, and stay as they are', () => {
  const length = fc.oneof(fc.constantFrom(0, 1, 1023, 1024, 1025, 4096, 70_000), fc.nat(5000))
  const long = length.chain((n) => fc.oneof(fc.constant(new Uint8Array(n).fill(n & 255)), fc.constant('ü'.repeat(n))))
  fc.assert(
    fc.property(fc.array(fc.oneof(long, fc.tuple(long, leaf), fc.dictionary(fc.string({ maxLength: 3 }), long)), { maxLength: 5 }), (v) => {
      const before = structuredClone(v.flat().filter((x) => x instanceof Uint8Array))
      expect(encode(v as Cbor)).toEqual(Uint8Array.from(dagCbor.encode(v)))
      expect(v.flat().filter((x) => x instanceof Uint8Array)).toEqual(before)
    }),
    { numRuns: 40 },
  )
})

test('what was encoded before, refused or not, leaves no trace in the next', () => {
  const first = encode([1, 'one', new Uint8Array(2000).fill(7)])
  const copy = Uint8Array.from(first)
  expect(() => encode(['x'.repeat(500), 1.5])).toThrow('no place')
  const inner = {
    get a(): Cbor {
      return encode(['within'])
    },
    b: 2,
  }
  expect(encode(inner)).toEqual(Uint8Array.from(dagCbor.encode({ a: dagCbor.encode(['within']), b: 2 })))
  expect(first).toEqual(copy)
})

/** What the library makes of bytes, held to our rule: no floats, no undefined, and the same bytes when written again. */
function byLibrary(bytes: Uint8Array): Cbor | undefined {
  try {
    const found = dagCbor.decode<Cbor>(bytes)
    encode(found)
    return Buffer.compare(dagCbor.encode(found), bytes) === 0 ? found : undefined
  } catch {
    return undefined
  }
}

function byUs(bytes: Uint8Array): Cbor | undefined {
  try {
    return decode(bytes)
  } catch (error) {
    expect(isUtnetError(error)).toBe(true)
    return undefined
  }
}

test('the reader takes and gives what the library does, on any bytes', () => {
  const mutated = fc.tuple(value, fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 3 })).map(([v, changes]) => {
    const bytes = encode(v)
    for (const [at, x] of changes) bytes[at % bytes.length] = (bytes[at % bytes.length] as number) ^ x
    return bytes
  })
  const heads = fc
    .array(
      fc.constantFrom(
        0x00,
        0x17,
        0x18,
        0x19,
        0x1a,
        0x1b,
        0x20,
        0x3b,
        0x40,
        0x41,
        0x60,
        0x61,
        0x81,
        0x82,
        0xa1,
        0xd8,
        0x2a,
        0xf4,
        0xf6,
        0xf7,
        0xff,
        0x7f,
      ),
      { maxLength: 14 },
    )
    .map((l) => Uint8Array.from(l))
  let taken = 0
  fc.assert(
    fc.property(fc.oneof(mutated, heads, fc.uint8Array({ maxLength: 30 })), (bytes) => {
      const ours = byUs(bytes)
      if (ours !== undefined) taken++
      expect(ours).toEqual(byLibrary(bytes))
    }),
    { numRuns: 5000 },
  )
  expect(taken).toBeGreaterThan(500)
})

test('a CID in a link has one form', () => {
  const link = encode(cidOf(RAW, new Uint8Array(0)))
  // d8 2a 58 25 00 | 01 55 12 20 ...: the codec, then the digest's length, with a needless continuation byte.
  for (const at of [6, 8]) {
    const longer = Uint8Array.from([...link.subarray(0, at), (link[at] as number) | 0x80, 0, ...link.subarray(at + 1)])
    longer[3] = (longer[3] as number) + 1
    expect(() => decode(longer), `byte ${at}`).toThrowError(/canonical/)
  }
})

test('mutated bytes are refused with a code or are the encoding of what they decode to', () => {
  fc.assert(
    fc.property(value, fc.nat(), fc.nat(255), (v, at, x) => {
      const bytes = encode(v)
      const i = at % bytes.length
      bytes[i] = (bytes[i] as number) ^ x
      let again: Cbor
      try {
        again = decode(bytes)
      } catch (error) {
        expect(isUtnetError(error)).toBe(true)
        return
      }
      expect(encode(again)).toEqual(bytes)
    }),
    { numRuns: 2000 },
  )
})

test.each([
  ['unsorted keys', 'a2616201616101'],
  ['duplicate keys', 'a2616101616101'],
  ['half float', 'f93c00'],
  ['double', 'fb3ff0000000000000'],
  ['negative zero', 'fb8000000000000000'],
  ['undefined', 'f7'],
  ['integer not in its shortest form', '1801'],
  ['length not in its shortest form', '580100'],
  ['indefinite array', '9f01ff'],
  ['text that is not UTF-8', '61ff'],
  ['unknown tag', 'c100'],
  ['bytes behind the end', '0000'],
  ['early end', '8201'],
  ['array longer than its bytes', '9a7fffffff'],
  ['nothing', ''],
])('refuses %s', (_what, hex) => {
  expect(() => decode(fromHex(hex))).toThrowError(/canonical/)
})

test.each([
  ['map', new Map([['a', 1]])],
  ['date', new Date(0)],
  ['buffer', new ArrayBuffer(1)],
  ['floats', new Float32Array(1)],
])('has no place for a %s', (_what, v) => {
  expect(() => encode(v as unknown as Cbor)).toThrowError(/dag-cbor/)
})

test.each([1.5, Number.NaN, -0, 2 ** 53, 2n ** 64n, undefined, '\ud800', () => 1])('has no place for %s', (v) => {
  expect(() => encode({ v } as unknown as Cbor)).toThrowError(/dag-cbor/)
})

test('nesting one over the limit is refused before the decoder sees it', () => {
  const nested = (n: number) => Uint8Array.from([...Array.from({ length: n }, () => 0x81), 0])
  expect(() => decode(nested(LIMITS.cborDepth))).not.toThrow()
  expect(() => decode(nested(LIMITS.cborDepth + 1))).toThrowError(/cborDepth/)
  expect(() => decode(nested(1_000_000))).toThrowError(/cborDepth/)
})

test('items and bytes one over the limit are refused', () => {
  const items = new Uint8Array(5 + LIMITS.cborItems)
  items.set([0x9a, ...[24, 16, 8, 0].map((s) => (LIMITS.cborItems >> s) & 255)])
  expect(() => decode(items)).toThrowError(/cborItems/)
  expect(() => decode(new Uint8Array(11), 'x', 10)).toThrowError(/cborBytes/)
})
