import { expect, test } from 'vitest'
import { crypto } from '../../../runtime/consensus/testing/test-kit.ts'
import { runChainNet, weatherOf } from './chain-net.ts'
import type { ChainNetReport } from './chain-net-options.ts'

crypto.useNativeHashes()

/** What must be equal of all validators, as what it should be. */
const agreement = ({ blocks, stateRoots, accused, conflicts, faults }: ChainNetReport) => ({
  chains: new Set(blocks.map((b) => b.join())).size,
  states: new Set(stateRoots).size,
  accused,
  conflicts,
  faults,
})
const AGREED = { chains: 1, states: 1, accused: [], conflicts: [], faults: [] }

test('U2.4-POCI U4.1-MIN-1 four validators of the real chain make the same blocks', async () => {
  const report = await runChainNet({ seed: 1, heights: 12 })
  expect(agreement(report)).toEqual(AGREED)
  expect(report.transactions).toBeGreaterThan(5)
})

test('the same while a fifth of the messages is lost', async () => {
  expect(agreement(await runChainNet({ seed: 2, heights: 5, drop: 0.2 }))).toEqual(AGREED)
})

test('U7.2-DBL-1 a validator that loses power at any write goes on, and never signs twice', { timeout: 120_000 }, async () => {
  const { operations } = await runChainNet({ seed: 3, heights: 2 })
  expect(operations).toBeGreaterThan(10)
  let crashes = 0
  for (let crashAt = 3; crashAt <= operations; crashAt += 2) {
    const report = await runChainNet({ seed: 3, heights: 2, crashAt })
    expect(agreement(report)).toEqual(AGREED)
    crashes += report.crashes
  }
  expect(crashes).toBeGreaterThan(5)
})

test('U2.5-PWR-1 the real chain in bad weather, with powers that change each epoch: one chain, nobody accused, progress', async () => {
  // a new one each run; a red run prints it
  const seed = Number(process.env['SIM_SEED'] ?? 1 + Math.floor(Math.random() * 100_000))
  const again = `npm run sim -- --chain --seed ${seed} --nodes 4 --heights 24`
  process.stdout.write(`${again}\n`)
  const report = await runChainNet({ ...weatherOf(seed, 4), heights: 24 })
  expect(agreement(report), again).toEqual(AGREED)
  expect(report.blocks.every((b) => b.length === 24)).toBe(true)
  expect(report.transactions).toBeGreaterThan(0)
  expect(report.powers[0]?.at(-1)).not.toEqual(weatherOf(seed, 4).powers)
})

test('a run goes on, and is looked over, when its chains have forgotten the sets that it began with', async () => {
  const genesis = { epochBlocks: 2, trustingBlocks: 8 }
  const heights = 48
  const report = await runChainNet({ seed: 5, heights, turnover: true, genesis })
  expect(agreement(report)).toEqual(AGREED)
  const [powers] = report.powers
  expect(powers).toHaveLength(heights)
  expect(powers?.[0]).toEqual([1, 2, 3, 4])
  expect(powers?.at(-1)).not.toEqual(powers?.[0])
})
