/**
 * `npm run sim -- --seed N [--seeds COUNT] [--nodes N] [--heights N] [--strategy NAME] [--weather NAME] [--disks] [--real] [--without DEFENCE]`: agreement in a world of liars;
 * `--chain`: the real chain in bad weather; `--liveness`: rounds until a decision, by strategy; `--attacks`: the table of all attacks; `--attack NAME [--without DEFENCE]`: one of them.
 */
import { useNativeHashes } from '../../runtime/crypto/native.ts'
import { UsageError } from './arguments.ts'
import { ASKED_CHAIN_WEATHERS, ASKED_WEATHERS, askedOf, type Asked } from './asked.ts'
import { ATTACKS } from './attacks/index.ts'
import { printAttack, printTable } from './attacks/print.ts'
import { runChainNet, weatherOf } from './net/chain-net.ts'
import { livenessOf, type Spread } from './world/liveness.ts'
import { realKeys } from './world/real-keys.ts'
import { STRATEGIES } from './world/strategies/index.ts'
import { DEFENCES, type WorldOptions } from './world/world-options.ts'
import { runWorld } from './world/world.ts'

useNativeHashes()

const USAGE = `usage: npm run sim -- [--seed N] [--seeds COUNT] [--nodes N] [--heights N] [--strategy NAME] [--weather NAME] [--disks] [--real] [--without DEFENCE]
       npm run sim -- --chain [--seed N] [--seeds COUNT] [--nodes N] [--heights N] [--weather NAME]
       npm run sim -- --liveness [--seed N] [--seeds COUNT] [--heights N]
       npm run sim -- --attacks [--seed N]
       npm run sim -- --attack NAME [--without DEFENCE] [--seed N]
`

/** Says what cannot be meant, and ends: nothing was checked, so nothing may look green. */
function refuse(cause: unknown): never {
  if (!(cause instanceof UsageError)) throw cause
  process.stderr.write(`${cause.message}\n${USAGE}`)
  process.exit(2)
}

let asked: Asked
try {
  if (process.argv.includes('--help')) {
    process.stdout.write(USAGE)
    process.exit(0)
  }
  asked = askedOf(process.argv.slice(2))
} catch (cause) {
  refuse(cause)
}
const { args, first, seeds } = asked

/** By seed, so that a seed alone says all. */
const NODES = [4, 5, 7, 4, 10, 5, 4, 7, 13, 6, 4, 5, 7, 4, 16, 6, 4, 7, 5, 30]

interface Line {
  readonly heights: number
  readonly told: Readonly<Record<string, unknown>>
  readonly wrong: readonly string[]
}

async function world(seed: number): Promise<Line> {
  const strategies = args.values('strategy', Object.keys(STRATEGIES))
  const weather = args.values('weather', ASKED_WEATHERS)
  const options: WorldOptions = {
    seed,
    nodes: args.number('nodes', Math.max(NODES[seed % NODES.length] as number, 3 * strategies.length + 1), 1),
    heights: args.number('heights', 200, 1),
    without: args.values('without', DEFENCES),
    disks: args.has('disks'),
    ...(strategies.length === 0 ? {} : { strategies }),
    ...(weather.length === 0 ? {} : { weather: weather.filter((name) => name !== 'calm') }),
    ...(args.has('real') ? { keys: realKeys() } : {}),
  }
  const { byzantine, byzantineShare, conflicts, faults, sigma, ...rest } = await runWorld(options)
  return {
    heights: rest.heights,
    told: { ...rest, sigma: Number(sigma.toFixed(2)), share: Number(byzantineShare.toFixed(3)), byzantine: byzantine.join(' ') },
    wrong: [...conflicts.map(({ height, why }) => `two blocks at height ${height}: ${why}`), ...faults],
  }
}

async function chain(seed: number): Promise<Line> {
  const nodes = args.number('nodes', NODES[seed % NODES.length] as number, 1)
  const weather = args.values('weather', ASKED_CHAIN_WEATHERS)
  const kinds = weather.length === 0 ? undefined : weather.filter((name) => name !== 'calm')
  const { weather: bad, ...run } = weatherOf(seed, nodes, kinds)
  const report = await runChainNet({ ...run, ...(bad.length === 0 ? {} : { weather: bad }), heights: args.number('heights', 30, 1) })
  const { blocks, stateRoots, conflicts, faults, powers, rewards: _, minted: __, ...rest } = report
  const parted = new Set(blocks.map((b) => b.join())).size + new Set(stateRoots).size - 2
  return {
    heights: blocks[0]?.length ?? 0,
    told: { seed, nodes, ...rest, powers: powers[0]?.at(-1) ?? [], head: blocks[0]?.at(-1) ?? '' },
    wrong: [
      ...(parted > 0 ? ['validators hold different chains'] : []),
      ...conflicts.map(({ height, why }) => `two blocks at height ${height}: ${why}`),
      ...faults,
      ...rest.accused.map((i) => `honest validator ${i} is accused`),
    ],
  }
}

async function runs(): Promise<boolean> {
  let red = 0
  let heights = 0
  for (let seed = first; seed < first + seeds; seed++) {
    const began = performance.now()
    const line = await (args.has('chain') ? chain(seed) : world(seed))
    heights += line.heights
    if (line.wrong.length > 0) red++
    // what is printed here follows from the seed alone; how long it took does not
    process.stdout.write(`${line.wrong.length > 0 ? 'RED ' : 'ok  '}${JSON.stringify(line.told)}\n`)
    process.stderr.write(`seed ${seed} took ${Math.round(performance.now() - began)} ms\n`)
    for (const wrong of line.wrong) process.stdout.write(`    seed ${seed}: ${wrong}\n`)
  }
  process.stdout.write(`${seeds} seeds, ${heights} heights, ${red} red\n`)
  return red === 0
}

/** Rounds until a decision, for each strategy. */
async function printLiveness(): Promise<boolean> {
  let red = 0
  const told = ({ count, median, most, max }: Spread): string => `${count} times, median ${median}, 99 % ${most}, most ${max}`
  for await (const { strategy, decided, healed, wrong } of livenessOf(first, seeds, args.number('heights', 60, 1))) {
    red += wrong.length
    process.stdout.write(`${strategy}: decided ${told(decided)}; healed ${told(healed)}\n`)
    for (const what of wrong) process.stdout.write(`    ${what}\n`)
  }
  return red === 0
}

const attack = ATTACKS.find(({ name }) => name === args.text('attack'))
const good = await (attack !== undefined
  ? printAttack(attack, args.values('without', Object.keys(attack.defences)), first)
  : args.has('attacks')
    ? printTable(first)
    : args.has('liveness')
      ? printLiveness()
      : runs())
process.exitCode = good ? 0 : 1
