import fc from 'fast-check'
import { generateKeyPairSync, randomBytes, type X509Certificate } from 'node:crypto'
import { expect, test } from 'vitest'
import { chipCertificateMessage, concatBytes, LIMITS, ownSerial, type ChipCertificate } from '../../core/index.ts'
import { blsKeygen, blsPublicKey, publicKeyEd25519, publicKeyP256, signEd25519, verifyEd25519 } from '../../crypto/native.ts'
import { selfCertificate } from '../certify.ts'
import { endorsementPair, SimulatedTpm } from '../testing/simulated-tpm.ts'
import { authority, certificateOf, type CertificateOptions, type Issuer } from '../testing/x509.ts'
import { makeCredential } from '../tpm2/credential.ts'
import { readCertificate } from '../tpm2/endorsement.ts'
import { identityArea, identityOfArea, nameOfArea } from '../tpm2/wire.ts'
import { attester, type AttesterOptions } from './attester.ts'
import { decodeRequest, encodeRequest, type EnrolmentRequest } from './request.ts'
import { certifyChip, vendorKey } from './vendor.ts'

const EK = '2.23.133.8.1'
const NOW = Date.UTC(2026, 5, 1)
const secretOf = (n: number): Uint8Array => new Uint8Array(32).fill(n)
const bls = blsPublicKey(blsKeygen(secretOf(1)))
const vendor = vendorKey(secretOf(9))
const refused = (why: RegExp) => expect.objectContaining({ code: 'chip_enrolment', message: expect.stringMatching(why) })

const root = authority('maker root')
const middle = authority('maker intermediate', root)
const tpm = new SimulatedTpm(endorsementPair('rsa'), secretOf(2))
const ecTpm = new SimulatedTpm(endorsementPair('ec'), secretOf(3))

const endorsed = (of: SimulatedTpm, issuer: Issuer, other: Partial<CertificateOptions> = {}): X509Certificate =>
  certificateOf({ subject: 'TPM', publicKey: of.endorsement.publicKey, issuer, usages: [EK], ...other })

const attesterOf = (other: Partial<AttesterOptions> = {}) =>
  attester({
    vendor,
    certificates: [root.certificate, middle.certificate],
    nowMs: () => NOW,
    random: (n) => Uint8Array.from(randomBytes(n)),
    ...other,
  })

const holds = (c: ChipCertificate): boolean => c.vendor !== null && verifyEd25519(c.sig, chipCertificateMessage(c), c.vendor)

test.each([
  ['rsa', tpm],
  ['ec', ecTpm],
] as const)(
  'a TPM with an %s endorsement key under its maker is certified at level 2 once it has opened the credential',
  async (kind, of) => {
    const request = decodeRequest(encodeRequest(await of.request(endorsed(of, middle).raw, bls)))
    const challenge = attesterOf({ kinds: [kind] }).challenge(request)
    const certificate = challenge.settle(of.activate(challenge.credential) as Uint8Array)
    expect({ ...certificate, sig: null }).toEqual({
      serial: of.serial,
      identity: of.identity,
      bls,
      level: 2,
      vendor: vendor.key,
      sig: null,
    })
    expect(holds(certificate)).toBe(true)
  },
)

/** One TPM, two identity keys. */
const twin = new SimulatedTpm(tpm.endorsement, secretOf(4))

test('U2.4-POCI-1: a machine that enrols again, with another identity key, is the same serial', async () => {
  const challenge = attesterOf().challenge(await twin.request(endorsed(twin, root).raw, bls))
  const certificate = challenge.settle(twin.activate(challenge.credential) as Uint8Array)
  expect(certificate.identity).not.toEqual(tpm.identity)
  expect(certificate.serial).toEqual(tpm.serial)
})

const otherRoot = authority('another root')
const lookalike = authority('maker root')
const expired = authority('expired intermediate', root, { to: NOW - 1 })
const leaf = { ...root, key: endorsementPair('ec').privateKey }

test.each<[string, RegExp, () => X509Certificate, Partial<AttesterOptions>]>([
  ['under a root that is not trusted', /no trusted root/, () => endorsed(tpm, otherRoot), {}],
  ['under a root of the same name with another key', /no trusted root/, () => endorsed(tpm, lookalike), {}],
  ['whose signature is not the issuer’s', /no trusted root/, () => endorsed(tpm, leaf), {}],
  [
    'under an expired intermediate',
    /no trusted root/,
    () => endorsed(tpm, expired),
    { certificates: [root.certificate, expired.certificate] },
  ],
  ['under an intermediate without its root', /no trusted root/, () => endorsed(tpm, middle), { certificates: [middle.certificate] }],
  ['when nothing is trusted', /no trusted root/, () => endorsed(tpm, root), { certificates: [] }],
  ['that signs itself', /no trusted root/, () => endorsed(tpm, { name: 'TPM', key: tpm.endorsement.privateKey }), {}],
  ['that has expired', /not valid now/, () => endorsed(tpm, root, { to: NOW - 1 }), {}],
  ['that is not valid yet', /not valid now/, () => endorsed(tpm, root, { from: NOW + 1_000 }), {}],
  ['of an authority', /of an authority/, () => endorsed(tpm, root, { ca: true }), {}],
  ['of another usage', /not for an endorsement key/, () => endorsed(tpm, root, { usages: ['1.3.6.1.5.5.7.3.1'] }), {}],
  ['without a usage', /not for an endorsement key/, () => endorsed(tpm, root, { usages: [] }), {}],
  ['with an EC key where RSA alone is taken', /ec keys are not taken/, () => endorsed(ecTpm, root), {}],
])('a certificate %s is refused', async (_name, why, make, other) => {
  const certificate = make()
  const request = await (certificate.publicKey.asymmetricKeyType === 'ec' ? ecTpm : tpm).request(certificate.raw, bls)
  expect(() => attesterOf(other).challenge(request)).toThrow(refused(why))
})

test('bytes that are no certificate, or too many, are refused', async () => {
  const { raw } = endorsed(tpm, root)
  const whole = Buffer.concat([raw, Buffer.alloc(LIMITS.chipX509Bytes - raw.length)])
  expect(() => readCertificate(whole, 'it')).not.toThrow(/over/)
  expect(() => readCertificate(Buffer.concat([whole, Buffer.alloc(1)]), 'it')).toThrow(refused(/over 8192 bytes/))
  expect(() => readCertificate(new Uint8Array(20), 'it')).toThrow(refused(/no X.509/))
})

const changed = (bytes: Uint8Array, at: number, bits: number): Uint8Array => bytes.map((b, i) => (i === at ? b ^ bits : b))
/** A machine that shows another's certificate as its own. */
const foreign = new SimulatedTpm(endorsementPair('ec'), secretOf(8))

/** Each case changes one part of a good request. */
test.each<readonly [string, RegExp, (r: EnrolmentRequest) => Promise<EnrolmentRequest> | EnrolmentRequest]>([
  ['no endorsement', /shows no endorsement/, (r) => ({ ...r, endorsement: null })],
  [
    'another BLS key',
    /not signed by the identity key/,
    (r) => ({ ...r, certificate: { ...r.certificate, bls: blsPublicKey(blsKeygen(secretOf(7))) } }),
  ],
  ['a level of its own', /not by the chip itself/, (r) => ({ ...r, certificate: { ...r.certificate, level: 2 } })],
  ['a vendor of its own', /not by the chip itself/, (r) => ({ ...r, certificate: { ...r.certificate, vendor: vendor.key } })],
  [
    'a serial that it signed but that is not the machine’s',
    /not the one of its endorsement key/,
    (r) => foreign.request(r.endorsement as Uint8Array, bls),
  ],
  [
    'an ed25519 identity key',
    /not of a TPM/,
    async (r) => {
      const identity = { alg: 'ed25519', bytes: publicKeyEd25519(secretOf(6)) } as const
      const certificate = await selfCertificate(tpm.serial, identity, bls, async (m) => signEd25519(m, secretOf(6)))
      return { ...r, certificate }
    },
  ],
])('a request with %s is refused', async (_name, why, change) => {
  const request = await change(await tpm.request(endorsed(tpm, root).raw, bls))
  expect(() => attesterOf().challenge(request)).toThrow(refused(why))
})

test.each([
  ['that was imported', 7, 0x20],
  ['that may be moved to another TPM', 7, 0x02],
  ['that may be moved to another parent', 7, 0x10],
  ['that signs the TPM’s own words for anybody', 5, 0x01],
])('a key %s has another name: its TPM does not open the credential', async (_what, at, bit) => {
  const request = await tpm.request(endorsed(tpm, root).raw, bls)
  const { credential } = attesterOf().challenge(request)
  expect(tpm.activate(credential, tpm.area)).toBeDefined()
  expect(tpm.activate(credential, changed(tpm.area, at, bit))).toBeUndefined()
})

test('an answer is taken once, in time, and only if it is the secret', async () => {
  let now = NOW
  const request = await tpm.request(endorsed(tpm, root).raw, bls)
  const ask = () => attesterOf({ nowMs: () => now }).challenge(request)
  const first = ask()
  const secret = tpm.activate(first.credential) as Uint8Array
  expect(first.settle(secret).level).toBe(2)
  expect(() => first.settle(secret)).toThrow(refused(/answered before/))
  const second = ask()
  expect(() => second.settle(secret)).toThrow(refused(/does not hold the identity key/))
  expect(() => second.settle(tpm.activate(second.credential) as Uint8Array)).toThrow(refused(/answered before/))
  expect(() => ask().settle(secret.subarray(1))).toThrow(refused(/does not hold/))
  const late = ask()
  now += 120_001
  expect(() => late.settle(tpm.activate(late.credential) as Uint8Array)).toThrow(refused(/more than 120 s/))
})

test.each([
  ['rsa', tpm],
  ['ec', ecTpm],
] as const)('a credential for an %s endorsement key opens for its own key and name only, and not after any change', (_kind, of) => {
  const credential = makeCredential(of.endorsement.publicKey, nameOfArea(of.area), secretOf(5))
  expect(of.activate(credential)).toEqual(secretOf(5))
  expect(of.activate(credential, twin.area)).toBeUndefined()
  expect(new SimulatedTpm(endorsementPair(_kind), secretOf(2)).activate(credential)).toBeUndefined()
  // Behind the outer length: the mac and the encrypted secret.
  fc.assert(
    fc.property(fc.integer({ min: 4, max: credential.blob.length - 1 }), fc.integer({ min: 1, max: 255 }), (at, flip) => {
      expect(of.activate({ ...credential, blob: changed(credential.blob, at, flip) })).toBeUndefined()
    }),
    { numRuns: 60 },
  )
  for (const length of [0, 33])
    expect(() => makeCredential(of.endorsement.publicKey, nameOfArea(of.area), new Uint8Array(length))).toThrow(
      expect.objectContaining({ code: 'core_bad_argument' }),
    )
})

test('a credential is for RSA or EC over P-256 keys', () => {
  const { publicKey } = generateKeyPairSync('ed25519')
  expect(() => makeCredential(publicKey, nameOfArea(tpm.area), secretOf(1))).toThrow(refused(/neither RSA nor EC/))
})

test('an area is read only in the one form, for any coordinates', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), fc.uint8Array({ minLength: 32, maxLength: 32 }), (x, y) => {
      expect(identityOfArea(identityArea(x, y))).toEqual(concatBytes(Uint8Array.of(2 + ((y[31] as number) & 1)), x))
    }),
  )
  for (const [x, y] of [
    [31, 32],
    [32, 33],
    [0, 0],
  ] as const)
    expect(identityOfArea(identityArea(new Uint8Array(x), new Uint8Array(y)))).toBeUndefined()
  fc.assert(fc.property(fc.uint8Array({ maxLength: 120 }), (bytes) => identityOfArea(bytes) === undefined))
})

test('U2.4-POCI-2: a vendor certifies public keys that a chip has shown to be at work, and says which vendor, serial, keys and level', async () => {
  const secret = secretOf(6)
  const identity = { alg: 'ed25519', bytes: publicKeyEd25519(secret) } as const
  const certificate = await selfCertificate(ownSerial(identity), identity, bls, async (m) => signEd25519(m, secret))
  const request = { certificate, endorsement: null }
  expect(decodeRequest(encodeRequest(request))).toEqual(request)
  const given = certifyChip(vendor, request, 1)
  expect(holds(given)).toBe(true)
  const other = { alg: 'p256', bytes: publicKeyP256(secret) } as const
  for (const wrong of [
    { ...given, serial: ownSerial(other) },
    { ...given, identity: other },
    { ...given, bls: blsPublicKey(blsKeygen(secretOf(7))) },
    { ...given, level: 3 },
    { ...given, vendor: publicKeyEd25519(secret) },
  ])
    expect(holds(wrong)).toBe(false)
  const taken = await selfCertificate(tpm.serial, identity, bls, async (m) => signEd25519(m, secret))
  expect(() => certifyChip(vendor, { certificate: taken, endorsement: null }, 3)).toThrow(refused(/not the one of its identity key/))
  expect(() => certifyChip(vendor, { ...request, certificate: { ...certificate, serial: tpm.serial } }, 3)).toThrow(refused(/not signed/))
})

test('a request is canonical and bounded', async () => {
  const request = await tpm.request(endorsed(tpm, root).raw, bls)
  const bytes = encodeRequest(request)
  expect(decodeRequest(bytes)).toEqual({ ...request, endorsement: Uint8Array.from(request.endorsement as Uint8Array) })
  fc.assert(
    fc.property(fc.integer({ min: 0, max: bytes.length - 1 }), fc.integer({ min: 1, max: 255 }), (at, flip) => {
      let again: EnrolmentRequest
      try {
        again = decodeRequest(changed(bytes, at, flip))
      } catch (error) {
        expect(error).toMatchObject({ code: 'core_not_canonical' })
        return
      }
      let certificate: ChipCertificate
      try {
        const challenge = attesterOf().challenge(again)
        certificate = challenge.settle(tpm.activate(challenge.credential) as Uint8Array)
      } catch (error) {
        expect(error).toMatchObject({ code: 'chip_enrolment' })
        return
      }
      // X.509 leaves a few bits outside of what is signed: to change them changes nothing.
      expect({ ...certificate, level: 0, vendor: null, sig: null }).toEqual({ ...request.certificate, sig: null })
    }),
    { numRuns: 200 },
  )
})
