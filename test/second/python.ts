/** The second implementation in Python: its programs, and whether this machine can run them. They need python3 and its standard library. */
import { execFile, spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const program = (name: string): string => fileURLToPath(new URL(name, import.meta.url))

const runs = spawnSync('python3', ['-c', 'import sys; sys.exit(sys.version_info < (3, 9))']).status === 0

/** Stands in the title of a test that is skipped; empty where none is. */
export const SKIPPED = runs ? '' : '(skipped: no python3 of 3.9 or later)'

/** How many more tries than in a run of all tests: `npm run -s test:second`. */
export const TIMES = process.env['SECOND_TEST'] === '1' ? 20 : 1

/** Seed of what is drawn: another each time, and in the titles, so that a red run can be repeated with `SECOND_SEED`. */
export const SEED = process.env['SECOND_SEED'] ?? String(Date.now() % 1_000_000)

/** What a program says on stdout; rejects with what it says on stderr where it ends otherwise than with 0. */
export async function python(name: string, ...args: readonly (string | number)[]): Promise<string> {
  const { stdout } = await promisify(execFile)('python3', ['-B', program(name), ...args.map(String)], { maxBuffer: 1 << 30 })
  return stdout
}

/** Each line of JSON that a program says. */
export async function lines<T>(name: string, ...args: readonly (string | number)[]): Promise<T[]> {
  return (await python(name, ...args))
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as T)
}
