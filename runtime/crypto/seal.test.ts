import fc from 'fast-check'
import { expect, test } from 'vitest'
import { digest, sha256, useSha256, utf8 } from '../core/index.ts'
import { sha256 as nobleSha256 } from '@noble/hashes/sha2.js'
import * as noble from './index.ts'
import * as native from './native.ts'

test('sealed bytes are the same in both halves, and open only with the key, whole and unchanged', () => {
  const key = digest('seal', utf8('salt'))
  const bound = utf8('receipt id')
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(), (plain, n) => {
      const sealed = native.seal(key, plain, bound)
      expect(noble.seal(key, plain, bound)).toEqual(sealed)
      const changed = Uint8Array.from(sealed)
      const bit = n % (sealed.length * 8)
      changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7))
      for (const half of [noble, native]) {
        expect(half.unseal(key, sealed, bound)).toEqual(plain)
        expect(half.unseal(digest('seal', utf8('other')), sealed, bound)).toBeUndefined()
        expect(half.unseal(key, sealed, utf8('other id'))).toBeUndefined()
        expect(half.unseal(key, changed, bound)).toBeUndefined()
        expect(half.unseal(key, sealed.subarray(1), bound)).toBeUndefined()
        expect(half.unseal(key, new Uint8Array(15), bound)).toBeUndefined()
      }
    }),
    { numRuns: 50 },
  )
})

test('native hashes equal the portable ones at every size', () => {
  native.useNativeHashes()
  try {
    for (const n of [0, 1, 31, 32, 55, 56, 63, 64, 65, 1000, 4095, 4096, 4097, 100_000]) {
      const bytes = Uint8Array.from({ length: n }, (_, i) => (i * 31 + n) & 255)
      const hash = sha256(bytes)
      expect(hash).toEqual(nobleSha256(bytes))
      expect(Object.getPrototypeOf(hash)).toBe(Uint8Array.prototype)
      expect(sha256(bytes.subarray(n >> 1))).toEqual(nobleSha256(bytes.subarray(n >> 1)))
    }
  } finally {
    useSha256(nobleSha256)
  }
})
