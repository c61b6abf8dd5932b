import { ED25519_TORSION_SUBGROUP, ed25519 } from '@noble/curves/ed25519.js'
import { sha512 } from '@noble/hashes/sha2.js'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { concatBytes, fromHex, toHex, utf8 } from '../core/index.ts'
import * as noble from './index.ts'
import * as native from './native.ts'
import { readVectors } from './testing/vectors.ts'

interface Case {
  readonly sig: Uint8Array
  readonly message: Uint8Array
  readonly key: Uint8Array
}

/** What both halves say; fails when they differ. */
function both({ sig, message, key }: Case): boolean {
  const a = noble.verifyEd25519(sig, message, key)
  const b = native.verifyEd25519(sig, message, key)
  expect({ noble: a, native: b, sig: toHex(sig), key: toHex(key) }).toEqual({ noble: b, native: b, sig: toHex(sig), key: toHex(key) })
  return a
}

const { Point } = ed25519
const secret = Uint8Array.from({ length: 32 }, (_, i) => i)
const torsion = ED25519_TORSION_SUBGROUP.map((h) => fromHex(h))
const L = Point.Fn.ORDER

interface Wycheproof {
  readonly numberOfTests: number
  readonly testGroups: readonly {
    readonly publicKey: { readonly pk: string }
    readonly tests: readonly { tcId: number; msg: string; sig: string; result: string }[]
  }[]
}

const wycheproof = readVectors<Wycheproof>('wycheproof/ed25519_test.json')
test.skipIf(wycheproof === undefined)(
  'Wycheproof ed25519: both halves say what the vectors say (skipped where shared/vectors is absent)',
  () => {
    let n = 0
    for (const group of wycheproof?.testGroups ?? []) {
      for (const t of group.tests) {
        const c = { sig: fromHex(t.sig), message: fromHex(t.msg), key: fromHex(group.publicKey.pk) }
        expect(`${t.tcId} ${both(c) ? 'valid' : 'invalid'}`).toBe(`${t.tcId} ${t.result}`)
        n++
      }
    }
    expect(n).toBe(wycheproof?.numberOfTests)
    expect(n).toBeGreaterThan(0)
  },
)

const speccheck = readVectors<readonly { message: string; pub_key: string; signature: string }[]>('ed25519-speccheck/cases.json')
test.skipIf(speccheck === undefined)(
  'ed25519-speccheck: the 12 cases, decided by the written rule (skipped where shared/vectors is absent)',
  () => {
    const said = speccheck?.map((c) =>
      both({ sig: fromHex(c.signature), message: fromHex(c.message), key: fromHex(c.pub_key) }) ? 'V' : 'X',
    )
    expect(said).toHaveLength(12)
    // 0-2: small order; 3: mixed order, valid without the cofactor; 4, 5: valid with it only; 6-7: s too large; 8-11: not canonical or small order.
    expect(said?.join('')).toBe('XXXVXXXXXXXX')
  },
)

test('random mutations: halves agree, and only the signed triple is valid', () => {
  const key = noble.publicKeyEd25519(secret)
  expect(native.publicKeyEd25519(secret)).toEqual(key)
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 80 }),
      fc.integer({ min: 0, max: 2 }),
      fc.nat(),
      fc.integer({ min: 0, max: 7 }),
      (message, part, at, bit) => {
        const sig = noble.signEd25519(message, secret)
        expect(native.signEd25519(message, secret)).toEqual(sig)
        expect(both({ sig, message, key })).toBe(true)
        const parts = [Uint8Array.from(sig), Uint8Array.from(message), Uint8Array.from(key)] as const
        const target = parts[part] as Uint8Array
        if (target.length === 0) return
        const i = at % target.length
        target[i] = (target[i] as number) ^ (1 << bit)
        expect(both({ sig: parts[0], message: parts[1], key: parts[2] })).toBe(false)
      },
    ),
    { numRuns: 60 },
  )
})

test('s + L, small-order keys and R, sign bits and non-canonical points are refused by both', () => {
  const message = utf8('m')
  const key = noble.publicKeyEd25519(secret)
  const sig = noble.signEd25519(message, secret)
  const s = Point.Fn.fromBytes(sig.subarray(32))
  const malleable = Uint8Array.from(sig)
  let big = s + L
  for (let i = 32; i < 64; i++, big >>= 8n) malleable[i] = Number(big & 255n)
  expect(both({ sig: malleable, message, key })).toBe(false)
  for (const t of torsion) {
    // R = A = T, s = 0: the equation itself holds for the right k.
    for (let n = 0; n < 8; n++) expect(both({ sig: concatBytes(t, new Uint8Array(32)), message: Uint8Array.of(n), key: t })).toBe(false)
    expect(both({ sig: concatBytes(t, sig.subarray(32)), message, key })).toBe(false)
    const signBit = Uint8Array.from(t)
    signBit[31] = (signBit[31] as number) ^ 128
    expect(both({ sig, message, key: signBit })).toBe(false)
    expect(noble.isEd25519Key(t)).toBe(false)
  }
  // y from the prime on, up to 2^255 - 1, with and without the sign bit
  for (let low = 0xed; low <= 0xff; low++) {
    const y = new Uint8Array(32).fill(0xff)
    y[0] = low
    for (const top of [0x7f, 0xff]) {
      y[31] = top
      expect(both({ sig, message, key: y })).toBe(false)
      expect(both({ sig: concatBytes(y, sig.subarray(32)), message, key })).toBe(false)
    }
  }
})

test('mixed-order keys: the cofactorless equation decides, in both halves alike', () => {
  const x = 123456789n
  let valid = 0
  for (const [i, t] of torsion.entries()) {
    const mixed = Point.BASE.multiply(x).add(Point.fromBytes(t, true))
    const key = mixed.toBytes()
    for (let n = 0; n < 12; n++) {
      const message = Uint8Array.of(i, n)
      const r = 987654321n + BigInt(n)
      const R = Point.BASE.multiply(r).toBytes()
      const hash = sha512(concatBytes(R, key, message)).reverse()
      const k = BigInt(`0x${toHex(hash)}`) % L
      const sig = concatBytes(R, Point.Fn.toBytes(Point.Fn.create(r + k * x)))
      const expected = Point.BASE.multiply(r).equals(Point.BASE.multiply(Point.Fn.create(r + k * x)).subtract(mixed.multiplyUnsafe(k)))
      expect(both({ sig, message, key })).toBe(expected)
      if (expected) valid++
    }
  }
  expect(valid).toBeGreaterThan(12)
  expect(valid).toBeLessThan(96)
})

test('malformed input is refused without an error, a signer holds its key', () => {
  const message = utf8('x')
  const key = noble.publicKeyEd25519(secret)
  const sig = noble.signEd25519(message, secret)
  for (const bad of [new Uint8Array(0), sig.subarray(1), concatBytes(sig, Uint8Array.of(0))])
    expect(both({ sig: bad, message, key })).toBe(false)
  for (const bad of [new Uint8Array(0), key.subarray(1), new Uint8Array(33)]) expect(both({ sig, message, key: bad })).toBe(false)
  for (const half of [noble, native]) {
    expect(() => half.signEd25519(message, new Uint8Array(31))).toThrow(/secret key must be 32 bytes/)
    expect(() => half.publicKeyEd25519(new Uint8Array(33))).toThrow(/secret key must be 32 bytes/)
  }
  const signer = native.openSigner(secret)
  expect(signer.key).toEqual(key)
  expect(signer.sign(message)).toEqual(sig)
})
