/** A component as it is named on the command line: a file, or a project folder that is built first. */
import { statSync } from 'node:fs'
import { readInput } from './arguments.ts'
import { loadRuntime } from './runtime.ts'

/** Its bytes, and the project's name where it was built. */
export async function componentOf(path: string): Promise<{ readonly component: Uint8Array; readonly name?: string }> {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) return { component: readInput(path) }
  const { buildGuest } = await loadRuntime()
  return buildGuest({ dir: path })
}
