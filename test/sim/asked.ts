/** The simulator's command line: what goes with what. */
import { Arguments, UsageError } from './arguments.ts'
import { ATTACKS } from './attacks/index.ts'
import { STRATEGIES } from './world/strategies/index.ts'
import { CHAIN_WEATHERS } from './net/chain-weather.ts'
import { DEFENCES } from './world/world-options.ts'
import { WEATHERS } from './world/world-weather.ts'

const TEXT = { type: 'string' } as const
const LIST = { type: 'string', multiple: true } as const
const SWITCH = { type: 'boolean' } as const

/** What each kind of run takes beside seeds. */
const FILTERS: Readonly<Record<string, readonly string[]>> = {
  world: ['nodes', 'heights', 'strategy', 'weather', 'disks', 'real', 'without', 'seeds'],
  chain: ['nodes', 'heights', 'seeds', 'weather'],
  attacks: [],
  liveness: ['seeds', 'heights'],
  attack: ['without'],
}
/** What `--weather` takes: `calm` is none. */
export const ASKED_WEATHERS = ['calm', ...WEATHERS] as const
/** The same with `--chain`. */
export const ASKED_CHAIN_WEATHERS = ['calm', ...CHAIN_WEATHERS] as const
const ALL_FILTERS = FILTERS['world'] as readonly string[]

export interface Asked {
  readonly args: Arguments
  readonly first: number
  readonly seeds: number
}

/** What a command line asks for. Throws `UsageError` where it cannot be meant, or where a part of it would change nothing. */
export function askedOf(given: readonly string[]): Asked {
  const args = new Arguments(given, {
    seed: TEXT,
    seeds: TEXT,
    nodes: TEXT,
    heights: TEXT,
    attack: TEXT,
    strategy: LIST,
    weather: LIST,
    without: LIST,
    disks: SWITCH,
    real: SWITCH,
    chain: SWITCH,
    attacks: SWITCH,
    liveness: SWITCH,
  })
  const attack = args.text('attack')
  const known = ATTACKS.find((a) => a.name === attack)
  if (attack !== undefined && known === undefined)
    throw new UsageError(`--attack ${attack} is not known; there are ${ATTACKS.map((a) => a.name).join(', ')}`)
  const modes = ['chain', 'attacks', 'attack', 'liveness'].filter((name) => args.given(name))
  if (modes.length > 1) throw new UsageError(`--${modes[0]} does not go with --${modes[1]}`)
  const [mode = 'world'] = modes
  // what would be left out of account must not look as if it had been tried
  const foreign = ALL_FILTERS.find((name) => args.given(name) && FILTERS[mode]?.includes(name) !== true)
  if (foreign !== undefined)
    throw new UsageError(`--${foreign} does not go with ${mode === 'world' ? 'it' : `--${mode}`}: it would change nothing`)
  args.values('without', known === undefined ? DEFENCES : Object.keys(known.defences))
  args.values('weather', mode === 'chain' ? ASKED_CHAIN_WEATHERS : ASKED_WEATHERS)
  const strategies = args.values('strategy', Object.keys(STRATEGIES))
  const nodes = args.number('nodes', 4, 1)
  if (mode === 'world' && nodes === 1)
    throw new UsageError('--nodes 1: one node alone has nobody to agree with, and no network; take 2 nodes or more, or --chain')
  const liars = Math.floor((nodes - 1) / 3)
  if (args.given('nodes') && strategies.length > liars)
    throw new UsageError(
      `--nodes ${nodes} with ${strategies.length} liars: below a third of the power ${liars === 0 ? 'nobody' : `at most ${liars}`} of ${nodes} may lie; take ${3 * strategies.length + 1} nodes or more`,
    )
  args.number('heights', 1, 1)
  return { args, first: args.number('seed', 1, 0), seeds: args.number('seeds', 1, 1) }
}
