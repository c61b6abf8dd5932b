/** BLS on noble, under the rule of bls-rule.ts. The reference half: portable, slow. */
import { bls12_381 } from '@noble/curves/bls12-381.js'
import { expand, extract } from '@noble/hashes/hkdf.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { abytes, concatBytes, equalBytes, NO_KEYS, possessionMessage, toHex, UtnetError, utf8, type SignatureCheck } from '../core/index.ts'
import { BLS_DST, BLS_KEY_BYTES, BLS_KEY_CACHE, BLS_SECRET_BYTES, BLS_SIGNATURE_BYTES } from './bls-rule.ts'
import { Lru } from './lru.ts'

type KeyPoint = InstanceType<typeof bls12_381.G1.Point>
type SignaturePoint = InstanceType<typeof bls12_381.G2.Point>

const keys = new Lru<KeyPoint>(BLS_KEY_CACHE)

/** The point of a key; undefined when the rule refuses it. */
function readKey(key: Uint8Array): KeyPoint | undefined {
  if (!(key instanceof Uint8Array) || key.length !== BLS_KEY_BYTES) return undefined
  const id = toHex(key)
  const known = keys.get(id)
  if (known !== undefined) return known
  try {
    // fromBytes checks curve and subgroup.
    const point = bls12_381.G1.Point.fromBytes(key)
    if (point.is0()) return undefined
    keys.set(id, point)
    return point
  } catch {
    return undefined
  }
}

function readSignature(sig: Uint8Array): SignaturePoint | undefined {
  if (!(sig instanceof Uint8Array) || sig.length !== BLS_SIGNATURE_BYTES) return undefined
  try {
    const point = bls12_381.G2.Point.fromBytes(sig)
    return point.is0() ? undefined : point
  } catch {
    return undefined
  }
}

const hashed = (message: Uint8Array): SignaturePoint => bls12_381.longSignatures.hash(message, BLS_DST)

/** Secret key (32 bytes) of at least 32 bytes of seed: KeyGen of the draft, section 2.3. */
export function blsKeygen(seed: Uint8Array): Uint8Array {
  if (abytes(seed, undefined, 'seed').length < 32)
    throw new UtnetError('core_bad_argument', `seed must be at least 32 bytes, got ${seed.length}`)
  const order = bls12_381.fields.Fr.ORDER
  let salt = utf8('BLS-SIG-KEYGEN-SALT-')
  for (;;) {
    salt = sha256(salt)
    const prk = extract(sha256, concatBytes(seed, Uint8Array.of(0)), salt)
    const okm = expand(sha256, prk, Uint8Array.of(0, 48), 48)
    const scalar = BigInt(`0x${toHex(okm)}`) % order
    if (scalar !== 0n) return bls12_381.fields.Fr.toBytes(scalar)
  }
}

/** Public key (48 bytes) of a secret key. */
export function blsPublicKey(secret: Uint8Array): Uint8Array {
  return bls12_381.longSignatures.getPublicKey(abytes(secret, BLS_SECRET_BYTES, 'secret key')).toBytes()
}

/** Signature (96 bytes) of a message. */
export function blsSign(message: Uint8Array, secret: Uint8Array): Uint8Array {
  return bls12_381.longSignatures.sign(hashed(message), abytes(secret, BLS_SECRET_BYTES, 'secret key')).toBytes()
}

/** True when the signature is valid. False, never an error, for malformed input. */
export function blsVerify(sig: Uint8Array, message: Uint8Array, key: Uint8Array): boolean {
  return blsFastAggregateVerify(sig, message, [key])
}

/** Sum of signatures (96 bytes). Throws `core_bad_argument` naming the one that the rule refuses, or when there is none. */
export function blsAggregate(sigs: readonly Uint8Array[]): Uint8Array {
  if (sigs.length === 0) throw new UtnetError('core_bad_argument', 'no signature to aggregate')
  let sum = bls12_381.G2.Point.ZERO
  sigs.forEach((sig, i) => {
    const point = readSignature(sig)
    if (point === undefined) throw new UtnetError('core_bad_argument', `signature ${i} is not a point of the signature group`)
    sum = sum.add(point)
  })
  return sum.toBytes()
}

/** True when the aggregate is valid for one message under all keys. Every key must have a checked proof of possession (`verifyValidator`). */
export function blsFastAggregateVerify(sig: Uint8Array, message: Uint8Array, keysOf: readonly Uint8Array[]): boolean {
  if (keysOf.length === 0) return false
  const signature = readSignature(sig)
  if (signature === undefined) return false
  let sum = bls12_381.G1.Point.ZERO
  for (const key of keysOf) {
    const point = readKey(key)
    if (point === undefined) return false
    sum = sum.add(point)
  }
  return !sum.is0() && bls12_381.longSignatures.verify(signature, hashed(message), sum)
}

/** True when each signature is valid for its message under its key; every key must have a checked proof of possession. Here one after the other. */
export function blsVerifyAll(checks: readonly SignatureCheck[]): boolean {
  return checks.every(({ signature, message, key }) => blsVerify(signature, message, key))
}

/**
 * Sum of keys (48 bytes) with one key more, or less. A sum may be the point at infinity, a key not. Throws `core_bad_argument` for bytes that the rule
 * refuses.
 */
export function blsChangeKeySum(sum: Uint8Array, key: Uint8Array, change: 'add' | 'subtract'): Uint8Array {
  const point = readKey(key)
  const before = equalBytes(sum, NO_KEYS) ? bls12_381.G1.Point.ZERO : readKey(sum)
  if (point === undefined || before === undefined) throw new UtnetError('core_bad_argument', 'not a point of the key group')
  const after = change === 'add' ? before.add(point) : before.subtract(point)
  return after.is0() ? NO_KEYS : after.toBytes()
}

/** Proof of possession (96 bytes) of a secret key. */
export function blsProvePossession(secret: Uint8Array): Uint8Array {
  return blsSign(possessionMessage(blsPublicKey(secret)), secret)
}
