import fc from 'fast-check'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { securityEngineCompliance } from '../../../test/compliance/security-engine.ts'
import { toHex } from '../../core/index.ts'
import { openFuses } from './fuses.ts'
import { openSoftwareEngine, softwareChips } from './engine.ts'

const folderOf = (): string => mkdtempSync(join(tmpdir(), 'utnet-chips-'))

securityEngineCompliance(
  'software',
  async () => {
    const folders = [folderOf(), folderOf()] as const
    return {
      makers: [softwareChips(folders[0]), softwareChips(folders[1])],
      stop: async () => folders.forEach((folder) => rmSync(folder, { recursive: true })),
    }
  },
  ['ed25519', 'p256'],
  40,
)

test.each(['ed25519', 'p256'] as const)('U2.4-POCI-4: under a wrong S there is no %s signature at all', async (alg) => {
  const folder = folderOf()
  const held = await softwareChips(folder).make(alg)
  const right = openFuses(folder).read(held.serial) as Uint8Array
  await expect(openSoftwareEngine(right, held).sign(new Uint8Array(32))).resolves.toHaveLength(64)
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ minLength: 16, maxLength: 16 }), oneBitOff(right)), (wrong) => {
      fc.pre(toHex(wrong) !== toHex(right))
      expect(() => openSoftwareEngine(wrong, held)).toThrow(expect.objectContaining({ code: 'chip_key' }))
    }),
    { numRuns: 300 },
  )
  rmSync(folder, { recursive: true })
})

const oneBitOff = (key: Uint8Array): fc.Arbitrary<Uint8Array> =>
  fc.nat(127).map((bit) => key.map((b, i) => (i === bit >> 3 ? b ^ (1 << (bit & 7)) : b)))

test('U2.4-POCI-1: S is 128 bits, burnt once, readable by its owner alone, and lies in nothing else', async () => {
  const folder = folderOf()
  const held = await softwareChips(folder).make('ed25519')
  const fuses = openFuses(folder)
  const file = join(folder, readdirSync(folder)[0] as string)
  const s = readFileSync(file)
  expect(readdirSync(folder)).toEqual([`${toHex(held.serial)}.fuse`])
  expect(s.length).toBe(16)
  expect(statSync(file).mode & 0o777).toBe(0o400)
  expect(() => fuses.burn(held.serial, new Uint8Array(16))).toThrow(expect.objectContaining({ code: 'chip_engine' }))
  expect(fuses.read(held.serial)).toEqual(Uint8Array.from(s))
  expect(toHex(held.sealed)).not.toContain(toHex(s))
  expect(fuses.read(new Uint8Array(16))).toBeUndefined()
  rmSync(folder, { recursive: true })
})
