import { createECDH, generateKeyPairSync, sign } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { NO_KEYS } from '../core/index.ts'
import * as noble from './index.ts'
import * as native from './native.ts'

const N = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n

/** A key pair: its compressed point, and signatures as the engine gives them, r || s. */
function pair(): { readonly key: Uint8Array; readonly raw: (message: Uint8Array) => Uint8Array } {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const { d } = privateKey.export({ format: 'jwk' })
  const ecdh = createECDH('prime256v1')
  ecdh.setPrivateKey(Buffer.from(d as string, 'base64url'))
  return {
    key: Uint8Array.from(ecdh.getPublicKey(null, 'compressed')),
    raw: (m) => Uint8Array.from(sign('sha256', m, { key: privateKey, dsaEncoding: 'ieee-p1363' })),
  }
}

const bytesOf = (n: bigint): Uint8Array => Uint8Array.from(Buffer.from(n.toString(16).padStart(64, '0'), 'hex'))
const both = (sig: Uint8Array, m: Uint8Array, key: Uint8Array): boolean => {
  const verdict = native.verifyP256(sig, m, key)
  expect(noble.verifyP256(sig, m, key)).toBe(verdict)
  return verdict
}

test('U2.4-POCI-6 a signature on P-256 has one form, and both halves say the same of it', () => {
  const { key, raw } = pair()
  const other = pair()
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), fc.nat(63), fc.integer({ min: 1, max: 255 }), (m, at, x) => {
      const low = native.lowerP256(raw(m))
      expect(both(low, m, key)).toBe(true)
      expect(native.lowerP256(low)).toEqual(low)
      const high = Uint8Array.from(low)
      high.set(bytesOf(N - BigInt(`0x${Buffer.from(low.subarray(32)).toString('hex')}`)), 32)
      expect(both(high, m, key)).toBe(false)
      expect(native.lowerP256(high)).toEqual(low)
      const changed = Uint8Array.from(low)
      changed[at] = (changed[at] as number) ^ x
      expect(both(changed, m, key)).toBe(false)
      expect(both(low, Uint8Array.of(...m, 0), key)).toBe(false)
      expect(both(low, m, other.key)).toBe(false)
    }),
    { numRuns: 10 },
  )
})

test('malformed keys and signatures on P-256 are refused alike, without an error', () => {
  const { key, raw } = pair()
  const m = Uint8Array.of(1)
  const good = native.lowerP256(raw(m))
  const keys = [
    new Uint8Array(0),
    key.subarray(1),
    Uint8Array.of(...key, 0),
    Uint8Array.of(4, ...key.subarray(1)),
    Uint8Array.of(0, ...key.subarray(1)),
    Uint8Array.of(5 - (key[0] as number), ...key.subarray(1)),
    Uint8Array.of(2, ...new Uint8Array(32).fill(255)),
    // no point has this x: x^3 - 3x + b is not a square
    Uint8Array.of(2, ...new Uint8Array(31), 1),
    undefined as unknown as Uint8Array,
  ]
  for (const bad of keys) expect(both(good, m, bad)).toBe(false)
  const r = good.subarray(0, 32)
  const s = good.subarray(32)
  const join = (a: Uint8Array, b: Uint8Array): Uint8Array => Uint8Array.of(...a, ...b)
  const sigs = [
    new Uint8Array(64),
    good.subarray(1),
    Uint8Array.of(...good, 0),
    join(new Uint8Array(32), s),
    join(r, new Uint8Array(32)),
    join(bytesOf(N), s),
    join(r, bytesOf(N)),
    join(new Uint8Array(32).fill(255), s),
    join(r, bytesOf(N / 2n + 1n)),
    undefined as unknown as Uint8Array,
  ]
  for (const bad of sigs) expect(both(bad, m, key)).toBe(false)
})

test('verifyIdentity goes by the kind of the key', () => {
  const m = Uint8Array.of(7)
  const p = pair()
  const secret = new Uint8Array(32).fill(3)
  const ed = { alg: 'ed25519', bytes: native.publicKeyEd25519(secret) } as const
  const [pSig, eSig] = [native.lowerP256(p.raw(m)), native.signEd25519(m, secret)]
  for (const half of [native, noble]) {
    expect(half.verifyIdentity(pSig, m, { alg: 'p256', bytes: p.key })).toBe(true)
    expect(half.verifyIdentity(eSig, m, ed)).toBe(true)
    expect(half.verifyIdentity(eSig, m, { alg: 'p256', bytes: p.key })).toBe(false)
    expect(half.verifyIdentity(pSig, m, ed)).toBe(false)
  }
})

test('U2.5-AGG-1 sums of BLS keys grow and shrink by one key alike in both halves, down to no key', () => {
  const secrets = [1, 2, 3].map((n) => native.blsKeygen(new Uint8Array(32).fill(n)))
  const [a, b, c] = secrets.map((s) => native.blsPublicKey(s)) as [Uint8Array, Uint8Array, Uint8Array]
  const change = (sum: Uint8Array, key: Uint8Array, how: 'add' | 'subtract'): Uint8Array => {
    const got = native.blsChangeKeySum(sum, key, how)
    expect(noble.blsChangeKeySum(sum, key, how)).toEqual(got)
    return got
  }
  const all = [a, b, c].reduce((sum, key) => change(sum, key, 'add'), NO_KEYS)
  const m = Uint8Array.of(9)
  const whole = native.blsAggregate(secrets.map((s) => native.blsSign(m, s)))
  expect(native.blsVerify(whole, m, all)).toBe(true)
  const less = change(all, b, 'subtract')
  expect(less).toEqual([c, a].reduce((sum, key) => change(sum, key, 'add'), NO_KEYS))
  expect(change(change(less, a, 'subtract'), c, 'subtract')).toEqual(NO_KEYS)
  expect(change(a, a, 'add')).toEqual(change(change(a, b, 'add'), change(a, b, 'subtract'), 'add'))
  // a key and its inverse
  const inverse = Uint8Array.from(a)
  inverse[0] = (inverse[0] as number) ^ 0x20
  expect(change(a, inverse, 'add')).toEqual(NO_KEYS)
  for (const half of [native, noble]) {
    for (const bad of [NO_KEYS, new Uint8Array(48), a.subarray(1)]) expect(() => half.blsChangeKeySum(a, bad, 'add')).toThrow(/not a point/)
    expect(() => half.blsChangeKeySum(new Uint8Array(48), a, 'add')).toThrow(/not a point/)
  }
})
