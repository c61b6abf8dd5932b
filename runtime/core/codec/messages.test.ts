import fc from 'fast-check'
import { expect, test } from 'vitest'
import { appendCbor, byteString, concatBytes, encode, Messages, sha256, toHex, utf8, utf8Length, type Cbor } from '../index.ts'

const bytes = fc.uint8Array({ maxLength: 90 })
const text = fc.oneof(fc.string({ maxLength: 30 }), fc.string({ unit: 'grapheme', maxLength: 30 }))
const value: fc.Arbitrary<Cbor> = fc.oneof(
  bytes,
  text.filter((t) => t.isWellFormed()),
  fc.constant(null),
  fc.array(fc.oneof(bytes, fc.maxSafeInteger())),
  // byte strings that the writer does not copy
  fc.integer({ min: 1020, max: 1030 }).map((n) => [new Uint8Array(n).fill(7), 'x', new Uint8Array(n)]),
)
const part = fc.oneof(
  bytes.map((b) => ({ b })),
  text.map((t) => ({ t })),
  value.map((v) => ({ v })),
)

test('messages of bytes, text and values are hashed as they are one by one, and the room is used again', () => {
  const messages = new Messages(3)
  fc.assert(
    fc.property(fc.array(fc.array(part, { maxLength: 4 }), { maxLength: 12 }), (all) => {
      const expected = all.map((parts) => {
        const whole: Uint8Array[] = []
        for (const p of parts) {
          if ('b' in p) {
            messages.reserve(p.b.length)
            messages.raw(p.b)
            whole.push(p.b)
          } else if ('t' in p) {
            messages.reserve(3 * p.t.length)
            messages.text(p.t)
            whole.push(utf8(p.t))
          } else {
            appendCbor(messages, p.v)
            whole.push(encode(p.v))
          }
        }
        messages.end()
        return toHex(sha256(concatBytes(...whole)))
      })
      expect(toHex(messages.hash())).toBe(expected.join(''))
    }),
    { numRuns: 300 },
  )
  expect(messages.hash().length).toBe(0)
})

test('the length of a text in UTF-8, and a character for each byte', () => {
  fc.assert(
    fc.property(text, fc.uint8Array({ maxLength: 70 }), (t, b) => {
      expect(utf8Length(t)).toBe(utf8(t).length)
      expect(byteString(b)).toBe(Buffer.from(b).toString('latin1'))
    }),
  )
})
