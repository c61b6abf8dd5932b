/** Many guests in one process, and many calls of one: memory. Each is measured in a process of its own. */
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { rowOf, type Row } from '../row.ts'

const AREA = 'host'
const run = promisify(execFile)

/** What a process prints as its last line. */
async function told(kind: 'guests' | 'leak'): Promise<Readonly<Record<string, number>>> {
  const script = fileURLToPath(new URL('guests-process.ts', import.meta.url))
  const { stdout } = await run(process.execPath, ['--expose-gc', script, kind], { maxBuffer: 1 << 20 })
  return JSON.parse(stdout.trim().split('\n').at(-1) as string) as Readonly<Record<string, number>>
}

export async function guestRows(emit: (row: Row) => void): Promise<void> {
  const { rss, warm, dropped, ms } = (await told('guests')) as { rss: number; warm: number; dropped: number; ms: number }
  const many = `1,000 guests of distinct builds deployed, ${warm} warm, ${dropped} dropped by the cache and fetched again`
  emit(rowOf(AREA, { id: 'host.guests.rss-mb', row: `resident memory: ${many}`, unit: 'MiB', values: [rss], atMost: 1_024 }))
  emit(rowOf(AREA, { id: 'host.guests.deploy-ms', row: 'validate, prepare and compile one of them', unit: 'ms', values: [ms] }))
  const { perCall, us } = (await told('leak')) as { perCall: number; us: number }
  const row = 'bytes a call that stay, over the last 900,000 of 1,000,000 pooled calls'
  emit(rowOf(AREA, { id: 'host.leak.bytes-per-call', row, unit: 'B', values: [perCall], atMost: 1 }))
  emit(rowOf(AREA, { id: 'host.leak.us-per-call', row: 'one of these calls, mean', unit: 'us', values: [us] }))
}
