/** Engines outside of this process, where they are installed: softhsm2 as a PKCS#11 token, swtpm as a TPM. `npm run test:chips` installs them. */
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  attester,
  pkcs11Chips,
  readCertificate,
  tpmChips,
  tpmRequestOf,
  vendorKey,
  type TpmChips,
  type TpmEngine,
} from '../../runtime/chips/index.ts'
import { authority } from '../../runtime/chips/testing/x509.ts'
import { loadPkcs11 } from '../../runtime/chips/pkcs11/module.ts'
import { CKA, CK } from '../../runtime/chips/pkcs11/constants.ts'
import { chipCertificateMessage, decode } from '../../runtime/core/index.ts'
import { blsKeygen, blsPublicKey, verifyEd25519 } from '../../runtime/crypto/native.ts'
import { securityEngineCompliance } from '../compliance/security-engine.ts'
import { pkcs11Missing, tpmMissing } from './installed.ts'
import { startSofthsm, type Softhsm } from './softhsm.ts'
import { startSwtpm, swtpmMaker, type Swtpm } from './swtpm.ts'

const noToken = pkcs11Missing()
const noTpm = tpmMissing()
// The command that installs them all does not pass over any.
test.runIf(process.env['CHIPS_TEST'] === '1')('softhsm2, pkcs11js, swtpm and tpm2-tools are installed', () => {
  expect([noToken, noTpm]).toEqual([undefined, undefined])
})
const failing = (code: string) => expect.objectContaining({ code })

describe.skipIf(noToken !== undefined)(`PKCS#11 token (${noToken ?? 'softhsm2'})`, () => {
  let token: Softhsm
  beforeAll(() => {
    token = startSofthsm()
  })
  afterAll(() => token.stop())

  securityEngineCompliance(
    'pkcs11',
    async () => {
      const makers = [await pkcs11Chips(token.options), await pkcs11Chips(token.options)] as const
      return {
        makers,
        async stop() {
          for (const maker of makers) await maker.close()
        },
      }
    },
    ['p256', 'ed25519'],
    25,
  )

  test('U2.4-POCI-1: neither S nor an identity key can be read out of the token or wrapped out of it, nor does S decrypt', async () => {
    const chips = await pkcs11Chips(token.options)
    const { module, release } = loadPkcs11(token.options.library)
    const slot = module.C_GetSlotList(true).find((s) => module.C_GetTokenInfo(s).label.trimEnd() === 'chips') as Buffer
    const session = module.C_OpenSession(slot, CK.serialSession | CK.rwSession)
    const all = (kind: number): Buffer[] => {
      module.C_FindObjectsInit(session, [{ type: CKA.class, value: kind }])
      const found = module.C_FindObjects(session, 100)
      module.C_FindObjectsFinal(session)
      return found
    }
    const count = (): number[] => [all(CK.secretKey).length, all(CK.privateKey).length]
    const [secrets, privates] = count() as [number, number]
    await chips.make('p256')
    // The P-256 key is nowhere in the token: it exists under S alone.
    expect(count()).toEqual([secrets + 1, privates])
    await chips.make('ed25519')
    expect(count()).toEqual([secrets + 2, privates + 1])
    const keys = all(CK.secretKey)
    for (const key of [...keys, ...all(CK.privateKey)]) {
      expect(() => module.C_GetAttributeValue(session, key, [{ type: CKA.value }])).toThrow(/SENSITIVE/)
      expect(() => module.C_WrapKey(session, { mechanism: CK.aesKeyWrap }, keys[0] as Buffer, key, Buffer.alloc(200))).toThrow(
        /UNEXTRACTABLE|NOT_WRAPPABLE/,
      )
    }
    module.C_CloseSession(session)
    release()
    await chips.close()
  })

  test('a wrong PIN, token or library is said as such', async () => {
    await expect(pkcs11Chips({ ...token.options, pin: '0000' })).rejects.toThrow(failing('chip_engine'))
    await expect(pkcs11Chips({ ...token.options, token: 'none' })).rejects.toThrow(/no PKCS#11 token labelled none/)
    await expect(pkcs11Chips({ ...token.options, library: '/nowhere.so' })).rejects.toThrow(/cannot be loaded/)
  })
})

describe.skipIf(noTpm !== undefined)(`TPM (${noTpm ?? 'swtpm'})`, () => {
  const maker = noTpm === undefined ? swtpmMaker() : undefined
  const startTpm = (): Promise<Swtpm> => startSwtpm(maker as NonNullable<typeof maker>)
  afterAll(() => maker?.remove())

  securityEngineCompliance(
    'tpm2',
    async () => {
      const tpms = [await startTpm(), await startTpm()] as const
      const makers = [await tpmChips(tpms[0]), await tpmChips(tpms[1])] as const
      return {
        makers,
        async stop() {
          for (const m of makers) await m.close()
          for (const tpm of tpms) await tpm.stop()
        },
      }
    },
    ['p256'],
    4,
  )

  let tpm: Swtpm
  let chips: TpmChips
  let engine: TpmEngine
  const bls = blsPublicKey(blsKeygen(new Uint8Array(32)))
  const vendor = vendorKey(new Uint8Array(32).fill(1))
  const attesterOf = (certificates = certificatesIn(tpm.roots)) =>
    attester({ vendor, certificates, nowMs: () => Date.now(), random: (n) => Uint8Array.from(randomBytes(n)) })

  beforeAll(async () => {
    tpm = await startTpm()
    chips = await tpmChips(tpm)
    engine = await chips.open(await chips.make('p256'))
  })
  afterAll(async () => {
    await chips.close()
    await tpm.stop()
  })

  test('U2.4-POCI-1: a TPM under its maker’s root opens the credential that was made for it and is certified; enrolled again it is the same serial', async () => {
    const serials: Uint8Array[] = []
    for (const chip of [engine, await chips.open(await chips.make('p256'))]) {
      const challenge = attesterOf().challenge(await tpmRequestOf(chip, bls))
      const certificate = challenge.settle(await chip.activate(challenge.credential))
      expect(certificate).toMatchObject({ level: 2, vendor: vendor.key, identity: chip.publicKey(), bls })
      expect(verifyEd25519(certificate.sig, chipCertificateMessage(certificate), vendor.key)).toBe(true)
      serials.push(certificate.serial)
    }
    expect(serials[0]).toEqual(serials[1])
  })

  test('a credential for another TPM, or another identity key of the same one, is not opened', async () => {
    const other = await startTpm()
    const others = await tpmChips(other)
    const foreign = await others.open(await others.make('p256'))
    const forForeign = attesterOf().challenge(await tpmRequestOf(foreign, bls))
    await expect(engine.activate(forForeign.credential)).rejects.toThrow(failing('chip_key'))
    const second = await chips.open(await chips.make('p256'))
    const forSecond = attesterOf().challenge(await tpmRequestOf(second, bls))
    await expect(engine.activate(forSecond.credential)).rejects.toThrow(failing('chip_key'))
    await expect(second.activate(forSecond.credential)).resolves.toHaveLength(32)
    // A machine that shows another's endorsement certificate.
    const borrowed = { ...(await tpmRequestOf(engine, bls)), endorsement: await foreign.endorsementCertificate() }
    expect(() => attesterOf().challenge(borrowed)).toThrow(failing('chip_enrolment'))
    await others.close()
    await other.stop()
  })

  test('under another maker’s root it is refused', async () => {
    const request = await tpmRequestOf(engine, bls)
    const stranger = authority('swtpm-localca').certificate
    expect(() => attesterOf([stranger]).challenge(request)).toThrow(failing('chip_enrolment'))
  })

  test('without a TPM it says so', async () => {
    await expect(tpmChips({ tcti: 'swtpm:path=/nowhere' })).rejects.toThrow(failing('chip_engine'))
  })

  test('U2.4-POCI-1: the TPM does not let the identity key go', async () => {
    const held = await chips.make('p256')
    const env = { ...process.env, TPM2TOOLS_TCTI: tpm.tcti }
    const run = (name: string, args: readonly string[]): void =>
      void execFileSync(`tpm2_${name}`, [...args], { env, cwd: tpm.roots, stdio: 'pipe' })
    const [publicPart, privatePart] = decode(held.sealed) as [Uint8Array, Uint8Array]
    writeFileSync(join(tpm.roots, 'k.pub'), publicPart)
    writeFileSync(join(tpm.roots, 'k.priv'), privatePart)
    run('createprimary', ['-Q', '-C', 'o', '-g', 'sha256', '-G', 'ecc256:aes128cfb', '-c', 'p.ctx'])
    run('flushcontext', ['-t'])
    run('load', ['-Q', '-C', 'p.ctx', '-u', 'k.pub', '-r', 'k.priv', '-c', 'k.ctx'])
    run('flushcontext', ['-t'])
    run('startauthsession', ['-Q', '--policy-session', '-S', 's.ctx'])
    run('policycommandcode', ['-Q', '-S', 's.ctx', 'TPM2_CC_Duplicate'])
    expect(() =>
      run('duplicate', [
        '-Q',
        '-C',
        'null',
        '-c',
        'k.ctx',
        '-G',
        'aes',
        '-p',
        'session:s.ctx',
        '-r',
        'd.priv',
        '-s',
        'd.seed',
        '-o',
        'd.key',
      ]),
    ).toThrow(/tpm:/)
    run('flushcontext', ['s.ctx'])
    run('flushcontext', ['-t'])
  })
})

const certificatesIn = (folder: string) =>
  readdirSync(folder)
    .filter((name) => name.endsWith('cert.pem'))
    .map((name) => readCertificate(readFileSync(join(folder, name)), name))
