import { p256 } from '@noble/curves/nist.js'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { fromHex } from '../core/index.ts'
import * as noble from './index.ts'
import * as native from './native.ts'

const bytes = (min: number, max = min): fc.Arbitrary<Uint8Array> => fc.uint8Array({ minLength: min, maxLength: max })
const N = p256.Point.Fn.ORDER
const secret = bytes(32).filter((b) => {
  const n = BigInt(`0x${Buffer.from(b).toString('hex')}`)
  return n > 0n && n < N
})
const scalar = (n: bigint): Buffer => Buffer.from(n.toString(16).padStart(64, '0'), 'hex')

/** What both halves say; fails when they differ. */
function both(sig: Uint8Array, message: Uint8Array, key: Uint8Array): boolean {
  const said = native.verifyP256(sig, message, key)
  expect(noble.verifyP256(sig, message, key)).toBe(said)
  return said
}

test('P-256: either half takes what either signs, in the lower form only, and nothing else', () => {
  fc.assert(
    fc.property(secret, bytes(0, 100), fc.nat(63), fc.integer({ min: 1, max: 255 }), (s, message, at, flip) => {
      const key = native.publicKeyP256(s)
      expect(key).toEqual(p256.getPublicKey(s, true))
      for (const sig of [native.signP256(message, s), noble.lowerP256(p256.sign(message, s, { lowS: false }))]) {
        expect(both(sig, message, key)).toBe(true)
        const low = BigInt(`0x${Buffer.from(sig.subarray(32)).toString('hex')}`)
        const high = Uint8Array.from(Buffer.concat([sig.subarray(0, 32), scalar(N - low)]))
        expect(both(high, message, key)).toBe(false)
        expect(noble.lowerP256(high)).toEqual(sig)
        expect(
          both(
            sig.map((b, i) => (i === at ? b ^ flip : b)),
            message,
            key,
          ),
        ).toBe(false)
        expect(
          both(
            sig,
            message,
            key.map((b, i) => (i === 0 ? b ^ 1 : b)),
          ),
        ).toBe(false)
      }
    }),
    { numRuns: 30 },
  )
})

test('P-256: what is no key or no signature is false, in both halves alike', () => {
  const s = new Uint8Array(32).fill(1)
  const message = new Uint8Array(3)
  const key = native.publicKeyP256(s)
  const sig = native.signP256(message, s)
  const r = sig.subarray(0, 32)
  const pair = (a: Uint8Array, b: Uint8Array): Uint8Array => Uint8Array.from(Buffer.concat([a, b]))
  for (const wrong of [
    new Uint8Array(0),
    sig.subarray(1),
    pair(sig, new Uint8Array(1)),
    pair(scalar(0n), sig.subarray(32)),
    pair(r, scalar(0n)),
    pair(scalar(N), sig.subarray(32)),
    pair(r, scalar(N)),
    pair(r, scalar(N - 1n)),
  ])
    expect(both(wrong, message, key)).toBe(false)
  const uncompressed = p256.getPublicKey(s, false)
  // p is not canonical, and of the x from 1 on every second has no point.
  const p = fromHex('ffffffff00000001000000000000000000000000ffffffffffffffffffffffff')
  for (const wrong of [
    new Uint8Array(0),
    uncompressed,
    key.subarray(1),
    pair(Uint8Array.of(4), r),
    pair(Uint8Array.of(2), p),
    pair(Uint8Array.of(0), new Uint8Array(32)),
    new Uint8Array(1),
  ])
    expect(both(sig, message, wrong)).toBe(false)
  for (let x = 1n; x < 20n; x++) expect(both(sig, message, pair(Uint8Array.of(2), scalar(x)))).toBe(false)
})

test('P-256: random bytes in the place of key and signature never throw and never hold', () => {
  const never = (sig: Uint8Array, message: Uint8Array, key: Uint8Array): void => {
    expect(both(sig, message, key)).toBe(false)
  }
  const point = fc.tuple(fc.constantFrom(2, 3), bytes(32)).map(([sign, x]) => Uint8Array.of(sign, ...x))
  fc.assert(fc.property(bytes(0, 70), bytes(0, 5), bytes(0, 40), never))
  fc.assert(fc.property(bytes(64), bytes(0, 5), point, never))
})

test('P-256: a secret that is no scalar is refused by name', () => {
  for (const wrong of [scalar(0n), scalar(N), new Uint8Array(31), new Uint8Array(33)])
    expect(() => native.signP256(new Uint8Array(1), Uint8Array.from(wrong))).toThrow(expect.objectContaining({ code: 'core_bad_argument' }))
})
