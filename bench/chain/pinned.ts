/** Processes held to one processor, so that "one core" means one for whoever is measured. */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { runProgram } from '../main/node-process.ts'

const able = process.platform === 'linux' && spawnSync('taskset', ['--version']).error === undefined

/** What stands before a command to hold it to a processor; nothing where the system cannot. */
export const PINNED: readonly string[] = able ? ['taskset', '-c', '0'] : []

/** For the text of a row. */
export const ON_ONE_CORE = able ? 'on one core' : 'on one process (this system cannot pin)'

/** Runs a script of this folder; gives the JSON of its last line. `pinned` holds it to one processor. */
export async function runScript<T>(script: string, args: readonly (string | number)[], pinned: boolean): Promise<T> {
  const path = fileURLToPath(new URL(script, import.meta.url))
  const [command = '', ...rest] = [...(pinned ? PINNED : []), process.execPath, path, ...args.map(String)]
  const out = await runProgram(command, rest)
  return JSON.parse(out.trim().split('\n').at(-1) as string) as T
}
