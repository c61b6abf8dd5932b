/** ECDSA over P-256 by node:crypto (OpenSSL), under the rule of p256-rule.ts. */
import { createPrivateKey, createPublicKey, sign, verify, type KeyObject } from 'node:crypto'
import { abytes, concatBytes, fromHex, UtnetError } from '../core/index.ts'
import { Lru } from './lru.ts'
import { acceptableP256Signature, looksLikeP256Key, lowP256 } from './p256-rule.ts'

// DER prefixes: SubjectPublicKeyInfo of a compressed point (RFC 5480), and PKCS#8 around an ECPrivateKey without its public key (RFC 5915).
const SPKI = fromHex('3039301306072a8648ce3d020106082a8648ce3d030107032200')
const PKCS8 = fromHex('3041020100301306072a8648ce3d020106082a8648ce3d030107042730250201010420')

// Finding y of a compressed point and importing the key costs as much as a verification.
const keys = new Lru<KeyObject | null>(4096)

/** The imported key; null when it is no point of the curve. */
function importKey(key: Uint8Array): KeyObject | null {
  const id = Buffer.from(key.buffer, key.byteOffset, key.length).toString('latin1')
  let object = keys.get(id)
  if (object === undefined) {
    try {
      object = createPublicKey({ key: Buffer.from(concatBytes(SPKI, key)), format: 'der', type: 'spki' })
    } catch {
      object = null
    }
    keys.set(id, object)
  }
  return object
}

function importSecret(secret: Uint8Array): KeyObject {
  const der = Buffer.from(concatBytes(PKCS8, abytes(secret, 32, 'secret key')))
  try {
    return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
  } catch (cause) {
    throw new UtnetError('core_bad_argument', 'secret key is not a scalar of the group', { cause })
  } finally {
    der.fill(0)
  }
}

const plain = (b: Uint8Array): Uint8Array => new Uint8Array(b.buffer as ArrayBuffer, b.byteOffset, b.length)

/** True when `sig` (64 bytes) is valid for the message under `key` (33 bytes). False, never an error, for malformed input. */
export function verifyP256(sig: Uint8Array, message: Uint8Array, key: Uint8Array): boolean {
  if (!acceptableP256Signature(sig) || !looksLikeP256Key(key)) return false
  const object = importKey(key)
  return object !== null && verify('sha256', message, { key: object, dsaEncoding: 'ieee-p1363' }, sig)
}

/** True when the 33 bytes are a compressed point of the curve. */
export function isP256Key(key: Uint8Array): boolean {
  return looksLikeP256Key(key) && importKey(key) !== null
}

/** Signature (64 bytes) of a message with a 32-byte secret scalar. */
export function signP256(message: Uint8Array, secret: Uint8Array): Uint8Array {
  return lowP256(plain(sign('sha256', message, { key: importSecret(secret), dsaEncoding: 'ieee-p1363' })))
}

/** Public key (33 bytes) of a 32-byte secret scalar. */
export function publicKeyP256(secret: Uint8Array): Uint8Array {
  const jwk = createPublicKey(importSecret(secret)).export({ format: 'jwk' })
  const y = Buffer.from(jwk.y as string, 'base64url')
  return concatBytes(Uint8Array.of(2 + ((y[31] as number) & 1)), Buffer.from(jwk.x as string, 'base64url'))
}
