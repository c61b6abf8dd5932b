/** Load by wrk where it is installed, by autocannon otherwise; with the CPU that the server spent on it. */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { load as autocannon } from '../../main/load.ts'
import { runProgram } from '../../main/node-process.ts'

/** A clock tick of /proc (USER_HZ), in microseconds. */
const TICK_US = 10_000

const wrk = spawnSync('wrk', ['-v']).error === undefined
export const GENERATOR = wrk ? 'wrk -t1' : 'autocannon'

export interface Loaded {
  readonly perSecond: number
  /** CPU of the server's process, microseconds a request. */
  readonly cpuUs: number
}

/** CPU that a process and its threads have used, in microseconds; NaN where the system does not tell. */
function cpuOf(pid: number): number {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
    return (Number(fields[11]) + Number(fields[12])) * TICK_US
  } catch {
    return Number.NaN
  }
}

/** Loads a server with that many connections; throws unless every answer was 2xx. */
export async function load(
  server: { readonly pid: number },
  url: string,
  seconds: number,
  connections: number,
  headers: readonly string[] = [],
): Promise<Loaded> {
  const before = cpuOf(server.pid)
  const perSecond = wrk ? await byWrk(url, seconds, connections, headers) : await autocannon(url, seconds, connections, headers)
  return { perSecond, cpuUs: (cpuOf(server.pid) - before) / (perSecond * seconds) }
}

/** wrk counts an answer that takes longer as an error (after 2 s unless told). Where others use the disk a sync may take that long: such a round is slow, not wrong. */
const PATIENCE = '20s'

async function byWrk(url: string, seconds: number, connections: number, headers: readonly string[]): Promise<number> {
  const out = await runProgram('wrk', [
    '-t1',
    `-c${connections}`,
    `-d${seconds}s`,
    '--timeout',
    PATIENCE,
    ...headers.flatMap((h) => ['-H', h]),
    url,
  ])
  if (/Non-2xx|Socket errors/.test(out)) throw new Error(`${url}: ${out}`)
  const rate = Number(/Requests\/sec:\s+([\d.]+)/.exec(out)?.[1])
  if (!(rate > 0)) throw new Error(`wrk says ${out}`)
  return rate
}
