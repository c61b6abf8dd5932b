/** How many heights it takes to see a fork once the locks are taken out. */
import { runWorld } from './world.ts'

const HEIGHTS = 1_000

/** Runs seeds from `seed` on, a thousand heights each; heights simulated until the first fork, or undefined where `most` were not enough. */
export async function heightsToFork(seed: number, most: number): Promise<number | undefined> {
  for (let before = 0; before < most; before += HEIGHTS) {
    const report = await runWorld({
      seed: seed + before / HEIGHTS,
      nodes: 4,
      heights: HEIGHTS,
      strategies: ['equivocate-all'],
      without: ['locks'],
      untilConflict: true,
    })
    if (report.forkHeight !== undefined) return before + report.forkHeight
  }
  return undefined
}
