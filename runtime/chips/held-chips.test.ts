import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { blsAggregate, blsFastAggregateVerify, blsKeygen, verifyIdentity } from '../crypto/native.ts'
import { blsHandle, sumOfHandles } from './bls-handle.ts'
import type { ChipFile } from './chip-file.ts'
import { openHeldChips } from './held-chips.ts'
import type { ChipMaker } from './port.ts'
import { softwareChips } from './software/index.ts'

const folder = mkdtempSync(join(tmpdir(), 'utnet-held-'))
afterAll(() => rmSync(folder, { recursive: true }))

const digestOf = (n: number): Uint8Array => new Uint8Array(32).fill(n)

async function chipFile(maker: ChipMaker, n: number): Promise<ChipFile> {
  const held = await maker.make('ed25519')
  const engine = await maker.open(held)
  const secret = blsKeygen(digestOf(n))
  const wrapped = await engine.wrap(secret)
  return { held, wrapped, certificate: await engine.certify(blsHandle(secret).key) }
}

const maker = softwareChips(folder)
const files = await Promise.all([1, 2, 3].map((n) => chipFile(maker, n)))
const [a, b, c] = files as [ChipFile, ChipFile, ChipFile]
const serial = (file: ChipFile): Uint8Array => file.held.serial
const stranger = new Uint8Array(16)

test('held chips answer one by one, and together as the sum of their signatures', async () => {
  const chips = await openHeldChips(files, async () => maker)
  expect(chips.serials).toEqual(files.map(serial))
  expect(chips.missing).toEqual([])
  const answer = (await chips.answer(serial(b), digestOf(9))) as Uint8Array
  expect(verifyIdentity(answer, digestOf(9), b.held.identity)).toBe(true)
  expect(await chips.answer(serial(b), digestOf(9))).toBe(answer)
  expect(await chips.answer(serial(b), digestOf(7))).not.toEqual(answer)
  expect(await chips.answer(stranger, digestOf(9))).toBeUndefined()
  for (const some of [[a, b, c], [c, a], [b]]) {
    const sum = chips.aggregate(some.map(serial), digestOf(8)) as Uint8Array
    expect(sum).toEqual(blsAggregate(some.map((file) => blsHandle(blsKeygen(digestOf(files.indexOf(file) + 1))).sign(digestOf(8)))))
    const keys = some.map((file) => file.certificate.bls)
    expect(blsFastAggregateVerify(sum, digestOf(8), keys)).toBe(true)
  }
  expect(chips.aggregate([], digestOf(8))).toBeUndefined()
  expect(chips.aggregate([serial(a), stranger], digestOf(8))).toBeUndefined()
  await chips.close()
  expect(await chips.answer(serial(a), digestOf(9))).toBeUndefined()
  expect(chips.aggregate([serial(a)], digestOf(9))).toBeUndefined()
})

test('a chip whose key is another, or whose engine is not there, is missing, and the others work', async () => {
  const elsewhere = softwareChips(join(folder, 'elsewhere'))
  const foreign = await chipFile(elsewhere, 4)
  const swapped: ChipFile = { ...b, wrapped: a.wrapped }
  const chips = await openHeldChips([foreign, swapped, { ...c, held: { ...c.held, backend: 'tpm2' } }, a], async () => maker)
  expect(chips.missing.map(({ serial: of, error }) => [of, error.code])).toEqual([
    [serial(foreign), 'chip_key'],
    [serial(b), 'chip_key'],
    [serial(c), 'chip_key'],
  ])
  expect(chips.serials).toEqual([serial(a)])
  expect(await chips.answer(serial(b), digestOf(1))).toBeUndefined()
  expect(await chips.answer(serial(a), digestOf(1))).toHaveLength(64)
  await chips.close()
})

test('a sum of keys that cancel out, or of none, is no key', () => {
  const handle = blsHandle(blsKeygen(digestOf(1)))
  const order = 0x73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001n
  const secret = BigInt(`0x${Buffer.from(blsKeygen(digestOf(1))).toString('hex')}`)
  const opposite = blsHandle(Uint8Array.from(Buffer.from((order - secret).toString(16).padStart(64, '0'), 'hex')))
  for (const handles of [[], [handle, opposite]])
    expect(() => sumOfHandles(handles)).toThrow(expect.objectContaining({ code: 'core_bad_argument' }))
  handle.close()
  expect(() => sumOfHandles([handle])).toThrow(expect.objectContaining({ code: 'chip_engine' }))
})
