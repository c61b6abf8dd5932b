/** Weather of a world: what befalls its network, drawn from the seed, between two calm times. */

export const WEATHERS = [
  'lossy',
  'halves',
  'thirds',
  'power',
  'precommits',
  'lossy-power',
  'hunt',
  'blackout',
  'one-way',
  'echo',
  'sleep',
] as const
export type Weather = (typeof WEATHERS)[number]

export interface Network {
  minMs: number
  spreadMs: number
  drop: number
  /** Chance that a precommit or a final block is lost: then few decide, and the others go on. */
  dropLast: number
  double: number
  /** Whose messages come ten times, in any order. */
  echo: number | undefined
  /** Pairs of which the second does not hear the first, as `from/to`. */
  deaf: ReadonlySet<string> | undefined
  /** Groups that hear each other; undefined is one. */
  groups: readonly number[] | undefined
  /** Chance that a write loses the power of its node. */
  powerLoss: number
  /** Who leads next is cut off. */
  hunt: boolean
  /** At its end nearly everybody loses power, and liars say nothing until the rest has a new block without them. */
  blackout: boolean
  /** Milliseconds for which it lasts longer than other weather. */
  longer: number
}

export const CALM: Network = {
  minMs: 5,
  spreadMs: 45,
  drop: 0,
  dropLast: 0,
  double: 0,
  echo: undefined,
  deaf: undefined,
  groups: undefined,
  powerLoss: 0,
  hunt: false,
  blackout: false,
  longer: 0,
}
/** Chance of a node to lose power in a blackout. */
export const BLACKOUT_LOSS = 0.8

/** Nodes drawn one by one, as long as they have less than a third of the power together. */
function sleepers(random: () => number, powers: readonly number[]): Set<number> {
  const total = powers.reduce((a, b) => a + b, 0)
  const asleep = new Set<number>()
  let power = 0
  for (let i = 0; i < powers.length; i++) {
    const one = Math.floor(random() * powers.length)
    if (asleep.has(one) || (power + (powers[one] as number)) * 3 >= total) continue
    asleep.add(one)
    power += powers[one] as number
  }
  return asleep
}

/** The network in weather of one of these kinds, where nodes have these powers. */
export function stormy(kinds: readonly Weather[], random: () => number, powers: readonly number[]): Network {
  const nodes = powers.length
  const any = (): number => Math.floor(random() * nodes)
  const lossy = { ...CALM, drop: random() * 0.4, spreadMs: 50 + random() * 3_000, double: random() * 0.2 }
  switch (kinds[Math.floor(random() * kinds.length)] as Weather) {
    case 'lossy':
      return lossy
    case 'halves':
      return { ...CALM, groups: Array.from({ length: nodes }, () => Math.floor(random() * 2)) }
    case 'thirds':
      return { ...lossy, groups: Array.from({ length: nodes }, () => Math.floor(random() * 3)) }
    case 'power':
      return { ...CALM, powerLoss: 0.03 }
    case 'precommits':
      return { ...CALM, dropLast: 0.5 + random() * 0.4 }
    case 'lossy-power':
      return { ...lossy, powerLoss: 0.01 }
    case 'hunt':
      return { ...CALM, hunt: true }
    case 'blackout':
      // few hear enough precommits to go on, and lose what they heard
      return { ...lossy, dropLast: random() * 0.7, blackout: true }
    case 'one-way':
      return { ...CALM, deaf: new Set(Array.from({ length: nodes }, () => `${any()}/${any()}`)) }
    case 'echo':
      return { ...CALM, echo: any() }
    case 'sleep': {
      // each alone; the others go on if they can, many heights
      const asleep = sleepers(random, powers)
      return { ...CALM, groups: powers.map((_, i) => (asleep.has(i) ? i + 1 : 0)), longer: 40_000 }
    }
  }
}
