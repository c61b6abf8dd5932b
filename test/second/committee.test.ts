/** Committees of more than 300 nodes by a program in Python that knows the documents alone: it draws the same seats, and follows sets of that size. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { encodeStep } from '../../runtime/consensus/light/index.ts'
import { lightTestChain, type Members } from '../../runtime/consensus/light/testing/chain.ts'
import { drawCommittee } from '../../runtime/consensus/power/committee.ts'
import { encodeGenesis, sha256, toHex, utf8 } from '../../runtime/core/index.ts'
import { lines, SEED, SKIPPED } from './python.ts'

const folder = mkdtempSync(join(tmpdir(), 'utnet-committee-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

async function asked<T>(what: object): Promise<T> {
  const file = join(folder, 'asked.json')
  writeFileSync(file, JSON.stringify(what))
  const [told] = await lines<T>('committee.py', file)
  return told as T
}

test.skipIf(SKIPPED !== '')(`a thousand seats fall to the same nodes (seed ${SEED}) ${SKIPPED}`, async () => {
  const seed = sha256(utf8(SEED))
  const powers = Array.from({ length: 340 }, (_, i) => 1 + (((seed[i % 32] as number) * (i + 1)) % 97))
  const line = powers.map((power, i) => ({ key: sha256(utf8(String(i))), bls: new Uint8Array(48), pop: new Uint8Array(96), power }))
  const drawn = await asked<readonly number[]>({ powers, seats: 1_000, seed: toHex(seed), epoch: 7 })
  const ours = new Map(drawCommittee(line, 1_000, seed, 7).map((v) => [toHex(v.key), v.power]))
  expect(drawn).toEqual(line.map(({ key }) => ours.get(toHex(key)) ?? 0))
  expect(ours.size).toBeLessThan(line.length)
})

test.skipIf(SKIPPED !== '')(`committees of 310 members are followed from epoch to epoch ${SKIPPED}`, { timeout: 300_000 }, async () => {
  const many = (from: number): Members => Object.fromEntries(Array.from({ length: 310 }, (_, i) => [`n${from + i}`, 1 + (i % 7)]))
  const chain = lightTestChain({ epochs: [{ a: 1, b: 1, c: 1, d: 1 }, many(0), many(200)] })
  const steps = [0, 1].map((epoch) => encodeStep(chain.epochStep(epoch)))
  const changed = (steps[1] as Uint8Array).slice()
  changed[changed.length >> 1] = (changed[changed.length >> 1] as number) ^ 1
  const now = chain.genesis.time + 20_000
  const genesis = toHex(encodeGenesis(chain.genesis))
  expect(await asked({ genesis, steps: steps.map(toHex), now })).toEqual([310, 310])
  expect(await asked({ genesis, steps: [steps[0] as Uint8Array, changed].map(toHex), now })).toEqual([310, expect.any(String)])
})
