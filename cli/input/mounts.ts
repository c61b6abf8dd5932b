/** `--mount PATH=CID` and `--mount PATH=FILE`: what a guest finds at a path. */
import { statSync } from 'node:fs'
import { fileCid, limitError, LIMITS, parseCid, UtnetError, type CID, type NodeApi } from '../../runtime/core/index.ts'
import { readInput } from './arguments.ts'

export interface AskedMount {
  /** As the guest sees it. */
  readonly path: string
  readonly cid: CID
  /** Of a file of this machine: the node may not have it yet. */
  readonly bytes?: Uint8Array
}

function asCid(text: string): CID | undefined {
  try {
    return parseCid(text)
  } catch {
    return undefined
  }
}

/** Reads what is to be mounted. What is a CID is one, whatever files there are; `./NAME` is always a file. */
export function readMounts(mounts: readonly (readonly [path: string, source: string])[]): readonly AskedMount[] {
  let all = 0
  return mounts.map(([path, source]) => {
    const cid = asCid(source)
    if (cid !== undefined) return { path, cid }
    const found = statSync(source, { throwIfNoEntry: false })
    if (found === undefined) throw new UtnetError('usage', `--mount ${path}=${source}: ${source} is neither a CID nor a file`)
    if (!found.isFile()) {
      const what = found.isDirectory() ? 'a folder' : 'no regular file'
      throw new UtnetError('usage', `--mount ${path}=${source}: ${source} is ${what}; files are mounted one by one`, {
        hint: `--mount ${path}/NAME=${source.replace(/\/+$/, '')}/NAME for each file`,
      })
    }
    all += found.size
    if (all > LIMITS.mountBytes) throw limitError('core_too_large', 'mountBytes', all, LIMITS.mountBytes, 'files to be mounted')
    const bytes = readInput(source)
    return { path, cid: fileCid(bytes), bytes }
  })
}

/** Brings the files to the node, each once. */
export async function addMounted(api: Pick<NodeApi, 'addFile'>, mounts: readonly AskedMount[]): Promise<void> {
  const added = new Set<string>()
  for (const { cid, bytes } of mounts) {
    if (bytes === undefined || added.has(cid.toString())) continue
    const view = await api.addFile(bytes)
    if (view.cid !== cid.toString()) throw new UtnetError('block_mismatch', `the node has a file as ${view.cid} that is ${cid}`)
    added.add(view.cid)
  }
}
