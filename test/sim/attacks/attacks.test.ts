import { expect, test } from 'vitest'
import { useNativeHashes } from '../../../runtime/crypto/native.ts'
import { ATTACKS } from './index.ts'
import { attackRows } from './table.ts'

useNativeHashes()

/** A new one each run; a red run prints it. What holds must hold under any seed. */
const SEED = Number(process.env['SIM_SEED'] ?? 1 + Math.floor(Math.random() * 100_000))

test.each(ATTACKS.map((a) => a.name))('%s is held off (research 4.3, 4.4)', async (name) => {
  for await (const { seen, broken } of attackRows(SEED, [name], 'whole')) {
    const again = `npm run sim -- --attack ${name} --seed ${SEED}`
    expect(broken, `${again}: ${seen}`).toBe(false)
  }
})

/** Seeds that were red once. */
const KNOWN: readonly (readonly [name: string, seed: number])[] = [
  // one lost power in a round to which only it had come on, and could not tell the others how
  ['crash-restart', 84],
]

test.each(KNOWN)('%s is held off with seed %d', async (name, seed) => {
  for await (const { seen, broken } of attackRows(seed, [name], 'whole'))
    expect(broken, `npm run sim -- --attack ${name} --seed ${seed}: ${seen}`).toBe(false)
})

test.each(ATTACKS.map((a) => a.name))('%s gets through as soon as a defence is taken out', async (name) => {
  for await (const { without, seen, broken } of attackRows(1, [name], 'apart')) {
    const again = `npm run sim -- --attack ${name} --without ${without} --seed 1`
    expect(broken, `${again}: ${seen}`).toBe(true)
  }
})

test('names are unique, and every attack names a defence', () => {
  expect(new Set(ATTACKS.map((a) => a.name)).size).toBe(ATTACKS.length)
  expect(ATTACKS.filter((a) => Object.keys(a.defences).length === 0)).toEqual([])
})
