/** The source map for a trace: a file, or the build of a project folder that gives the very module of the receipt. */
import { existsSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import { fileCid } from '../runtime/core/index.ts'
import { readInput } from './arguments.ts'
import { loadRuntime } from './runtime.ts'

const MANIFEST = 'utnet.jsonc'

/** Grants that a deployment adds stand behind the build, whose bytes keep their places. */
function beginsWith(component: Uint8Array, built: Uint8Array): boolean {
  return built.length <= component.length && Buffer.compare(component.subarray(0, built.length), built) === 0
}

async function mapOfBuild(dir: string, component: Uint8Array, say: (text: string) => void): Promise<string | undefined> {
  const { buildGuest } = await loadRuntime()
  const built = await buildGuest({ dir })
  if (!beginsWith(component, built.component)) {
    say(`no source lines: ${dir} builds ${fileCid(built.component)}, the receipt names ${fileCid(component)}`)
    return undefined
  }
  if (built.sourceMap === undefined) say(`no source lines: the build of ${dir} has no source map`)
  return built.sourceMap
}

/** `path` is a file or a folder as the user named it; without it the present folder counts where it is a project. */
export function sourceMapFor(
  path: string | undefined,
  say: (text: string) => void,
): ((component: Uint8Array) => Promise<string | undefined>) | undefined {
  if (path !== undefined && statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) {
    const text = new TextDecoder().decode(readInput(path))
    return () => Promise.resolve(text)
  }
  if (path === undefined && !existsSync(resolve(MANIFEST))) return undefined
  const dir = resolve(path ?? '.')
  return async (component) => {
    try {
      return await mapOfBuild(dir, component, say)
    } catch (error) {
      if (path !== undefined) throw error
      // The present folder may be a project of another kind of work
      say(`no source lines: the project here does not build: ${error instanceof Error ? error.message : String(error)}`)
      return undefined
    }
  }
}
