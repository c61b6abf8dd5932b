/** The files that a guest has mounted, as a tree. Which they are goes into the log at the run's begin, that the guest looked at one when it does. */
import { asArray, asBytes, asCid, asUint, fileCid, PARAMS, UtnetError, type Cbor, type CID } from '../../core/index.ts'
import type { Meter } from '../abi/index.ts'
import type { Mount } from './grants.ts'
import type { Recorder } from './recorder.ts'

export interface FileNode {
  readonly kind: 'file'
  readonly hash: Uint8Array
  readonly size: number
  readonly cid: CID
  /** Number of the node: equal for the same object only. */
  readonly id: number
}

export interface DirectoryNode {
  readonly kind: 'directory'
  readonly id: number
  /** In the order of the names' UTF-16 units. */
  readonly entries: ReadonlyMap<string, Node>
}

export type Node = FileNode | DirectoryNode

/** A mounted file whose bytes are at hand; a replay has them in its log. */
export interface MountedFile extends Mount {
  readonly bytes: Uint8Array
  /** Their sha256. */
  readonly hash: Uint8Array
}

/** Kind of the entry of a file that was looked at: its CID, and its sha256 among the log's files. */
const LOOKED = 'wasi.file'

/** The mounted files that a run looked at, by its log: their bytes lie in the store, and the log names them. */
export function lookedAt(entries: readonly Cbor[]): { readonly cid: CID; readonly hash: Uint8Array }[] {
  return entries.flatMap((entry) => {
    const [kind, cid, hash] = asArray(entry, 'log entry')
    return kind === LOOKED ? [{ cid: asCid(cid, 'cid of a file'), hash: asBytes(hash, 'hash of a file', 32) }] : []
  })
}

type Draft = Map<string, Draft | Omit<FileNode, 'id'>>

export class Files {
  readonly root: DirectoryNode
  /** Bytes of all of them. */
  readonly size: number
  readonly #recorder: Recorder
  readonly #bytes: ReadonlyMap<FileNode, Uint8Array>
  readonly #opened = new Map<number, Uint8Array>()

  constructor(mounts: readonly (Mount | MountedFile)[], recorder: Recorder) {
    this.#recorder = recorder
    const draft: Draft = new Map()
    const heads =
      mounts.length === 0
        ? []
        : recorder.entry(
            'wasi.mounts',
            mounts.map((m): Cbor => [m.path, m.cid]),
            () =>
              mounts.map((m): Cbor => {
                const { bytes, hash } = m as MountedFile
                return [hash, bytes.length]
              }),
          )
    const placed = new Map<Omit<FileNode, 'id'>, Uint8Array>()
    let whole = 0
    mounts.forEach((mount, i) => {
      const [hash, size] = asArray(heads[i], 'mounted file', 2)
      const file = {
        kind: 'file',
        hash: asBytes(hash, 'hash of a file', 32),
        size: asUint(size, 'size of a file'),
        cid: mount.cid,
      } as const
      whole += file.size
      if ('bytes' in mount) placed.set(file, mount.bytes)
      let at = draft
      const parts = mount.path.split('/').slice(1)
      const name = parts.pop() as string
      for (const part of parts) {
        let next = at.get(part)
        if (!(next instanceof Map)) {
          next = new Map() as Draft
          at.set(part, next)
        }
        at = next
      }
      at.set(name, file)
    })
    let ids = 0
    const bytes = new Map<FileNode, Uint8Array>()
    const finish = (from: Draft): DirectoryNode => {
      const id = ids++
      const entries = new Map<string, Node>()
      for (const name of [...from.keys()].sort()) {
        const item = from.get(name) as Draft | Omit<FileNode, 'id'>
        if (item instanceof Map) entries.set(name, finish(item))
        else {
          const file: FileNode = { ...item, id: ids++ }
          const content = placed.get(item)
          if (content !== undefined) bytes.set(file, content)
          entries.set(name, file)
        }
      }
      return { kind: 'directory', id, entries }
    }
    this.root = finish(draft)
    this.size = whole
    this.#bytes = bytes
  }

  /**
   * The bytes of a file; the first time they count among the log's files, which the guest pays for. A guest may see nothing of a file without them, not even its size: only they show
   * whoever repeats the run that the log has the file of the grants. Throws `replay_mismatch` where it has another.
   */
  read(file: FileNode, meter: Meter): Uint8Array {
    let bytes = this.#opened.get(file.id)
    if (bytes === undefined) {
      meter.charge(file.size * PARAMS.host.fileByte)
      this.#recorder.entry(LOOKED, [file.cid, file.hash], () => [])
      const here = this.#bytes.get(file)
      if (this.#recorder.replaying || here === undefined) {
        bytes = this.#recorder.logged(file.hash)
        if (bytes.length !== file.size || !fileCid(bytes).equals(file.cid))
          throw new UtnetError('replay_mismatch', `the log has another file as ${file.cid.toString()}`)
      } else {
        this.#recorder.keep(here, file.hash)
        bytes = here
      }
      this.#opened.set(file.id, bytes)
    }
    return bytes
  }
}
