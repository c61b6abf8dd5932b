import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { concatBytes, sha256Each, toHex } from '../core/index.ts'
import { useNativeHashes } from './native.ts'

const digests = (messages: readonly Uint8Array[]): string => {
  let end = 0
  return toHex(
    sha256Each(
      concatBytes(...messages),
      messages.map((m) => (end += m.length)),
    ),
  )
}

test('many messages hashed together give what each gives alone: by the portable form, and by the native one', () => {
  const one = fc.oneof(
    { weight: 8, arbitrary: fc.uint8Array({ maxLength: 200 }) },
    { weight: 1, arbitrary: fc.integer({ min: 4_000, max: 4_200 }).map((n) => new Uint8Array(n).fill(n & 255)) },
  )
  const agree = (messages: readonly Uint8Array[]): void => {
    expect(digests(messages)).toBe(messages.map((m) => createHash('sha256').update(m).digest('hex')).join(''))
  }
  for (const native of [false, true]) {
    if (native) useNativeHashes()
    fc.assert(fc.property(fc.array(one, { maxLength: 40 }), agree), { numRuns: 60 })
    // more than lie in the arena at once
    agree(Array.from({ length: 600 }, (_, i) => new Uint8Array(i % 130).fill(i & 255)))
    agree([])
  }
})
