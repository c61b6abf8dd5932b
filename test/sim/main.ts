/** `npm run sim -- --seed N [--seeds COUNT] [--nodes N] [--heights N] [--strategy NAME] [--disks] [--real] [--without DEFENCE]`. */
import { useNativeHashes } from '../../runtime/crypto/native.ts'
import { realKeys } from './real-keys.ts'
import { runWorld, type Defence, type WorldOptions } from './world.ts'

useNativeHashes()
const args = process.argv.slice(2)
const values = (name: string): string[] => args.flatMap((a, i) => (a === `--${name}` ? [args[i + 1] ?? ''] : []))
const number = (name: string, otherwise: number): number => Number(values(name)[0] ?? otherwise)

/** By seed, so that a seed alone says all. */
const NODES = [4, 5, 7, 4, 10, 5, 4, 7, 13, 6, 4, 5, 7, 4, 16, 6, 4, 7, 5, 30]

const first = number('seed', 1)
const seeds = number('seeds', 1)
let red = 0
let heights = 0
for (let seed = first; seed < first + seeds; seed++) {
  const strategies = values('strategy')
  const options: WorldOptions = {
    seed,
    nodes: number('nodes', NODES[seed % NODES.length] as number),
    heights: number('heights', 200),
    without: values('without') as Defence[],
    disks: args.includes('--disks'),
    ...(strategies.length === 0 ? {} : { strategies }),
    ...(args.includes('--real') ? { keys: realKeys() } : {}),
  }
  const began = performance.now()
  const report = await runWorld(options)
  heights += report.heights
  const bad = report.conflicts.length > 0 || report.faults.length > 0
  if (bad) red++
  const { byzantine, byzantineShare, conflicts, faults, ...rest } = report
  process.stdout.write(
    `${bad ? 'RED ' : 'ok  '}${JSON.stringify({ ...rest, sigma: Number(rest.sigma.toFixed(2)), share: Number(byzantineShare.toFixed(3)), byzantine: byzantine.join(' '), ms: Math.round(performance.now() - began) })}\n`,
  )
  for (const { height, why } of conflicts) process.stdout.write(`    seed ${seed}: two blocks at height ${height}: ${why}\n`)
  for (const fault of faults) process.stdout.write(`    seed ${seed}: ${fault}\n`)
}
process.stdout.write(`${seeds} seeds, ${heights} heights, ${red} red\n`)
process.exitCode = red > 0 ? 1 : 0
