/** Attacks on agreement that the world of many nodes runs: liars by name, weather, and what is taken out. */
import type { Defence, WorldOptions } from '../world/world-options.ts'
import { runWorld } from '../world/world.ts'
import { broken, held, type Attack, type AttackOutcome } from './attack.ts'

export interface WorldAttack extends Pick<Attack, 'name' | 'of' | 'aim'> {
  readonly defences: Readonly<Partial<Record<Defence, string>>>
  readonly world: Omit<WorldOptions, 'seed' | 'without'>
  /** Seeds tried from the given one on, until one breaks: an attacker may wait for its chance. */
  readonly tries: number
}

/** The attack that a world runs. Broken is a conflict or any broken promise. */
export function inWorld({ world, tries, defences, ...attack }: WorldAttack): Attack {
  return {
    ...attack,
    defences: defences as Record<string, string>,
    run: async (seed, without): Promise<AttackOutcome> => {
      let heights = 0
      for (let at = seed; at < seed + tries; at++) {
        const report = await runWorld({ ...world, seed: at, without: [...without] as Defence[], untilConflict: true })
        heights += report.heights
        const [conflict] = report.conflicts
        if (conflict !== undefined) return broken(`two blocks at height ${conflict.height} of seed ${at}`)
        if (report.faults[0] !== undefined) return broken(`${report.faults[0]} (seed ${at})`)
        // what holds is shown by one seed; what breaks is looked for
        if (without.size === 0) break
      }
      return held(`${heights} heights, one chain, progress`)
    },
  }
}
