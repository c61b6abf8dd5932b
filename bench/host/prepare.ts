/** What validating and preparing cost, warm by size, and for a module near the limit in a process of its own. */
import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { prepareModule } from '../../runtime/host/prepare/index.ts'
import { whitelistBytes } from '../../runtime/host/validate/index.ts'
import { rowOf, type Row } from '../row.ts'
import { compileKernels } from './kernels.ts'
import { repeated, type LargeRun } from './large-module.ts'

const ROUNDS = 61
const LARGE_ROUNDS = 3
const RSS_BYTES = 300 * 1024 * 1024

const prepare = (bytes: Uint8Array): Uint8Array => prepareModule(whitelistBytes(bytes).module)

export async function prepareRows(emit: (row: Row) => void): Promise<void> {
  const kernels = await compileKernels()
  const bytes = repeated(kernels, 100_000)
  const runs: number[] = []
  for (let i = 0; i < 40; i++) prepare(bytes)
  for (let i = 0; i < ROUNDS; i++) {
    const from = performance.now()
    prepare(bytes)
    runs.push(((performance.now() - from) * 10_000) / bytes.length)
  }
  emit(
    rowOf('host', {
      id: 'host.prepare.ms-per-10kb',
      row: 'validate and prepare, warm, per 10 KB of module',
      unit: 'ms',
      values: runs,
      atMost: 1,
    }),
  )
  const large = Array.from({ length: LARGE_ROUNDS }, () => {
    const script = fileURLToPath(new URL('large-module.ts', import.meta.url))
    return JSON.parse(execFileSync(process.execPath, [script], { encoding: 'utf8' })) as LargeRun
  })
  const rss = Math.max(...large.map((run) => run.rss))
  emit(
    rowOf('host', {
      id: 'host.prepare.10mb-s',
      // Over the memory that it may take it has not passed, however fast
      row: `validate and prepare ${((large[0]?.bytes ?? 0) / 1e6).toFixed(1)} MB (SpiderMonkey), cold, in ${Math.round(rss / 2 ** 20)} MB RSS (at most 300)`,
      unit: 's',
      values: large.map((run) => (run.rss > RSS_BYTES ? Number.MAX_SAFE_INTEGER : run.seconds)),
      atMost: 3,
    }),
  )
}
