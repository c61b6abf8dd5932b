/**
 * MakeCredential in software: a secret that a TPM releases only where the endorsement key and the named key lie in it together
 * (TPM 2.0 library part 1, section 24; KDFa and KDFe of section 11.4.10; secret sharing of annexes B.10.4 and C.6.4).
 */
import { createCipheriv, createECDH, createHash, createHmac, publicEncrypt, randomBytes, constants, type KeyObject } from 'node:crypto'
import { concatBytes, utf8, UtnetError } from '../../core/index.ts'
import { sized, u32 } from './wire.ts'

/** The symmetric cipher of endorsement keys under the templates L-1 and L-2: AES-128 in CFB mode; their names use SHA-256. */
const SYMMETRIC_BITS = 128
const HASH = 'sha256'
const HASH_BITS = 256
const NUL = Uint8Array.of(0)

export interface Credential {
  /** TPM2B_ID_OBJECT. */
  readonly blob: Uint8Array
  /** TPM2B_ENCRYPTED_SECRET. */
  readonly secret: Uint8Array
}

/** KDFa: SP 800-108 in counter mode over HMAC (11.4.10.2). */
export function kdfA(key: Uint8Array, label: string, contextU: Uint8Array, contextV: Uint8Array, bits: number): Uint8Array {
  const parts: Uint8Array[] = []
  for (let counter = 1; (counter - 1) * HASH_BITS < bits; counter++)
    parts.push(
      createHmac(HASH, key)
        .update(concatBytes(u32(counter), utf8(label), NUL, contextU, contextV, u32(bits)))
        .digest(),
    )
  return concatBytes(...parts).subarray(0, bits / 8)
}

/** KDFe: SP 800-56A over a hash (11.4.10.3). */
export function kdfE(z: Uint8Array, label: string, partyU: Uint8Array, partyV: Uint8Array, bits: number): Uint8Array {
  const parts: Uint8Array[] = []
  for (let counter = 1; (counter - 1) * HASH_BITS < bits; counter++)
    parts.push(
      createHash(HASH)
        .update(concatBytes(u32(counter), z, utf8(label), NUL, partyU, partyV))
        .digest(),
    )
  return concatBytes(...parts).subarray(0, bits / 8)
}

/** A fresh seed and how it travels to the endorsement key. */
function shareSeed(key: KeyObject): { readonly seed: Uint8Array; readonly secret: Uint8Array } {
  if (key.asymmetricKeyType === 'rsa') {
    const seed = Uint8Array.from(randomBytes(HASH_BITS / 8))
    const padding = { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: HASH, oaepLabel: Buffer.from('IDENTITY\0') }
    return { seed, secret: sized(publicEncrypt({ key, ...padding }, seed)) }
  }
  const jwk = key.export({ format: 'jwk' })
  if (key.asymmetricKeyType !== 'ec' || jwk.crv !== 'P-256')
    throw new UtnetError('chip_enrolment', 'the endorsement key is neither RSA nor EC over P-256')
  const [x, y] = [Buffer.from(jwk.x as string, 'base64url'), Buffer.from(jwk.y as string, 'base64url')]
  const ephemeral = createECDH('prime256v1')
  const point = Uint8Array.from(ephemeral.generateKeys())
  const z = ephemeral.computeSecret(concatBytes(Uint8Array.of(4), x, y))
  const [ephemeralX, ephemeralY] = [point.subarray(1, 33), point.subarray(33)]
  return {
    seed: kdfE(z, 'IDENTITY', ephemeralX, x, HASH_BITS),
    secret: sized(concatBytes(sized(ephemeralX), sized(ephemeralY))),
  }
}

/** A credential (at most 32 bytes) for the object of a name, to be opened by the TPM of the endorsement key. Throws `chip_enrolment` for a key of another kind. */
export function makeCredential(endorsementKey: KeyObject, name: Uint8Array, credential: Uint8Array): Credential {
  if (credential.length === 0 || credential.length > HASH_BITS / 8)
    throw new UtnetError('core_bad_argument', `a credential is 1 to ${HASH_BITS / 8} bytes, got ${credential.length}`)
  const { seed, secret } = shareSeed(endorsementKey)
  const none = new Uint8Array(0)
  const cipher = createCipheriv('aes-128-cfb', kdfA(seed, 'STORAGE', name, none, SYMMETRIC_BITS), new Uint8Array(16))
  const encrypted = concatBytes(cipher.update(sized(credential)), cipher.final())
  const hmac = createHmac(HASH, kdfA(seed, 'INTEGRITY', none, none, HASH_BITS))
    .update(encrypted)
    .update(name)
    .digest()
  return { blob: sized(concatBytes(sized(hmac), encrypted)), secret }
}
