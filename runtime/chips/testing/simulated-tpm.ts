/** A simulated TPM: the keys that a TPM has and the opening of credentials, written from the specification and apart from what makes them. */
import {
  createDecipheriv,
  createECDH,
  createHash,
  createHmac,
  constants,
  generateKeyPairSync,
  privateDecrypt,
  type KeyObject,
} from 'node:crypto'
import { publicKeyP256, signP256 } from '../../crypto/native.ts'
import { identityArea, machineSerial, nameOfArea } from '../tpm2/wire.ts'
import type { Credential } from '../tpm2/credential.ts'
import type { EndorsementKind } from '../tpm2/endorsement.ts'
import { selfCertificate } from '../certify.ts'
import type { EnrolmentRequest } from '../enrol/request.ts'
import type { IdentityKey } from '../../core/index.ts'

const bytes = (n: number, length: number): Buffer => {
  const out = Buffer.alloc(length)
  out.writeUIntBE(n, 0, length)
  return out
}

/** Reads a TPM2B off a buffer. */
function take(from: Buffer, at: number): { readonly value: Buffer; readonly end: number } {
  const end = at + 2 + from.readUInt16BE(at)
  return { value: from.subarray(at + 2, end), end }
}

const hmac = (key: Uint8Array, ...parts: readonly Uint8Array[]): Buffer => createHmac('sha256', key).update(Buffer.concat(parts)).digest()

interface KeyPair {
  readonly publicKey: KeyObject
  readonly privateKey: KeyObject
}

export const endorsementPair = (kind: EndorsementKind): KeyPair =>
  kind === 'rsa' ? generateKeyPairSync('rsa', { modulusLength: 2048 }) : generateKeyPairSync('ec', { namedCurve: 'P-256' })

export class SimulatedTpm {
  readonly endorsement: KeyPair
  readonly identity: IdentityKey
  readonly area: Uint8Array
  readonly serial: Uint8Array
  readonly #secret: Uint8Array

  /** With an identity key of a secret; a second identity key of one machine has the endorsement key of the first. */
  constructor(endorsement: KeyPair, secret: Uint8Array) {
    this.endorsement = endorsement
    this.#secret = secret
    this.identity = { alg: 'p256', bytes: publicKeyP256(secret) }
    const ecdh = createECDH('prime256v1')
    ecdh.setPrivateKey(secret)
    const point = ecdh.getPublicKey()
    this.area = identityArea(point.subarray(1, 33), point.subarray(33))
    this.serial = machineSerial(Uint8Array.from(this.endorsement.publicKey.export({ format: 'der', type: 'spki' })))
  }

  async request(certificate: Uint8Array, bls: Uint8Array): Promise<EnrolmentRequest> {
    const own = await selfCertificate(this.serial, this.identity, bls, async (message) => signP256(message, this.#secret))
    return { certificate: own, endorsement: certificate }
  }

  /** TPM2_ActivateCredential: undefined where the credential was not made for this TPM and this identity key. */
  activate({ blob, secret }: Credential, area: Uint8Array = this.area): Uint8Array | undefined {
    const seed = this.#seed(Buffer.from(secret))
    if (seed === undefined) return undefined
    const whole = take(Buffer.from(blob), 0).value
    const { value: mac, end } = take(whole, 0)
    const encrypted = whole.subarray(end)
    const name = nameOfArea(area)
    const integrity = hmac(seed, bytes(1, 4), Buffer.from('INTEGRITY\0'), bytes(256, 4))
    if (!hmac(integrity, encrypted, name).equals(mac)) return undefined
    const key = hmac(seed, bytes(1, 4), Buffer.from('STORAGE\0'), name, bytes(128, 4)).subarray(0, 16)
    const decipher = createDecipheriv('aes-128-cfb', key, Buffer.alloc(16))
    return Uint8Array.from(take(Buffer.concat([decipher.update(encrypted), decipher.final()]), 0).value)
  }

  #seed(secret: Buffer): Buffer | undefined {
    const { privateKey } = this.endorsement
    const { value } = take(secret, 0)
    try {
      if (privateKey.asymmetricKeyType === 'rsa')
        return privateDecrypt(
          { key: privateKey, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256', oaepLabel: Buffer.from('IDENTITY\0') },
          value,
        )
      const x = take(value, 0)
      const y = take(value, x.end)
      const jwk = privateKey.export({ format: 'jwk' })
      const ecdh = createECDH('prime256v1')
      ecdh.setPrivateKey(Buffer.from(jwk.d as string, 'base64url'))
      const z = ecdh.computeSecret(Buffer.concat([Uint8Array.of(4), x.value, y.value]))
      return createHash('sha256')
        .update(Buffer.concat([bytes(1, 4), z, Buffer.from('IDENTITY\0'), x.value, Buffer.from(jwk.x as string, 'base64url')]))
        .digest()
    } catch {
      return undefined
    }
  }
}
