import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { authority } from '../../chips/testing/x509.ts'
import { softwareChips } from '../../chips/index.ts'
import { createGenesis } from '../../consensus/index.ts'
import { chainIdOf, chipClaimMessage, chipConsentMessage, LIMITS } from '../../core/index.ts'
import { verifyEd25519, verifyIdentity } from '../../crypto/native.ts'
import { nodeKeys } from '../folder/node-keys.ts'
import { enrolChips, type EnrolOptions } from './enrol.ts'
import { chipFolder } from './folder.ts'
import { makersCertificates } from './roots.ts'

const folder = mkdtempSync(join(tmpdir(), 'utnet-node-chips-'))
afterAll(() => rmSync(folder, { recursive: true }))

const refused = (why: RegExp) => expect.objectContaining({ code: 'chip_enrolment', message: expect.stringMatching(why) })
const genesis = createGenesis({ name: 'chips', time: 0, dev: true, validators: [], accounts: [], salt: new Uint8Array(0) })
const owner = new Uint8Array(20).fill(1)
const data = join(folder, 'data')
mkdirSync(join(data, 'keys'), { recursive: true })
nodeKeys(join(data, 'keys'))
const options: EnrolOptions = { data, chainId: chainIdOf(genesis), genesis, owner, count: 1 }

test('as many chips are made at once as the limit says, each with its claim and the node’s consent, and can be opened again', async () => {
  const { chips, node, notes } = await enrolChips({ ...options, count: LIMITS.chipsPerEnrolment })
  notes.finish()
  notes.release()
  const { chainId } = options
  expect(new Set(chips.map((c) => c.registration.certificate.serial.join())).size).toBe(64)
  for (const { registration, consent } of chips) {
    const { serial, bls, identity } = registration.certificate
    expect(verifyIdentity(registration.claim, chipClaimMessage(chainId, serial, bls, owner), identity)).toBe(true)
    expect(verifyEd25519(consent, chipConsentMessage(chainId, serial, 0, node.key, owner), node.key)).toBe(true)
    expect(registration.wrapped.length).toBeLessThanOrEqual(LIMITS.chipWrappedBytes)
  }
  const kept = chipFolder(data)
  expect(kept.all()).toHaveLength(64)
  const file = kept.all()[0] as ReturnType<typeof kept.all>[number]
  expect(kept.read(file.held.serial)).toEqual(file)
  const engine = await softwareChips(kept.fuses).open(file.held)
  expect((await engine.unwrapToHandle(file.wrapped)).key).toEqual(file.certificate.bls)
})

test('one chip more, none, or a folder without a node is refused, and nothing is made', async () => {
  const before = chipFolder(data).all().length
  for (const count of [LIMITS.chipsPerEnrolment + 1, 0, -1, 1.5, Number.NaN])
    await expect(enrolChips({ ...options, count })).rejects.toThrow(expect.objectContaining({ limit: 'chipsPerEnrolment' }))
  await expect(enrolChips({ ...options, data: join(folder, 'none') })).rejects.toThrow(refused(/not the data folder of a node/))
  await expect(enrolChips({ ...options, tpm: { by: { roots: folder } } })).rejects.toThrow(refused(/no vendor of its chain/))
  expect(chipFolder(data).all()).toHaveLength(before)
})

test('makers’ certificates are read out of a folder, in PEM or DER, and keys and other files are passed over', () => {
  const roots = join(folder, 'roots')
  mkdirSync(roots)
  expect(() => makersCertificates(roots)).toThrow(refused(/no certificate in/))
  expect(() => makersCertificates(join(folder, 'none'))).toThrow(refused(/cannot be read/))
  const [a, b, c] = [authority('a'), authority('b'), authority('c')]
  writeFileSync(join(roots, 'two.pem'), `${a.certificate.toString()}\n${b.certificate.toString()}`)
  writeFileSync(join(roots, 'three.der'), c.certificate.raw)
  writeFileSync(join(roots, 'key.pem'), a.key.export({ format: 'pem', type: 'pkcs8' }))
  writeFileSync(join(roots, 'notes.txt'), 'not a certificate')
  expect(makersCertificates(roots).map((x) => x.subject)).toEqual(['CN=c', 'CN=a', 'CN=b'])
  writeFileSync(join(roots, 'bad.crt'), 'not a certificate')
  expect(() => makersCertificates(roots)).toThrow(refused(/bad.crt is no X.509/))
})
