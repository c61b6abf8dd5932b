/**
 * ECVRF-EDWARDS25519-SHA512 of RFC 9381: suite ELL2 (0x04), which the chain uses, and TAI (0x03) for its vectors.
 * A proof is 80 bytes: Gamma 32, c 16, s 32. Keys are ed25519 keys. Both halves judge proofs by this one; proofs are made here too, or by vrf-native.ts with
 * another multiplication.
 */
import { ed25519_hasher } from '@noble/curves/ed25519.js'
import { sha512 } from '@noble/hashes/sha2.js'
import { abytes, concatBytes, equalBytes, utf8, UtnetError } from '../core/index.ts'
import { Point } from './ed25519-point.ts'
import { acceptableKey, moduloOrder, readScalar } from './ed25519-rule.ts'

type Point = InstanceType<typeof Point>

/** RFC 9381, section 5.5: how a message becomes a point. */
export type VrfSuite = 'ell2' | 'tai'

/** Length of a proof of either suite. */
export const VRF_PROOF_BYTES = 80

const SUITE = { tai: 0x03, ell2: 0x04 } as const
const ELL2_DST = concatBytes(utf8('ECVRF_edwards25519_XMD:SHA-512_ELL2_NU_'), Uint8Array.of(SUITE.ell2))

/** Section 5.4.1: the curve point of an input under a key. Both ways leave the cofactor cleared. */
function encodeToCurve(suite: VrfSuite, key: Uint8Array, alpha: Uint8Array): Point {
  if (suite === 'ell2') return ed25519_hasher.encodeToCurve(concatBytes(key, alpha), { DST: ELL2_DST })
  for (let counter = 0; counter < 256; counter++) {
    const hash = sha512(concatBytes(Uint8Array.of(SUITE.tai, 1), key, alpha, Uint8Array.of(counter, 0)))
    const point = decodePoint(hash.subarray(0, 32))?.multiplyUnsafe(8n)
    if (point !== undefined && !point.is0()) return point
  }
  throw new UtnetError('core_bad_argument', 'no curve point for the VRF input')
}

/** The point of canonical bytes (RFC 8032 5.1.3), or undefined. */
function decodePoint(bytes: Uint8Array): Point | undefined {
  try {
    return Point.fromBytes(bytes, false)
  } catch {
    return undefined
  }
}

function challenge(suite: VrfSuite, points: readonly Uint8Array[]): Uint8Array {
  return sha512(concatBytes(Uint8Array.of(SUITE[suite], 2), ...points, Uint8Array.of(0))).subarray(0, 16)
}

/** 32 bytes, little-endian, of a scalar below the group's order. */
export function scalarBytes(n: bigint): Uint8Array {
  return Point.Fn.toBytes(n)
}

function betaOf(suite: VrfSuite, gamma: Point): Uint8Array {
  return sha512(concatBytes(Uint8Array.of(SUITE[suite], 3), gamma.multiplyUnsafe(8n).toBytes(), Uint8Array.of(0)))
}

/** The encoding of a point times a scalar below the group's order. */
export type PointTimes = (point: Uint8Array, scalar: bigint) => Uint8Array

/** Proof (80 bytes) of the input `alpha` under a 32-byte ed25519 secret (section 5.1). */
export function vrfProve(secret: Uint8Array, alpha: Uint8Array, suite: VrfSuite = 'ell2'): Uint8Array {
  return proverBy((point, scalar) => Point.fromBytes(point).multiply(scalar).toBytes(), secret, suite)(alpha)
}

/** What proofs are made by, each of its own input. */
export type Prover = (alpha: Uint8Array) => Uint8Array

/** A prover by a multiplication of one's own, which is given secret scalars. */
export function proverBy(times: PointTimes, secret: Uint8Array, suite: VrfSuite): Prover {
  const base = Point.BASE.toBytes()
  const expanded = sha512(abytes(secret, 32, 'secret key'))
  const low = expanded.slice(0, 32)
  low[0] = (low[0] as number) & 248
  low[31] = ((low[31] as number) & 127) | 64
  const x = moduloOrder(low)
  const key = times(base, x)
  return (alpha) => {
    const hBytes = encodeToCurve(suite, key, alpha).toBytes()
    const gamma = times(hBytes, x)
    const k = moduloOrder(sha512(concatBytes(expanded.subarray(32), hBytes)))
    const c = challenge(suite, [key, hBytes, gamma, times(base, k), times(hBytes, k)])
    const s = Point.Fn.add(k, Point.Fn.mul(moduloOrder(c), x))
    return concatBytes(gamma, c, scalarBytes(s))
  }
}

/**
 * The output beta (64 bytes) when the proof is valid for the input under the key (section 5.3), else undefined; never an error.
 * Strict: the key is canonical and not of small order, Gamma canonical, s below the group's order.
 */
export function vrfVerify(key: Uint8Array, alpha: Uint8Array, proof: Uint8Array, suite: VrfSuite = 'ell2'): Uint8Array | undefined {
  if (!acceptableKey(key) || !(proof instanceof Uint8Array) || proof.length !== VRF_PROOF_BYTES || !(alpha instanceof Uint8Array))
    return undefined
  const y = decodePoint(key)
  const gamma = decodePoint(proof.subarray(0, 32))
  const s = readScalar(proof.subarray(48))
  if (y === undefined || gamma === undefined || s === undefined) return undefined
  const c = moduloOrder(proof.subarray(32, 48))
  const h = encodeToCurve(suite, key, alpha)
  const u = Point.BASE.multiplyUnsafe(s).subtract(y.multiplyUnsafe(c))
  const v = h.multiplyUnsafe(s).subtract(gamma.multiplyUnsafe(c))
  const again = challenge(suite, [key, h.toBytes(), proof.subarray(0, 32), u.toBytes(), v.toBytes()])
  return equalBytes(again, proof.subarray(32, 48)) ? betaOf(suite, gamma) : undefined
}

/** The output beta (64 bytes) that a proof stands for (section 5.2), unverified; undefined when it is malformed. */
export function vrfOutput(proof: Uint8Array, suite: VrfSuite = 'ell2'): Uint8Array | undefined {
  if (!(proof instanceof Uint8Array) || proof.length !== VRF_PROOF_BYTES || readScalar(proof.subarray(48)) === undefined) return undefined
  const gamma = decodePoint(proof.subarray(0, 32))
  return gamma === undefined ? undefined : betaOf(suite, gamma)
}
