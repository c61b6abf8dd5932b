/** Signing with P-256 by node:crypto (OpenSSL), for engines in software. */
import { createPrivateKey, createPublicKey, sign, type KeyObject } from 'node:crypto'
import { abytes, concatBytes, toHex, UtnetError } from '../core/index.ts'
import { lowerP256, P256_ORDER } from './p256-rule.ts'

// PKCS#8 (RFC 5208) around an ECPrivateKey (RFC 5915) that names no public key.
const PKCS8 = Uint8Array.from([
  0x30, 0x41, 0x02, 0x01, 0x00, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d,
  0x03, 0x01, 0x07, 0x04, 0x27, 0x30, 0x25, 0x02, 0x01, 0x01, 0x04, 0x20,
])

function importSecret(secret: Uint8Array): KeyObject {
  const scalar = BigInt(`0x${toHex(abytes(secret, 32, 'secret key'))}`)
  // OpenSSL takes any number here.
  if (scalar === 0n || scalar >= P256_ORDER) throw new UtnetError('core_bad_argument', 'secret key is not a scalar of the group')
  const der = Buffer.from(concatBytes(PKCS8, secret))
  try {
    return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
  } finally {
    der.fill(0)
  }
}

/** Signature (64 bytes) of a message with a 32-byte secret scalar. */
export function signP256(message: Uint8Array, secret: Uint8Array): Uint8Array {
  return lowerP256(Uint8Array.from(sign('sha256', message, { key: importSecret(secret), dsaEncoding: 'ieee-p1363' })))
}

/** Public key (33 bytes) of a 32-byte secret scalar. */
export function publicKeyP256(secret: Uint8Array): Uint8Array {
  const { x, y } = createPublicKey(importSecret(secret)).export({ format: 'jwk' })
  const odd = (Buffer.from(y as string, 'base64url')[31] as number) & 1
  return concatBytes(Uint8Array.of(2 + odd), Buffer.from(x as string, 'base64url'))
}
