import { bls12_381 } from '@noble/curves/bls12-381.js'
import { expect, test } from 'vitest'
import { concatBytes, fromHex, possessionMessage, sha256, toHex, utf8, type Validator } from '../core/index.ts'
import * as noble from './index.ts'
import * as native from './native.ts'
import { readVectors } from './testing/vectors.ts'

const { G1, G2 } = bls12_381
const order = bls12_381.fields.Fr.ORDER
const seedOf = (i: number) => sha256(Uint8Array.of(i))
const secrets = [1, 2, 3].map((i) => native.blsKeygen(seedOf(i)))
const keys = secrets.map(native.blsPublicKey)

/** What both halves say; fails when they differ. */
function both(sig: Uint8Array, message: Uint8Array, set: readonly Uint8Array[]): boolean {
  const a = noble.blsFastAggregateVerify(sig, message, set)
  const b = native.blsFastAggregateVerify(sig, message, set)
  expect({ noble: a, native: b, sig: toHex(sig), set: set.map(toHex) }).toEqual({
    noble: b,
    native: b,
    sig: toHex(sig),
    set: set.map(toHex),
  })
  return b
}

interface Wycheproof {
  readonly numberOfTests: number
  readonly testGroups: readonly {
    readonly publicKey: { readonly pk: string }
    readonly tests: readonly { tcId: number; msg: string; sig: string; result: string }[]
  }[]
}

const wycheproof = readVectors<Wycheproof>('wycheproof/bls_sig_g2_pop_verify_test.json')
test.skipIf(wycheproof === undefined)(
  'Wycheproof BLS POP: both halves say what the vectors say (skipped where shared/vectors is absent)',
  () => {
    let n = 0
    for (const group of wycheproof?.testGroups ?? []) {
      for (const t of group.tests) {
        const valid = both(fromHex(t.sig), fromHex(t.msg), [fromHex(group.publicKey.pk)])
        expect(`${t.tcId} ${valid ? 'valid' : 'invalid'}`).toBe(`${t.tcId} ${t.result}`)
        n++
      }
    }
    expect(n).toBe(wycheproof?.numberOfTests)
    expect(n).toBeGreaterThan(0)
  },
)

test('keygen, keys, signatures and aggregates are the same bytes in both halves', () => {
  const message = utf8('one message')
  const sigs = secrets.map((s) => native.blsSign(message, s))
  for (const [i, secret] of secrets.entries()) {
    expect(noble.blsKeygen(seedOf(i + 1))).toEqual(secret)
    expect(noble.blsPublicKey(secret)).toEqual(keys[i])
  }
  expect(noble.blsSign(message, secrets[0] as Uint8Array)).toEqual(sigs[0])
  const sum = native.blsAggregate(sigs)
  expect(noble.blsAggregate(sigs)).toEqual(sum)
  expect(both(sum, message, keys)).toBe(true)
  expect(both(sum, utf8('another'), keys)).toBe(false)
  expect(both(sum, message, keys.slice(1))).toBe(false)
  expect(both(sum, message, [...keys, keys[0] as Uint8Array])).toBe(false)
  expect(both(sigs[0] as Uint8Array, message, keys.slice(0, 1))).toBe(true)
  expect(noble.blsVerify(sigs[1] as Uint8Array, message, keys[1] as Uint8Array)).toBe(true)
  for (const half of [noble, native]) {
    expect(() => half.blsAggregate([])).toThrow(/no signature/)
    expect(() => half.blsAggregate([sum, new Uint8Array(96)])).toThrow(/signature 1/)
    expect(() => half.blsKeygen(new Uint8Array(31))).toThrow(/at least 32 bytes/)
    expect(() => half.blsSign(message, new Uint8Array(31))).toThrow(/secret key/)
  }
})

/** The first point of a curve that lies outside its prime-order subgroup, compressed; its y's sign does not matter. */
function outside(at: (x: bigint) => { readonly point: { isTorsionFree(): boolean }; readonly x: Uint8Array } | undefined): Uint8Array {
  for (let x = 1n; ; x++) {
    const found = at(x)
    if (found !== undefined && !found.point.isTorsionFree()) return Uint8Array.from(found.x, (b, i) => (i === 0 ? b | 0x80 : b))
  }
}

test('points outside the subgroup, at infinity, not canonical or of another length are refused by both', () => {
  const message = utf8('m')
  const key = keys[0] as Uint8Array
  const sig = native.blsSign(message, secrets[0] as Uint8Array)
  const { Fp, Fp2 } = bls12_381.fields
  const lowKey = outside((x) => {
    const y2 = Fp.add(Fp.pow(x, 3n), 4n)
    try {
      return { point: G1.Point.fromAffine({ x, y: Fp.sqrt(y2) }), x: Fp.toBytes(x) }
    } catch {
      return undefined
    }
  })
  const b2 = Fp2.fromBigTuple([4n, 4n])
  const lowSig = outside((n) => {
    const x = Fp2.fromBigTuple([n, 0n])
    try {
      const y = Fp2.sqrt(Fp2.add(Fp2.mul(Fp2.mul(x, x), x), b2))
      return { point: G2.Point.fromAffine({ x, y }), x: concatBytes(Fp.toBytes(x.c1), Fp.toBytes(x.c0)) }
    } catch {
      return undefined
    }
  })
  const infinityKey = Uint8Array.from({ length: 48 }, (_, i) => (i === 0 ? 0xc0 : 0))
  const infinitySig = Uint8Array.from({ length: 96 }, (_, i) => (i === 0 ? 0xc0 : 0))
  expect(both(sig, message, [key])).toBe(true)
  expect(both(sig, message, [])).toBe(false)
  const uncompressedKey = G1.Point.fromBytes(key).toBytes(false)
  for (const bad of [
    lowKey,
    infinityKey,
    new Uint8Array(48),
    new Uint8Array(48).fill(0xff),
    key.subarray(1),
    new Uint8Array(0),
    uncompressedKey,
  ]) {
    expect(both(sig, message, [bad])).toBe(false)
    expect(both(sig, message, [key, bad])).toBe(false)
    expect(both(infinitySig, message, [bad])).toBe(false)
  }
  const uncompressedSig = G2.Point.fromBytes(sig).toBytes(false)
  for (const bad of [
    lowSig,
    infinitySig,
    new Uint8Array(96),
    new Uint8Array(96).fill(0xff),
    sig.subarray(1),
    new Uint8Array(0),
    uncompressedSig,
  ]) {
    expect(both(bad, message, [key])).toBe(false)
    for (const half of [noble, native]) expect(() => half.blsAggregate([bad])).toThrow(/signature 0/)
  }
  // Keys that cancel sum to infinity: e(O, H(m)) would accept the signature at infinity.
  const negated = G1.Point.fromBytes(key).negate().toBytes()
  expect(both(sig, message, [key, negated])).toBe(false)
  expect(both(infinitySig, message, [key, negated])).toBe(false)
})

test('signatures checked together: both halves agree, and none passes that would not alone', () => {
  const messages = ['a', 'a', 'b'].map(utf8)
  const checks = secrets.map((secret, i) => ({
    signature: native.blsSign(messages[i] as Uint8Array, secret),
    message: messages[i] as Uint8Array,
    key: keys[i] as Uint8Array,
  }))
  const all = (set: typeof checks): boolean => {
    const good = noble.blsVerifyAll(set)
    expect(native.blsVerifyAll(set)).toBe(good)
    return good
  }
  const [a, b, c] = checks as [(typeof checks)[number], (typeof checks)[number], (typeof checks)[number]]
  for (const good of [[], [a], checks, [a, b], [b, c], [a, a, a, c]]) expect(all(good)).toBe(true)
  const delta = G2.Point.BASE
  const moved = [
    { ...a, signature: G2.Point.fromBytes(a.signature).add(delta).toBytes() },
    { ...b, signature: G2.Point.fromBytes(b.signature).subtract(delta).toBytes() },
  ]
  // the sum is valid, neither signature is
  expect(both(native.blsAggregate(moved.map((m) => m.signature)), utf8('a'), [a.key, b.key])).toBe(true)
  expect(all(moved)).toBe(false)
  const swapped = [
    { ...a, signature: b.signature },
    { ...b, signature: a.signature },
  ]
  expect(all(swapped)).toBe(false)
  const infinity = Uint8Array.from({ length: 96 }, (_, i) => (i === 0 ? 0xc0 : 0))
  for (const signature of [infinity, new Uint8Array(96), new Uint8Array(0), G2.Point.fromBytes(a.signature).toBytes(false), c.signature])
    for (const set of [[{ ...a, signature }], [{ ...a, signature }, b], [{ ...a, signature }, c]]) expect(all(set)).toBe(false)
  for (const key of [new Uint8Array(48), keys[2] as Uint8Array, new Uint8Array(0)]) expect(all([{ ...a, key }, b])).toBe(false)
})

test('mutations of flag bits, x coordinates and random bits: halves agree', () => {
  const message = utf8('m')
  const key = keys[0] as Uint8Array
  const sig = native.blsSign(message, secrets[0] as Uint8Array)
  const mutate = (from: Uint8Array, i: number, xor: number) => Uint8Array.from(from, (b, at) => (at === i ? b ^ xor : b))
  for (let bit = 5; bit < 8; bit++) {
    expect(both(mutate(sig, 0, 1 << bit), message, [key])).toBe(false)
    expect(both(sig, message, [mutate(key, 0, 1 << bit)])).toBe(false)
  }
  for (let n = 0; n < 12; n++) {
    expect(both(mutate(sig, (n * 37) % 96, 1 << (n % 8)), message, [key])).toBe(false)
    expect(both(sig, message, [mutate(key, (n * 29) % 48, 1 << (n % 8))])).toBe(false)
  }
  // x + p, where it fits, is the same point in other bytes
  const x = BigInt(`0x${toHex(key)}`) & ((1n << 381n) - 1n)
  const over = x + bls12_381.fields.Fp.ORDER
  if (over < 1n << 381n) {
    const flags = BigInt((key[0] as number) & 0xe0) << 376n
    expect(both(sig, message, [fromHex((over | flags).toString(16).padStart(96, '0'))])).toBe(false)
  }
})

test('the rogue-key forgery passes the aggregate and fails at registration', () => {
  const victim = keys[0] as Uint8Array
  const x = 424242n
  const rogue = G1.Point.BASE.multiply(x).subtract(G1.Point.fromBytes(victim)).toBytes()
  const forged = bls12_381.fields.Fr.toBytes(x % order)
  const message = utf8('a block the victim never saw')
  const aggregate = native.blsSign(message, forged)
  // The forgery itself: two "signers", the victim took no part.
  expect(both(aggregate, message, [victim, rogue])).toBe(true)
  const nodeKey = noble.publicKeyEd25519(seedOf(9))
  const honest: Validator = { key: nodeKey, bls: victim, pop: native.blsProvePossession(secrets[0] as Uint8Array), power: 1 }
  // The best the attacker has: a proof under the scalar it knows, the victim's proof, and an aggregate over the rogue key's own message.
  const proofs = [
    native.blsSign(possessionMessage(rogue), forged),
    honest.pop,
    native.blsProvePossession(forged),
    native.blsAggregate([native.blsSign(possessionMessage(rogue), forged), honest.pop]),
  ]
  for (const half of [noble, native]) {
    expect(half.verifyValidator(honest)).toBe(true)
    for (const pop of proofs) expect(half.verifyValidator({ key: nodeKey, bls: rogue, pop, power: 1 })).toBe(false)
    for (const power of [0, -1, 0.5, Number.NaN]) expect(half.verifyValidator({ ...honest, power })).toBe(false)
    expect(half.verifyValidator({ ...honest, key: new Uint8Array(32) })).toBe(false)
    // A vote is no proof of possession.
    expect(half.verifyValidator({ ...honest, pop: native.blsSign(utf8('vote'), secrets[0] as Uint8Array) })).toBe(false)
  }
  expect(noble.blsProvePossession(secrets[0] as Uint8Array)).toEqual(honest.pop)
})
