import { abytes, digest, encode, type Cbor } from '../core/index.ts'
export interface IdentityKey {
  readonly alg: 'ed25519' | 'p256'
  readonly bytes: Uint8Array
}
export interface ChipCertificate {
  readonly serial: Uint8Array
  readonly identity: IdentityKey
  readonly bls: Uint8Array
  readonly level: number
  readonly vendor: Uint8Array | null
  readonly sig: Uint8Array
}
const identityCbor = (k: IdentityKey): Cbor => [k.alg, k.bytes]
export function ownSerial(identity: IdentityKey): Uint8Array {
  return digest('chip-serial', encode(identityCbor(identity))).subarray(0, 16)
}
export function chipCertificateMessage(c: Pick<ChipCertificate, 'serial' | 'identity' | 'bls' | 'level'>): Uint8Array {
  return digest('chip-certificate', encode([1, abytes(c.serial, 16, 's'), identityCbor(c.identity), c.bls, c.level, 1]))
}
