import { describe, expect, test } from 'vitest'
import { commitRun } from '../../runtime/core/index.ts'
import { drawOperators, keptRun, outlineOf } from '../../runtime/piee/index.ts'
import { receiptOf } from '../../runtime/piee/testing/kit.ts'
import { beaconOf, faultyRuns, honestRuns, sampledFaults } from './campaign.ts'
import { dispute } from './disputes.ts'
import { Draws, faultsOf } from './faults.ts'
import { noiseInputs, onKernels, realModel, zooModels } from './models.ts'

/** The smallest of the zoo: each run takes milliseconds. */
const SMALL = zooModels().slice(0, 8)

describe('U2.3-PIEE-4 C5 sampling and dispute on real models', () => {
  test('honest runs on every runtime: nobody is accused', async () => {
    const { runs, accusations, results, byVariant } = await honestRuns(SMALL.slice(0, 3), 150, 'honest test')
    expect(accusations).toEqual([])
    expect(runs).toBe(150)
    expect(results.same).toBeGreaterThan(80)
    expect(Object.keys(byVariant).length).toBe(7)
  })

  test('faults of every kind: the prover loses, and nobody else', async () => {
    const { faults, found, missed, byKind } = await faultyRuns([realModel('cls'), ...SMALL.slice(0, 3)], 70, 'faults test')
    expect(missed).toEqual([])
    expect(found).toBe(faults)
    expect(Object.values(byKind).filter((n) => n > 0).length).toBeGreaterThanOrEqual(6)
  })

  test('sampling catches as often as its formula says', async () => {
    const { runs, caught, expected, sigma } = await sampledFaults(SMALL.slice(0, 3), 40, 'sampled test')
    expect(runs).toBe(40)
    expect(Math.abs(caught - expected)).toBeLessThanOrEqual(4 * sigma + 1)
  })

  test('the referee runs a small part of cls, whatever operator the fault is in', async () => {
    const model = realModel('cls')
    const { runner, operators } = await onKernels([model])
    const honest = await keptRun(await runner.run(model.cid, noiseInputs(model, 'share')))
    const outline = outlineOf(honest)
    const own = await commitRun(honest)
    const faults = await faultsOf(model, honest, 'share', operators)
    const costs = outline.trace.map(({ cost }) => cost)
    for (const [i, entry] of drawOperators(beaconOf('share', 0), receiptOf('share'), costs, 12).entries()) {
      const lying = await faults.make('one element', new Draws(`share ${i}`), entry)
      const played = lying && (await dispute(lying, honest, operators, { outline, own }))
      if (played === undefined) continue
      expect(played.settled.outcome.losers).toEqual(['prover'])
      expect(played.settled.ran?.entry).toBe(entry)
      expect((played.settled.ran?.cost ?? 0) / outline.cost).toBeLessThan(0.03)
    }
    await runner.close()
  })
})
