import { aeskw } from '@noble/ciphers/aes.js'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { fromHex, toHex } from '../core/index.ts'
import { readVectors } from '../crypto/testing/vectors.ts'
import { aesUnwrap, aesWrap, unwrapSecret, WRAPPED_BYTES, wrapSecret } from './key-wrap.ts'

interface Wycheproof {
  readonly testGroups: readonly {
    readonly keySize: number
    readonly tests: readonly { tcId: number; key: string; msg: string; ct: string; result: 'valid' | 'invalid' | 'acceptable' }[]
  }[]
}

const vectors = readVectors<Wycheproof>('wycheproof/aes_wrap_test.json')
test.skipIf(vectors === undefined)('Wycheproof AES key wrap with 128-bit keys (skipped where shared/vectors is absent)', () => {
  const cases = (vectors?.testGroups ?? []).filter((g) => g.keySize === 128).flatMap((g) => g.tests)
  expect(cases.length).toBeGreaterThan(0)
  // Those that are acceptable are of a single block, or none: shorter than RFC 3394 has.
  for (const t of cases) {
    const opened = aesUnwrap(fromHex(t.key), fromHex(t.ct))
    expect(`${t.tcId} ${opened === undefined ? 'invalid' : 'valid'}`).toBe(`${t.tcId} ${t.result === 'valid' ? 'valid' : 'invalid'}`)
    if (t.result !== 'valid') continue
    expect(toHex(opened as Uint8Array)).toBe(t.msg)
    expect(toHex(aesWrap(fromHex(t.key), fromHex(t.msg)))).toBe(t.ct)
  }
})

const bytes = (length: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ minLength: length, maxLength: length })
const use = fc.constantFrom('identity', 'bls')

test('the wrap is that of noble, block for block', () => {
  fc.assert(
    fc.property(
      bytes(16),
      fc.integer({ min: 2, max: 12 }).chain((n) => bytes(8 * n)),
      (key, plain) => {
        const wrapped = aesWrap(key, plain)
        expect(wrapped).toEqual(aeskw(key).encrypt(plain))
        expect(aesUnwrap(key, wrapped)).toEqual(plain)
      },
    ),
  )
})

test('U2.4-POCI-4: under another S, for another use or after any change a wrapped secret does not open', () => {
  fc.assert(
    fc.property(
      bytes(16),
      bytes(16),
      bytes(32),
      use,
      fc.nat(WRAPPED_BYTES - 1),
      fc.integer({ min: 1, max: 255 }),
      (key, other, secret, as, at, flip) => {
        const wrapped = wrapSecret(key, as, secret)
        expect(wrapped.length).toBe(WRAPPED_BYTES)
        expect(unwrapSecret(key, as, wrapped)).toEqual(secret)
        expect(unwrapSecret(key, as === 'bls' ? 'identity' : 'bls', wrapped)).toBeUndefined()
        if (toHex(key) !== toHex(other)) expect(unwrapSecret(other, as, wrapped)).toBeUndefined()
        expect(
          unwrapSecret(
            key,
            as,
            wrapped.map((b, i) => (i === at ? b ^ flip : b)),
          ),
        ).toBeUndefined()
        expect(unwrapSecret(key, as, wrapped.subarray(at + 1))).toBeUndefined()
      },
    ),
  )
})

test('keys and secrets of another length are refused by name', () => {
  const refused = (what: string) => expect.objectContaining({ code: 'core_bad_argument', message: expect.stringContaining(what) })
  for (const length of [0, 15, 17, 32]) {
    expect(() => aesWrap(new Uint8Array(length), new Uint8Array(16))).toThrow(refused('chip key'))
    expect(() => aesUnwrap(new Uint8Array(length), new Uint8Array(24))).toThrow(refused('chip key'))
  }
  for (const length of [0, 8, 15, 17])
    expect(() => aesWrap(new Uint8Array(16), new Uint8Array(length))).toThrow(refused('blocks of 8 bytes'))
  for (const length of [0, 31, 33]) expect(() => wrapSecret(new Uint8Array(16), 'bls', new Uint8Array(length))).toThrow(refused('secret'))
})
