import fc from 'fast-check'
import { expect, test } from 'vitest'
import { encode } from '../core/index.ts'
import { decodeChipFile, encodeChipFile, type ChipFile } from './chip-file.ts'

const file: ChipFile = {
  held: {
    backend: 'software',
    serial: new Uint8Array(16).fill(1),
    identity: { alg: 'p256', bytes: new Uint8Array(33).fill(2) },
    sealed: new Uint8Array(48).fill(3),
  },
  wrapped: new Uint8Array(48).fill(4),
  certificate: {
    serial: new Uint8Array(16).fill(1),
    identity: { alg: 'p256', bytes: new Uint8Array(33).fill(2) },
    bls: new Uint8Array(48).fill(5),
    level: 1,
    vendor: new Uint8Array(32).fill(6),
    sig: new Uint8Array(64).fill(7),
  },
}
const bytes = encodeChipFile(file)
const corrupt = expect.objectContaining({ code: 'data_corrupt' })

test('the file of a chip comes back as it was', () => {
  expect(decodeChipFile(bytes)).toEqual(file)
})

test('what is no file of a chip is said to be corrupt, whatever it is', () => {
  const list = [1, 'software', new Uint8Array(1), new Uint8Array(1), {}]
  const wrong = [encode(null), encode(list), encode([2, ...list.slice(1)]), encode([1, 'abacus', ...list.slice(2)]), new Uint8Array(0)]
  for (const b of wrong) expect(() => decodeChipFile(b)).toThrow(corrupt)
  fc.assert(
    fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
      const changed = bytes.map((b, i) => (i === at ? b ^ flip : b))
      let read: ChipFile
      try {
        read = decodeChipFile(changed)
      } catch (error) {
        expect(error).toEqual(corrupt)
        return
      }
      expect(encodeChipFile(read)).toEqual(changed)
    }),
  )
})
