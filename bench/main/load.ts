/** Load on a server, made by autocannon in a process of its own. */
import { fileURLToPath } from 'node:url'
import { runNode } from './node-process.ts'

const AUTOCANNON = fileURLToPath(import.meta.resolve('autocannon'))

interface Report {
  readonly requests: { readonly average: number; readonly total: number }
  readonly non2xx: number
  readonly errors: number
}

/** Requests a second with that many connections; throws when one was not answered with 2xx. */
export async function load(url: string, seconds: number, connections: number, headers: readonly string[] = []): Promise<number> {
  const options = ['-c', String(connections), '-d', String(seconds), '--json', '--no-progress', ...headers.flatMap((h) => ['-H', h])]
  const report = JSON.parse(await runNode([AUTOCANNON, ...options, url])) as Report
  if (report.errors > 0 || report.non2xx > 0 || report.requests.total === 0)
    throw new Error(`${url}: ${report.errors} errors, ${report.non2xx} answers that are no 2xx, of ${report.requests.total}`)
  return report.requests.average
}
