/** The source map for a trace: a file, the build of a project folder that gives the very module of the receipt, or what the node keeps. */
import { existsSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import { fileCid, fromUtf8, type NodeApi } from '../../runtime/core/index.ts'
import { readInput } from './arguments.ts'
import { loadRuntime } from '../runtime.ts'

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

type MapOf = (component: Uint8Array) => Promise<string | undefined>

/** The map that a node keeps beside the guest; undefined where it has none, or does not answer. */
export function mapOfNode(api: Pick<NodeApi, 'sourceMap'>): MapOf {
  return async (component) => {
    try {
      return fromUtf8(await api.sourceMap(fileCid(component).toString()))
    } catch {
      return undefined
    }
  }
}

/** The map of the present folder, where it is a project that builds the module; else the node's. Where there is neither, `say` is told why. */
function mapOfSurroundings(dir: string, ofNode: MapOf, say: (text: string) => void): MapOf {
  return async (component) => {
    const said: string[] = []
    let map: string | undefined
    try {
      map = await mapOfBuild(dir, component, (text) => void said.push(text))
    } catch (error) {
      // The present folder may be a project of another kind of work
      said.push(`no source lines: the project here does not build: ${error instanceof Error ? error.message : String(error)}`)
    }
    map ??= await ofNode(component)
    if (map === undefined) said.forEach(say)
    return map
  }
}

/** `path` is a file or a folder as the user named it; without it the present folder counts where it builds this very module, and else the node. */
export function sourceMapFor(path: string | undefined, api: Pick<NodeApi, 'sourceMap'>, say: (text: string) => void): MapOf {
  if (path === undefined) {
    const ofNode = mapOfNode(api)
    return existsSync(resolve(MANIFEST)) ? mapOfSurroundings(resolve('.'), ofNode, say) : ofNode
  }
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === true) return (component) => mapOfBuild(resolve(path), component, say)
  const text = new TextDecoder().decode(readInput(path))
  return () => Promise.resolve(text)
}
