/** ed25519 by node:crypto (OpenSSL), and for keys met before by tables of their own, under the rule of ed25519-rule.ts. */
import { createPrivateKey, createPublicKey, sign, verify, type KeyObject } from 'node:crypto'
import { abytes, concatBytes, type SignatureCheck } from '../core/index.ts'
import { KeyTables } from './ed25519-tables/index.ts'
import { acceptableKey, acceptableSignature } from './ed25519-rule.ts'
import { Lru } from './lru.ts'

// DER prefixes of RFC 8410: SubjectPublicKeyInfo, and PKCS#8 around the 32-byte seed.
const SPKI = Uint8Array.from([0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00])
const PKCS8 = Uint8Array.from([0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20])

// Importing a key costs as much as half a verification.
const keys = new Lru<KeyObject>(4096)

function importKey(key: Uint8Array): KeyObject {
  const id = Buffer.from(key.buffer, key.byteOffset, 32).toString('latin1')
  let object = keys.get(id)
  if (object === undefined) {
    object = createPublicKey({ key: Buffer.from(concatBytes(SPKI, key)), format: 'der', type: 'spki' })
    keys.set(id, object)
  }
  return object
}

const importSecret = (secret: Uint8Array): KeyObject =>
  createPrivateKey({ key: Buffer.from(concatBytes(PKCS8, abytes(secret, 32, 'secret key'))), format: 'der', type: 'pkcs8' })

const plain = (b: Uint8Array): Uint8Array => new Uint8Array(b.buffer as ArrayBuffer, b.byteOffset, b.length)

const rawKey = (key: KeyObject): Uint8Array => Uint8Array.from(key.export({ format: 'der', type: 'spki' }).subarray(SPKI.length))

let tables: KeyTables | undefined

/** True when `sig` (64 bytes) is valid for the message under `key` (32 bytes). False, never an error, for malformed input. */
export function verifyEd25519(sig: Uint8Array, message: Uint8Array, key: Uint8Array): boolean {
  return verifyEd25519Many([{ signature: sig, message, key }])[0] as boolean
}

/** The same of many at once, which share work; in their order. */
export function verifyEd25519Many(checks: readonly SignatureCheck[]): boolean[] {
  const fit = checks.map((c) => acceptableSignature(c.signature) && acceptableKey(c.key))
  tables ??= new KeyTables()
  const answers = tables.check(fit.includes(false) ? checks.filter((_, i) => fit[i]) : checks)
  let next = 0
  // what the tables do not find valid, or cannot judge, is OpenSSL's to decide
  return checks.map((check, i) => fit[i] === true && (answers[next++] === true || verifyByOpenSsl(check)))
}

function verifyByOpenSsl({ signature, message, key }: SignatureCheck): boolean {
  try {
    return verify(null, message, importKey(key), signature)
  } catch {
    return false
  }
}

/** Signature (64 bytes) of a message with a 32-byte secret. To sign often, use `openSigner`. */
export function signEd25519(message: Uint8Array, secret: Uint8Array): Uint8Array {
  return plain(sign(null, message, importSecret(secret)))
}

/** Public key (32 bytes) of a 32-byte secret. */
export function publicKeyEd25519(secret: Uint8Array): Uint8Array {
  return rawKey(createPublicKey(importSecret(secret)))
}

/** A secret that only signs. */
export interface Signer {
  /** ed25519 key, 32 bytes. */
  readonly key: Uint8Array
  /** Signature (64 bytes) of a message. */
  sign(message: Uint8Array): Uint8Array
}

/** A signer that holds its imported key. */
export function openSigner(secret: Uint8Array): Signer {
  const object = importSecret(secret)
  return { key: rawKey(createPublicKey(object)), sign: (message) => plain(sign(null, message, object)) }
}
