import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { endsEpoch } from '../../../runtime/core/index.ts'
import { crypto } from '../../../runtime/consensus/testing/test-kit.ts'
import { act, type Draw } from './actions.ts'
import { changedIn, dumpOf, endsSomething, Ledger, mayChange } from './ledger.ts'
import { EPOCH_BLOCKS, FULL_NAMES, fullModule, World } from './world.ts'

crypto.useNativeHashes()

/** Worlds that are made; more where `SIM_WORLDS` says so. */
const WORLDS = Number(process.env['SIM_WORLDS'] ?? 12)

/** More of what changes power and batches than of what is simple. */
const KINDS = [0, 1, 1, 2, 2, 3, 3, 3, 4, 5, 5, 5, 5, 5, 5, 6, 6, 6, 6, 7, 8]

type Step = { readonly do: 'act'; readonly draw: Draw; readonly alone: boolean } | { readonly do: 'blocks'; readonly count: number }

const number = fc.nat(0xffff)
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      do: fc.constant('act' as const),
      draw: fc.record({ kind: fc.constantFrom(...KINDS), who: number, a: number, b: number }),
      alone: fc.boolean(),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('blocks' as const), count: fc.constantFrom(1, 1, 1, 2, 2, 3, 3, 3, 3, 7, 7, 13, 66) }),
  },
)

/** Runs the steps, and checks the state behind each block that holds something. */
async function runEconomy(steps: readonly Step[]): Promise<World> {
  const world = await World.open()
  const ledger = new Ledger(world)
  const block = async (): Promise<void> => {
    await world.block()
    ledger.check()
  }
  for (const next of steps) {
    if (next.do === 'blocks') {
      for (let i = 0; i < next.count; i++) {
        await world.block()
        // of many empty blocks all of it behind those that end an epoch, and the last; the money behind each
        if (i === next.count - 1 || endsEpoch(world.height, EPOCH_BLOCKS)) ledger.check()
        else ledger.checkMoney()
      }
      continue
    }
    if (!next.alone) {
      act(world, next.draw)
      continue
    }
    if (world.waiting > 0) await block()
    const height = world.height + 1
    const quiet = !endsSomething(world, height)
    const before = dumpOf(world.chain)
    if (!act(world, next.draw)) continue
    await block()
    const last = world.done.at(-1)
    if (last === undefined || last.outcome.status !== 'refused' || !quiet) continue
    const may = mayChange(world, last)
    expect(
      changedIn(before, dumpOf(world.chain)).filter((place) => !may.has(place)),
      `${last.payload.kind}: ${last.outcome.message}`,
    ).toEqual([])
  }
  await block()
  const again = await world.replayed()
  expect(again.head().hash).toEqual(world.chain.head().hash)
  expect(changedIn(dumpOf(again), dumpOf(world.chain))).toEqual([])
  return world
}

test(
  'U4.3-BRN-1 U2.5-PWR-1 any stream of transactions of all kinds: money is kept, rows have a reason, power is what chips and bonds say, a refusal leaves nothing, and a second node agrees',
  async () => {
    let [turned, earned] = [0, 0]
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 120 }), async (steps) => {
        const world = await runEconomy(steps)
        expect(world.done.length).toBeGreaterThan(0)
        if (!world.chain.warm().some((module) => module.equals(fullModule(FULL_NAMES[0] as string)))) turned++
        if (world.earned > 0n) earned++
      }),
      { numRuns: WORLDS },
    )
    expect(turned).toBeGreaterThan(0)
    expect(earned).toBeGreaterThan(0)
  },
  120_000 + 2_000 * WORLDS,
)
