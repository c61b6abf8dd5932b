/** BLS by blst, under the rule of bls-rule.ts. */
import { aggregatePublicKeys, aggregateSignatures, fastAggregateVerify, PublicKey, SecretKey, Signature } from '@chainsafe/blst'
import { abytes, equalBytes, NO_KEYS, possessionMessage, UtnetError } from '../core/index.ts'
import { BLS_KEY_BYTES, BLS_KEY_CACHE, BLS_SECRET_BYTES, BLS_SIGNATURE_BYTES, inverseKey } from './bls-rule.ts'
import { Lru } from './lru.ts'

const keys = new Lru<PublicKey>(BLS_KEY_CACHE)

/** The decoded key; undefined when the rule refuses it. */
function readKey(key: Uint8Array): PublicKey | undefined {
  if (!(key instanceof Uint8Array) || key.length !== BLS_KEY_BYTES) return undefined
  const id = Buffer.from(key.buffer, key.byteOffset, key.length).toString('latin1')
  const known = keys.get(id)
  if (known !== undefined) return known
  try {
    // Without `true` blst takes points outside the subgroup.
    const point = PublicKey.fromBytes(key, true)
    keys.set(id, point)
    return point
  } catch {
    return undefined
  }
}

function readSignature(sig: Uint8Array): Signature | undefined {
  if (!(sig instanceof Uint8Array) || sig.length !== BLS_SIGNATURE_BYTES) return undefined
  try {
    return Signature.fromBytes(sig, true, true)
  } catch {
    return undefined
  }
}

function readSecret(secret: Uint8Array): SecretKey {
  try {
    return SecretKey.fromBytes(abytes(secret, BLS_SECRET_BYTES, 'secret key'))
  } catch (cause) {
    throw new UtnetError('core_bad_argument', 'secret key is not a scalar of the group', { cause })
  }
}

const bytesOf = (b: Uint8Array): Uint8Array => Uint8Array.from(b)

/** Secret key (32 bytes) of at least 32 bytes of seed: KeyGen of the draft, section 2.3. */
export function blsKeygen(seed: Uint8Array): Uint8Array {
  if (abytes(seed, undefined, 'seed').length < 32)
    throw new UtnetError('core_bad_argument', `seed must be at least 32 bytes, got ${seed.length}`)
  return bytesOf(SecretKey.fromKeygen(seed).toBytes())
}

/** Public key (48 bytes) of a secret key. */
export function blsPublicKey(secret: Uint8Array): Uint8Array {
  return bytesOf(readSecret(secret).toPublicKey().toBytes(true))
}

/** Signature (96 bytes) of a message. */
export function blsSign(message: Uint8Array, secret: Uint8Array): Uint8Array {
  return bytesOf(readSecret(secret).sign(message).toBytes(true))
}

/** True when the signature is valid. False, never an error, for malformed input. */
export function blsVerify(sig: Uint8Array, message: Uint8Array, key: Uint8Array): boolean {
  return blsFastAggregateVerify(sig, message, [key])
}

/** Sum of signatures (96 bytes). Throws `core_bad_argument` naming the one that the rule refuses, or when there is none. */
export function blsAggregate(sigs: readonly Uint8Array[]): Uint8Array {
  if (sigs.length === 0) throw new UtnetError('core_bad_argument', 'no signature to aggregate')
  const points = sigs.map((sig, i) => {
    const point = readSignature(sig)
    if (point === undefined) throw new UtnetError('core_bad_argument', `signature ${i} is not a point of the signature group`)
    return point
  })
  return bytesOf(aggregateSignatures(points, false).toBytes(true))
}

/** True when the aggregate is valid for one message under all keys. Every key must have a checked proof of possession (`verifyValidator`). */
export function blsFastAggregateVerify(sig: Uint8Array, message: Uint8Array, keysOf: readonly Uint8Array[]): boolean {
  if (keysOf.length === 0) return false
  const signature = readSignature(sig)
  if (signature === undefined) return false
  const points: PublicKey[] = []
  for (const key of keysOf) {
    const point = readKey(key)
    if (point === undefined) return false
    points.push(point)
  }
  try {
    return fastAggregateVerify(message, points, signature, false)
  } catch {
    return false
  }
}

/**
 * Sum of keys (48 bytes) with one key more, or less. A sum may be the point at infinity, a key not. Throws `core_bad_argument` for bytes that the rule
 * refuses.
 */
export function blsChangeKeySum(sum: Uint8Array, key: Uint8Array, change: 'add' | 'subtract'): Uint8Array {
  const point = readKey(change === 'add' ? key : inverseKey(key))
  if (point === undefined) throw new UtnetError('core_bad_argument', 'not a point of the key group')
  if (equalBytes(sum, NO_KEYS)) return bytesOf(point.toBytes(true))
  const before = readKey(sum)
  if (before === undefined) throw new UtnetError('core_bad_argument', 'not a point of the key group')
  return bytesOf(aggregatePublicKeys([before, point], false).toBytes(true))
}

/** Proof of possession (96 bytes) of a secret key. */
export function blsProvePossession(secret: Uint8Array): Uint8Array {
  return blsSign(possessionMessage(blsPublicKey(secret)), secret)
}
