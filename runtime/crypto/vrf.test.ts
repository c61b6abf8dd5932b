import { ED25519_TORSION_SUBGROUP, ed25519 } from '@noble/curves/ed25519.js'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { fromHex, toHex, utf8 } from '../core/index.ts'
import { publicKeyEd25519, vrfOutput, vrfProve, vrfVerify } from './index.ts'
import * as native from './native.ts'
import { readVectors } from './testing/vectors.ts'

interface Rfc9381 {
  readonly vectors: readonly {
    readonly suite: 3 | 4
    readonly sk: string
    readonly alpha: string
    readonly pi: string
    readonly betaPrefix: string | null
  }[]
}

const rfc = readVectors<Rfc9381>('rfc9381.json')
test.skipIf(rfc === undefined)('RFC 9381 appendix B.3 and B.4: proofs and outputs (skipped where shared/vectors is absent)', () => {
  expect(rfc?.vectors.length).toBeGreaterThan(0)
  for (const v of rfc?.vectors ?? []) {
    const suite = v.suite === 3 ? 'tai' : 'ell2'
    const secret = fromHex(v.sk)
    const alpha = fromHex(v.alpha)
    const proof = vrfProve(secret, alpha, suite)
    expect(toHex(proof)).toBe(v.pi)
    expect(toHex(native.vrfProve(secret, alpha, suite))).toBe(v.pi)
    const beta = vrfVerify(publicKeyEd25519(secret), alpha, proof, suite)
    expect(beta).toBeDefined()
    expect(toHex(beta as Uint8Array).startsWith(v.betaPrefix ?? '')).toBe(true)
    expect(vrfOutput(proof, suite)).toEqual(beta)
    expect(vrfVerify(publicKeyEd25519(secret), alpha, proof, suite === 'tai' ? 'ell2' : 'tai')).toBeUndefined()
  }
})

test('both halves make the same proofs', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), fc.uint8Array({ maxLength: 80 }), fc.boolean(), (sk, input, tai) => {
      const suite = tai ? 'tai' : 'ell2'
      expect(native.vrfProve(sk, input, suite)).toEqual(vrfProve(sk, input, suite))
    }),
    { numRuns: 20 },
  )
})

const secret = Uint8Array.from({ length: 32 }, (_, i) => 255 - i)
const key = publicKeyEd25519(secret)
const alpha = utf8('height 7')

test('unique and strict: any changed bit of key, input or proof is refused', () => {
  const proof = vrfProve(secret, alpha)
  expect(vrfProve(secret, alpha)).toEqual(proof)
  expect(vrfVerify(key, alpha, proof)).toHaveLength(64)
  const flip = (b: Uint8Array, bit: number) => Uint8Array.from(b, (v, i) => (i === bit >> 3 ? v ^ (1 << (bit & 7)) : v))
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2 }), fc.nat(), (part, n) => {
      if (part === 0) expect(vrfVerify(flip(key, n % 256), alpha, proof)).toBeUndefined()
      else if (part === 1) expect(vrfVerify(key, flip(alpha, n % (alpha.length * 8)), proof)).toBeUndefined()
      else expect(vrfVerify(key, alpha, flip(proof, n % 640))).toBeUndefined()
    }),
    { numRuns: 60 },
  )
})

test('s + L, small-order keys, Gamma off the curve and other lengths are refused', () => {
  const proof = vrfProve(secret, alpha)
  let s = BigInt(`0x${toHex(proof.slice(48).reverse())}`) + ed25519.Point.Fn.ORDER
  const bigger = Uint8Array.from(proof)
  for (let i = 48; i < 80; i++, s >>= 8n) bigger[i] = Number(s & 255n)
  expect(vrfVerify(key, alpha, bigger)).toBeUndefined()
  expect(vrfOutput(bigger)).toBeUndefined()
  for (const t of ED25519_TORSION_SUBGROUP) expect(vrfVerify(fromHex(t), alpha, proof)).toBeUndefined()
  for (const bad of [new Uint8Array(0), proof.subarray(1), new Uint8Array(81), new Uint8Array(80).fill(0xff)]) {
    expect(vrfVerify(key, alpha, bad)).toBeUndefined()
    expect(vrfOutput(bad)).toBeUndefined()
  }
  expect(vrfVerify(new Uint8Array(31), alpha, proof)).toBeUndefined()
})
