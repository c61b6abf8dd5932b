/** How many rounds it takes to decide while as many lie as may: over seeds, by strategy. */
import { STRATEGIES } from './strategies/index.ts'
import type { WorldReport } from './world-options.ts'
import { runWorld } from './world.ts'

/** Rounds of many decisions, the smallest first. */
export interface Spread {
  readonly count: number
  readonly median: number
  /** What 99 of 100 need at most. */
  readonly most: number
  readonly max: number
}

/** What rounds were needed: `rounds[i]` times `i + 1` of them. */
export function spreadOf(rounds: readonly number[]): Spread {
  const count = rounds.reduce((a, b) => a + b, 0)
  const at = (share: number): number => {
    let left = Math.ceil(count * share)
    return rounds.findIndex((n) => (left -= n) <= 0) + 1
  }
  return count === 0 ? { count, median: 0, most: 0, max: 0 } : { count, median: at(0.5), most: at(0.99), max: rounds.length }
}

/** Rounds within which a height of a whole network is decided; each round fails with the chance that a liar leads it, below a third. */
export const DECIDED_ROUNDS = 12

export interface Liveness {
  readonly strategy: string
  /** Rounds of the heights of a network that is whole all the time. */
  readonly decided: Spread
  /** Rounds begun from when a network was whole again until every honest node had a new block. */
  readonly healed: Spread
  readonly wrong: readonly string[]
}

const sum = (rows: readonly (readonly number[])[]): number[] =>
  Array.from({ length: Math.max(0, ...rows.map((row) => row.length)) }, (_, i) => rows.reduce((n, row) => n + (row[i] ?? 0), 0))

/** For each strategy: two liars of seven nodes with just below a third of the power and clocks of one speed, over seeds, once in a whole network and once in all weathers. */
export async function* livenessOf(first: number, seeds: number, heights = 60): AsyncGenerator<Liveness> {
  for (const strategy of Object.keys(STRATEGIES)) {
    const calm: WorldReport[] = []
    const stormy: WorldReport[] = []
    for (let seed = first; seed < first + seeds; seed++) {
      const world = { seed, nodes: 7, heights, strategies: [strategy, strategy], clocks: false }
      calm.push(await runWorld({ ...world, weather: [] }))
      stormy.push(await runWorld(world))
    }
    yield {
      strategy,
      decided: spreadOf(sum(calm.map(({ decided }) => decided))),
      healed: spreadOf(sum(stormy.map(({ healed }) => healed))),
      wrong: [...calm, ...stormy].flatMap(({ seed, faults, conflicts }) =>
        [...faults, ...conflicts.map(({ height }) => `two blocks at height ${height}`)].map((what) => `seed ${seed}: ${what}`),
      ),
    }
  }
}
