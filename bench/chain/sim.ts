/** The simulator: conflicts under every strategy, and heights until a fork once the locks are out. */
import { useNativeHashes } from '../../runtime/crypto/native.ts'
import { heightsToFork } from '../../test/sim/world/fork.ts'
import { realKeys } from '../../test/sim/world/real-keys.ts'
import { runWorld } from '../../test/sim/world/world.ts'
import { rowOf, type Row } from '../row.ts'

const NODES = [4, 5, 7, 4, 10, 5, 4, 7, 13, 6]
const SEEDS = 24
const HEIGHTS = 250

export async function simRows(emit: (row: Row) => void): Promise<void> {
  useNativeHashes()
  const conflicts: number[] = []
  let heights = 0
  let faults = 0
  const count = async (options: Parameters<typeof runWorld>[0]): Promise<void> => {
    const report = await runWorld(options)
    conflicts.push(report.conflicts.length)
    heights += report.heights
    faults += report.faults.length
    for (const what of report.faults) process.stderr.write(`seed ${options.seed}: ${what}\n`)
  }
  for (let seed = 1; seed <= SEEDS; seed++) await count({ seed, nodes: NODES[seed % NODES.length] as number, heights: HEIGHTS })
  await count({ seed: 1, nodes: 4, heights: 30, keys: realKeys() })
  process.stderr.write(`${heights} heights, ${faults} broken promises of other kinds; npm run sim runs more\n`)
  emit(
    rowOf('chain', {
      id: 'chain.sim.conflicts',
      row: `certificates that contradict each other in ${heights} simulated heights with just below a third of the power Byzantine`,
      unit: 'count',
      values: conflicts,
      value: conflicts.reduce((n, c) => n + c, 0),
      atMost: 0,
    }),
  )
  const forks: number[] = []
  for (const seed of [1, 101, 201]) forks.push((await heightsToFork(seed, 10_000)) ?? Number.MAX_SAFE_INTEGER)
  emit(
    rowOf('chain', {
      id: 'chain.sim.fork-height',
      row: 'heights until a fork is found when the locks are taken out',
      unit: 'count',
      values: forks,
      atMost: 10_000,
    }),
  )
}
