/** A component as it is named on the command line: a file, or a project folder that is built first. */
import { existsSync, readFileSync, statSync } from 'node:fs'
import { readInput } from './arguments.ts'
import { loadRuntime } from '../runtime.ts'

export interface NamedComponent {
  readonly component: Uint8Array
  /** The project's, where it was built. */
  readonly name?: string
  /** Of the build, or of the file that `utnet build` wrote beside the component. */
  readonly sourceMap?: string
}

/** Gives the component and, where there is one beside it, its source map. Throws `guest_build` with the author's file and line. */
export async function componentOf(path: string): Promise<NamedComponent> {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) {
    const map = `${path}.map`
    const component = readInput(path)
    return existsSync(map) ? { component, sourceMap: readFileSync(map, 'utf8') } : { component }
  }
  const { buildGuest } = await loadRuntime()
  return buildGuest({ dir: path })
}
