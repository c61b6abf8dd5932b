import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decodePowerRecord, encode, encodePowerRecord, type PowerRecord } from '../index.ts'

const bytes = (n: number) => fc.uint8Array({ minLength: n, maxLength: n })
const record: fc.Arbitrary<PowerRecord> = fc.oneof(
  fc.record({
    kind: fc.constant('purchase' as const),
    serial: bytes(16),
    from: bytes(20),
    to: bytes(20),
    price: fc.bigInt(0n, 2n ** 128n - 1n),
  }),
  fc.record({ kind: fc.constant('claim' as const), serial: bytes(16), owner: bytes(20), level: fc.nat(3) }),
  fc.record({ kind: fc.constant('lease' as const), serial: bytes(16), owner: bytes(20), lessee: bytes(20), untilHeight: fc.maxSafeNat() }),
  fc.record({ kind: fc.constant('return' as const), serial: bytes(16), owner: bytes(20), lessee: bytes(20) }),
)

test('U2.7-REC-1 typed records of all four kinds survive their bytes, and there are no others', () => {
  fc.assert(
    fc.property(record, (r) => {
      expect(decodePowerRecord(encodePowerRecord(r))).toEqual(r)
    }),
  )
  for (const kind of [4, 5]) expect(() => decodePowerRecord(encode([1, kind]))).toThrow(/unknown kind/)
  expect(() => decodePowerRecord(encode([2, 0]))).toThrow(/version/)
  expect(() => decodePowerRecord(encode([1, 0, new Uint8Array(16)]))).toThrow(/6 items/)
})
