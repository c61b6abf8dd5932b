/** Certificates for tests: just enough DER to write an X.509 certificate with any fault in it. */
import { createPrivateKey, createPublicKey, generateKeyPairSync, sign, X509Certificate, type KeyObject } from 'node:crypto'

const tlv = (tag: number, ...parts: readonly Uint8Array[]): Buffer => {
  const body = Buffer.concat(parts)
  const length = body.length < 128 ? [body.length] : body.length < 256 ? [0x81, body.length] : [0x82, body.length >> 8, body.length & 255]
  return Buffer.concat([Uint8Array.of(tag, ...length), body])
}
const sequence = (...parts: readonly Uint8Array[]): Buffer => tlv(0x30, ...parts)

function oid(text: string): Buffer {
  const [first, second, ...rest] = text.split('.').map(Number) as [number, number, ...number[]]
  const base128 = (n: number): number[] => {
    const out = [n & 127]
    for (let left = n >> 7; left > 0; left >>= 7) out.unshift((left & 127) | 128)
    return out
  }
  return tlv(0x06, Uint8Array.from([first * 40 + second, ...rest].flatMap(base128)))
}

const name = (common: string): Buffer => sequence(tlv(0x31, sequence(oid('2.5.4.3'), tlv(0x0c, Buffer.from(common)))))
const time = (ms: number): Buffer => tlv(0x18, Buffer.from(`${new Date(ms).toISOString().replace(/\D/g, '').slice(0, 14)}Z`))
const extension = (id: string, value: Uint8Array, critical = false): Buffer =>
  sequence(oid(id), ...(critical ? [tlv(0x01, Uint8Array.of(0xff))] : []), tlv(0x04, value))

export interface Issuer {
  readonly name: string
  readonly key: KeyObject
}

export interface CertificateOptions {
  readonly subject: string
  readonly publicKey: KeyObject
  readonly issuer: Issuer
  readonly ca?: boolean
  /** Extended key usages, as object identifiers. */
  readonly usages?: readonly string[]
  readonly from?: number
  readonly to?: number
}

const ECDSA_SHA256 = sequence(oid('1.2.840.10045.4.3.2'))

/** A certificate signed with ECDSA by the issuer. */
export function certificateOf(options: CertificateOptions): X509Certificate {
  const { subject, publicKey, issuer, ca = false, usages = [], from = 0, to = Date.UTC(9999, 11, 31) } = options
  const extensions = [
    extension('2.5.29.19', ca ? sequence(tlv(0x01, Uint8Array.of(0xff))) : sequence(), true),
    ...(usages.length === 0 ? [] : [extension('2.5.29.37', sequence(...usages.map(oid)))]),
  ]
  const body = sequence(
    tlv(0xa0, tlv(0x02, Uint8Array.of(2))),
    tlv(0x02, Uint8Array.of(1)),
    ECDSA_SHA256,
    name(issuer.name),
    sequence(time(from), time(to)),
    name(subject),
    publicKey.export({ format: 'der', type: 'spki' }),
    tlv(0xa3, sequence(...extensions)),
  )
  const signature = sign('sha256', body, issuer.key)
  return new X509Certificate(sequence(body, ECDSA_SHA256, tlv(0x03, Uint8Array.of(0), signature)))
}

/** A root or intermediate authority; without an issuer it signs itself. */
export function authority(
  common: string,
  issuer?: Issuer,
  times: { readonly from?: number; readonly to?: number } = {},
): Issuer & { readonly certificate: X509Certificate } {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const key = createPrivateKey(privateKey.export({ format: 'pem', type: 'pkcs8' }))
  const self = { name: common, key }
  return {
    ...self,
    certificate: certificateOf({
      subject: common,
      publicKey: createPublicKey(publicKey.export({ format: 'pem', type: 'spki' })),
      issuer: issuer ?? self,
      ca: true,
      ...times,
    }),
  }
}
