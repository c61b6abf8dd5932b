import fc from 'fast-check'
import { expect, test } from 'vitest'
import { abytes, compareBytes, concatBytes, equalBytes, fromBase64, fromHex, fromUtf8, toBase64, toHex, utf8 } from '../index.ts'

test('hex and base64 equal Buffer both ways', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (b) => {
      expect(toHex(b)).toBe(Buffer.from(b).toString('hex'))
      expect(toBase64(b)).toBe(Buffer.from(b).toString('base64'))
      expect(fromHex(toHex(b))).toEqual(b)
      expect(fromBase64(toBase64(b))).toEqual(b)
    }),
  )
})

test.each(['a', 'AB', '0g', ' 00'])('refuses %j as hex', (text) => expect(() => fromHex(text)).toThrowError(/hex/))
test.each(['a', 'YQ', 'YQ=', 'YR==', 'Y Q=', 'YQ==\n', 'Y===', '-_=='])('refuses %j as base64', (text) =>
  expect(() => fromBase64(text)).toThrowError(/base64/),
)

test('order is that of unsigned bytes, a prefix first', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 4 }), fc.uint8Array({ maxLength: 4 }), (a, b) => {
      expect(Math.sign(compareBytes(a, b))).toBe(Math.sign(Buffer.compare(a, b)))
      expect(equalBytes(a, b)).toBe(Buffer.compare(a, b) === 0)
    }),
  )
})

test('text is strict UTF-8', () => {
  expect(fromUtf8(concatBytes(utf8('zoé '), utf8('𝄞')))).toBe('zoé 𝄞')
  expect(() => fromUtf8(Uint8Array.of(0xc3), 'name')).toThrowError('name is not valid UTF-8')
})

test('arguments are named', () => {
  expect(() => abytes('x', undefined, 'module id')).toThrowError('module id must be a Uint8Array')
  expect(() => abytes(new Uint8Array(3), 4, 'module id')).toThrowError('module id must be 4 bytes, got 3')
})
