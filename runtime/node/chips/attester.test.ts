/** The attester and who asks it, over HTTP; the TPM is simulated. */
import { randomBytes } from 'node:crypto'
import { beforeEach, expect, test } from 'vitest'
import { createApp } from '../../../gateway/app.ts'
import { createClient } from '../../../gateway/client/index.ts'
import { simulatedNode } from '../../../gateway/testing/simulated-node.ts'
import { encodeRequest, vendorKey, type Challenge } from '../../chips/index.ts'
import { endorsementPair, SimulatedTpm } from '../../chips/testing/simulated-tpm.ts'
import { authority, certificateOf } from '../../chips/testing/x509.ts'
import { chipCertificateMessage, LIMITS, type NodeApi } from '../../core/index.ts'
import { blsKeygen, blsPublicKey, verifyEd25519 } from '../../crypto/native.ts'
import { NO_DESK, openDesk, remoteAttester, type Desk } from './attester.ts'

const secretOf = (n: number): Uint8Array => new Uint8Array(32).fill(n)
const bls = blsPublicKey(blsKeygen(secretOf(1)))
const vendor = vendorKey(secretOf(9))
const root = authority('maker root')
const tpm = new SimulatedTpm(endorsementPair('rsa'), secretOf(2))
const endorsement = certificateOf({
  subject: 'TPM',
  publicKey: tpm.endorsement.publicKey,
  issuer: root,
  usages: ['2.23.133.8.1'],
}).raw
const genesis = { vendors: [{ name: 'attester', key: vendor.key }] }
const request = await tpm.request(Uint8Array.from(endorsement), bls)
const activate = async (credential: Challenge['credential']): Promise<Uint8Array> => tpm.activate(credential) as Uint8Array

let now = 0
let desk: Desk
let api: NodeApi
beforeEach(() => {
  now = Date.now()
  const random = (n: number): Uint8Array => Uint8Array.from(randomBytes(n))
  desk = openDesk({ vendor, certificates: [root.certificate], nowMs: () => now, random })
  const node: NodeApi = {
    ...simulatedNode(),
    attest: async (bytes) => desk.attest(bytes),
    certify: async (id, secret) => desk.certify(id, secret),
  }
  const app = createApp(node)
  api = createClient('http://127.0.0.1', { fetch: async (url, init) => app.request(url, init) })
})

const refused = (why: RegExp) => expect.objectContaining({ code: 'chip_enrolment', message: expect.stringMatching(why) })

test('U2.4-POCI-1 the chip of a TPM elsewhere is certified at level 2 by two requests, and what comes back is for its keys by a vendor of the chain', async () => {
  const certificate = await remoteAttester(api, genesis).certified(request, activate)
  expect(certificate).toMatchObject({ serial: tpm.serial, identity: tpm.identity, bls, level: 2, vendor: vendor.key })
  expect(verifyEd25519(certificate.sig, chipCertificateMessage(certificate), vendor.key)).toBe(true)
  await expect(remoteAttester(api, { vendors: [] }).certified(request, activate)).rejects.toThrow(refused(/no vendor of this chain/))
  const other = await new SimulatedTpm(tpm.endorsement, secretOf(3)).request(Uint8Array.from(endorsement), bls)
  const swapped: Pick<NodeApi, 'attest' | 'certify'> = {
    attest: () => api.attest(encodeRequest(request)),
    certify: (id, s) => api.certify(id, s),
  }
  await expect(remoteAttester(swapped, genesis).certified(other, activate)).rejects.toThrow(refused(/another chip than the one that asked/))
})

test('what an attester refuses comes with its reason and code: requests, answers that are wrong, late, twice, or to no challenge', async () => {
  const asked = encodeRequest(request)
  await expect(api.attest(encodeRequest({ ...request, endorsement: null }))).rejects.toThrow(refused(/no endorsement key/))
  await expect(api.attest(new Uint8Array(9))).rejects.toMatchObject({ code: 'core_not_canonical' })
  await expect(api.attest(new Uint8Array(LIMITS.enrolmentBytes))).rejects.toMatchObject({ code: 'core_not_canonical' })
  await expect(api.attest(new Uint8Array(LIMITS.enrolmentBytes + 1))).rejects.toMatchObject({ code: 'request_too_large' })
  await expect(api.certify('00', secretOf(0))).rejects.toThrow(refused(/no such challenge/))
  const first = await api.attest(asked)
  await expect(api.certify(first.id, secretOf(0))).rejects.toThrow(refused(/does not hold the identity key/))
  await expect(api.certify(first.id, secretOf(0))).rejects.toThrow(refused(/answered before/))
  const late = await api.attest(asked)
  const secret = await activate({ blob: Buffer.from(late.blob, 'base64'), secret: Buffer.from(late.secret, 'base64') })
  now = late.until + 1
  await expect(api.certify(late.id, secret)).rejects.toThrow(refused(/comes after more than 120 s/))
  const none = { attest: async (b: Uint8Array) => NO_DESK.attest(b), certify: async () => new Uint8Array(0) }
  await expect(remoteAttester(none, genesis).certified(request, activate)).rejects.toThrow(refused(/certifies no chips/))
})

test('an attester has so many challenges open and begins so many in a minute: one over each is refused as busy, and both pass', () => {
  const asked = encodeRequest(request)
  const busy = (limit: string) => expect.objectContaining({ code: 'host_busy', limit })
  const open = Array.from({ length: LIMITS.attesterChallenges }, () => desk.attest(asked))
  expect(() => desk.attest(asked)).toThrow(busy('attesterChallenges'))
  for (const { id } of open) expect(() => desk.certify(id, secretOf(0))).toThrow('does not hold')
  for (let left = LIMITS.attesterPerMinute - open.length; left > 0; left--) {
    const { id } = desk.attest(asked)
    expect(() => desk.certify(id, secretOf(0))).toThrow('does not hold')
  }
  expect(() => desk.attest(asked)).toThrow(busy('attesterPerMinute'))
  now += 60_001
  for (let i = 0; i < LIMITS.attesterChallenges; i++) desk.attest(asked)
  expect(() => desk.attest(asked)).toThrow(busy('attesterChallenges'))
  // those that nobody answered make room
  now += 120_001
  desk.attest(asked)
})
