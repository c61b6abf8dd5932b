/** P-256 by node:crypto (OpenSSL), under the rule of p256-rule.ts. */
import { createPublicKey, verify, type KeyObject } from 'node:crypto'
import { concatBytes } from '../core/index.ts'
import { Lru } from './lru.ts'
import { acceptableP256Signature, p256KeyForm } from './p256-rule.ts'

// SubjectPublicKeyInfo of RFC 5480 around a compressed point.
const SPKI = Uint8Array.from([
  0x30, 0x39, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07,
  0x03, 0x22, 0x00,
])

const keys = new Lru<KeyObject>(4096)

function importKey(key: Uint8Array): KeyObject {
  const id = Buffer.from(key).toString('latin1')
  let object = keys.get(id)
  if (object === undefined) {
    object = createPublicKey({ key: Buffer.from(concatBytes(SPKI, key)), format: 'der', type: 'spki' })
    keys.set(id, object)
  }
  return object
}

/** True when `sig` (64 bytes) is valid for the message under `key` (33 bytes). False, never an error, for malformed input. */
export function verifyP256(sig: Uint8Array, message: Uint8Array, key: Uint8Array): boolean {
  if (!acceptableP256Signature(sig) || !p256KeyForm(key)) return false
  try {
    return verify('sha256', message, { key: importKey(key), dsaEncoding: 'ieee-p1363' }, sig)
  } catch {
    return false
  }
}
