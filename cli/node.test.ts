import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { pkcs11Missing, tpmMissing } from '../test/chips/installed.ts'
import { startSofthsm } from '../test/chips/softhsm.ts'
import { startSwtpm, swtpmMaker, type Swtpm } from '../test/chips/swtpm.ts'
import { run, SOURCE, startDev, type DevProcess, type Ran } from './testing/run.ts'

const folder = mkdtempSync(join(tmpdir(), 'utnet-node-verb-'))
const data = join(folder, 'data')
const env = { UTNET_HOME: join(folder, 'home'), UTNET_DATA: undefined, UTNET_URL: undefined }
let dev: DevProcess
const utnet = (...args: string[]): Promise<Ran> =>
  run(SOURCE, [...args, '--json', '--node', dev.ready['url'] as string], { cwd: folder, env })
const errorOf = (ran: Ran): { code: string; message: string } =>
  (JSON.parse(ran.stderr.split('\n').find((l) => l.startsWith('{')) as string) as { error: { code: string; message: string } }).error

beforeAll(async () => {
  dev = await startDev(SOURCE, ['--data', data, '--threads', '0'], { cwd: folder, env })
})
afterAll(async () => {
  await dev.stop()
  rmSync(folder, { recursive: true })
})

const chipFiles = (): string[] => readdirSync(join(data, 'keys/chips')).filter((name) => name.endsWith('.chip'))

test('U2.4-POCI-3: node enroll makes software chips of level 0 that are registered, work for the node and are bonded for', async () => {
  const ran = await utnet('node', 'enroll', '--chips', '2', '--data', data)
  expect(ran.code, ran.stderr).toBe(0)
  expect(ran.documents).toHaveLength(2)
  for (const chip of ran.documents) {
    expect(chip).toMatchObject({ level: 0, node: dev.ready['nodeKey'], identity: expect.stringMatching(/^ed25519:/) })
    expect(chipFiles()).toContain(`${String(chip['serial'])}.chip`)
    // What lies open is not the key: S lies apart.
    const fuse = readFileSync(join(data, 'keys/chips/fuses', `${String(chip['serial'])}.fuse`))
    expect(readFileSync(join(data, 'keys/chips', `${String(chip['serial'])}.chip`)).includes(fuse)).toBe(false)
  }
  expect(ran.stderr).toContain('the node bonded 2000000000000000000000')
})

test('node enroll says what is wrong with what was typed, and makes no chip', async () => {
  const before = chipFiles().length
  const cases: readonly (readonly [readonly string[], string, RegExp])[] = [
    [['--chips', '65'], 'usage', /1 to 64/],
    [['--tpm'], 'usage', /needs --roots/],
    [['--tpm', '--roots', '.', '--attester', 'http://127.0.0.1:1'], 'usage', /or --attester/],
    [['--attester', 'http://127.0.0.1:1'], 'usage', /go with --tpm/],
  ]
  for (const [args, code, message] of cases) {
    const error = errorOf(await utnet('node', 'enroll', '--data', data, ...args))
    expect(error).toMatchObject({ code, message: expect.stringMatching(message) })
  }
  expect(chipFiles()).toHaveLength(before)
})

const noToken = pkcs11Missing()
test.skipIf(noToken !== undefined)(`node enroll --token makes chips of level 1 in a PKCS#11 token (${noToken ?? 'softhsm2'})`, async () => {
  const { options, stop } = startSofthsm()
  const ran = await utnet('node', 'enroll', '--chips', '2', '--token', options.token, '--library', options.library, '--data', data)
  expect(errorOf(ran)).toMatchObject({ code: 'usage', message: expect.stringContaining('UTNET_TOKEN_PIN') })
  process.env['UTNET_TOKEN_PIN'] = options.pin
  const again = await utnet('node', 'enroll', '--chips', '2', '--token', options.token, '--library', options.library, '--data', data)
  delete process.env['UTNET_TOKEN_PIN']
  expect(again.code, again.stderr).toBe(0)
  expect(again.documents).toEqual([1, 2].map(() => expect.objectContaining({ level: 1, identity: expect.stringMatching(/^p256:/) })))
  stop()
})

const noTpm = tpmMissing()
describe.skipIf(noTpm !== undefined)(`with a TPM (${noTpm ?? 'swtpm'})`, () => {
  const maker = noTpm === undefined ? swtpmMaker() : undefined
  let tpm: Swtpm
  beforeAll(async () => {
    tpm = await startSwtpm(maker as NonNullable<typeof maker>)
  })
  afterAll(async () => {
    await tpm.stop()
    maker?.remove()
  })

  test('U2.4-POCI-1: node enroll --tpm registers the machine once, at level 2, under its maker’s certificate', async () => {
    const enroll = (roots: string): Promise<Ran> => utnet('node', 'enroll', '--tpm', '--roots', roots, '--tcti', tpm.tcti, '--data', data)
    const first = await enroll(tpm.roots)
    expect(first.code, first.stderr).toBe(0)
    expect(first.documents).toEqual([expect.objectContaining({ level: 2, identity: expect.stringMatching(/^p256:/) })])
    // With its file lost the machine makes another identity key, and is the same serial (U2.4-POCI-1).
    rmSync(join(data, 'keys/chips', `${String(first.documents[0]?.['serial'])}.chip`))
    expect(errorOf(await enroll(tpm.roots))).toMatchObject({
      message: expect.stringContaining('a chip of this serial was registered before'),
    })
  })

  test('node enroll --tpm --attester has it certified by a node elsewhere, over HTTP', async () => {
    const elsewhere = join(folder, 'elsewhere')
    const other = await startDev(SOURCE, ['--data', elsewhere, '--threads', '0', '--attester-roots', tpm.roots], { cwd: folder, env })
    try {
      const url = other.ready['url'] as string
      const enroll = (attester: string): Promise<Ran> =>
        run(SOURCE, ['node', 'enroll', '--tpm', '--attester', attester, '--tcti', tpm.tcti, '--data', elsewhere, '--json', '--node', url], {
          cwd: folder,
          env,
        })
      const ran = await enroll(url)
      expect(ran.code, ran.stderr).toBe(0)
      expect(ran.documents).toEqual([expect.objectContaining({ level: 2, counts: 2 })])
    } finally {
      await other.stop()
    }
  })
})
