/** BLS by blst, under the rule of bls-rule.ts. */
import {
  aggregatePublicKeys,
  aggregateSignatures,
  aggregateWithRandomness,
  fastAggregateVerify,
  PublicKey,
  SecretKey,
  Signature,
  verify,
  verifyMultipleAggregateSignatures,
} from '@chainsafe/blst'
import { abytes, equalBytes, NO_KEYS, possessionMessage, UtnetError, type SignatureCheck } from '../core/index.ts'
import { BLS_KEY_BYTES, BLS_KEY_CACHE, BLS_SECRET_BYTES, BLS_SIGNATURE_BYTES, BLS_SIGNATURE_CACHE, inverseKey } from './bls-rule.ts'
import { Lru } from './lru.ts'

const keys = new Lru<PublicKey>(BLS_KEY_CACHE)
/** Bytes of signatures whose points were checked, or made here: the check of the subgroup is two thirds of reading one. */
const sound = new Lru<true>(BLS_SIGNATURE_CACHE)

const idOf = (b: Uint8Array): string => Buffer.from(b.buffer, b.byteOffset, b.length).toString('latin1')

/** The decoded key; undefined when the rule refuses it. */
function readKey(key: Uint8Array): PublicKey | undefined {
  if (!(key instanceof Uint8Array) || key.length !== BLS_KEY_BYTES) return undefined
  const id = idOf(key)
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
    return Signature.fromBytes(sig, sound.get(idOf(sig)) !== true, true)
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
  const signature = bytesOf(readSecret(secret).sign(message).toBytes(true))
  sound.set(idOf(signature), true)
  return signature
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
 * True when each signature is valid for its message under its key; every key must have a checked proof of possession. Signatures of one message are added
 * up, each times 64 bits that nobody can know beforehand: a sum of bad ones that would be valid comes out once in 2^64.
 */
export function blsVerifyAll(checks: readonly SignatureCheck[]): boolean {
  const [first] = checks
  if (first === undefined) return true
  if (checks.length === 1) return blsVerify(first.signature, first.message, first.key)
  const byMessage = new Map<string, { readonly msg: Uint8Array; readonly of: { pk: PublicKey; sig: Uint8Array }[] }>()
  for (const { signature, message, key } of checks) {
    const pk = readKey(key)
    if (pk === undefined || !(signature instanceof Uint8Array) || signature.length !== BLS_SIGNATURE_BYTES) return false
    const id = idOf(message)
    const same = byMessage.get(id)
    if (same === undefined) byMessage.set(id, { msg: message, of: [{ pk, sig: signature }] })
    else same.of.push({ pk, sig: signature })
  }
  try {
    // each signature is decoded and checked in there as `readSignature` does
    const sets = [...byMessage.values()].map(({ msg, of }) => ({ msg, ...aggregateWithRandomness(of) }))
    const [only] = sets
    const good =
      sets.length === 1 && only !== undefined
        ? verify(only.msg, only.pk, only.sig, true, false)
        : verifyMultipleAggregateSignatures(sets, true, false)
    if (good) for (const { signature } of checks) sound.set(idOf(signature), true)
    return good
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
