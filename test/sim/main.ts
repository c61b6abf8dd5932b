/**
 * `npm run sim -- --seed N [--seeds COUNT] [--nodes N] [--heights N] [--strategy NAME] [--disks] [--real] [--without DEFENCE]`: agreement in a world of liars;
 * `--chain`: the real chain in bad weather; `--attacks`: the table of all attacks; `--attack NAME [--without DEFENCE]`: one of them.
 */
import { useNativeHashes } from '../../runtime/crypto/native.ts'
import { Arguments } from './arguments.ts'
import { printAttack, printTable } from './attacks/print.ts'
import { runChainNet, weatherOf } from './chain-net.ts'
import { realKeys } from './real-keys.ts'
import { runWorld, type Defence, type WorldOptions } from './world.ts'

useNativeHashes()
const args = new Arguments(process.argv.slice(2))

/** By seed, so that a seed alone says all. */
const NODES = [4, 5, 7, 4, 10, 5, 4, 7, 13, 6, 4, 5, 7, 4, 16, 6, 4, 7, 5, 30]

const first = args.number('seed', 1)
const seeds = args.number('seeds', 1)

interface Line {
  readonly heights: number
  readonly told: Readonly<Record<string, unknown>>
  readonly wrong: readonly string[]
}

async function world(seed: number): Promise<Line> {
  const strategies = args.values('strategy')
  const options: WorldOptions = {
    seed,
    nodes: args.number('nodes', NODES[seed % NODES.length] as number),
    heights: args.number('heights', 200),
    without: args.values('without') as Defence[],
    disks: args.has('disks'),
    ...(strategies.length === 0 ? {} : { strategies }),
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
  const nodes = args.number('nodes', NODES[seed % NODES.length] as number)
  const report = await runChainNet({ ...weatherOf(seed, nodes), heights: args.number('heights', 30) })
  const { blocks, stateRoots, conflicts, faults, powers, rewards: _, minted: __, ...rest } = report
  const parted = new Set(blocks.map((b) => b.join())).size + new Set(stateRoots).size - 2
  return {
    heights: blocks[0]?.length ?? 0,
    told: { seed, nodes, ...rest, powers: powers[0]?.at(-1) ?? [] },
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
    const told = JSON.stringify({ ...line.told, ms: Math.round(performance.now() - began) })
    process.stdout.write(`${line.wrong.length > 0 ? 'RED ' : 'ok  '}${told}\n`)
    for (const wrong of line.wrong) process.stdout.write(`    seed ${seed}: ${wrong}\n`)
  }
  process.stdout.write(`${seeds} seeds, ${heights} heights, ${red} red\n`)
  return red === 0
}

const [attack] = args.values('attack')
const good = await (attack !== undefined
  ? printAttack(attack, args.values('without'), first)
  : args.has('attacks')
    ? printTable(first)
    : runs())
process.exitCode = good ? 0 : 1
