/** Mounted files as runs are given them: those that were brought last are there for the next run, as many bytes as one guest may mount. */
import { fileCid, LIMITS, sha256, UtnetError, type FileStore } from '../../core/index.ts'
import type { Mount, MountedFile } from '../wasi/index.ts'

type Brought = Pick<MountedFile, 'bytes' | 'hash'>

export class BroughtFiles {
  readonly #files: Pick<FileStore, 'getFile'>
  /** By CID, the one that was asked for last at the end. */
  readonly #recent = new Map<string, Brought>()
  /** The sha256 of mounts whose file was found to be of our layout: its id says so for ever. */
  readonly #laidOut = new WeakMap<Mount, Uint8Array>()
  #held = 0

  constructor(files: Pick<FileStore, 'getFile'>) {
    this.#files = files
  }

  /** The files of one guest. Throws as `getFile` does, and `block_mismatch` where one is laid out in another way than files are here. */
  async all(mounts: readonly Mount[]): Promise<MountedFile[]> {
    let left: number = LIMITS.mountBytes
    const out: MountedFile[] = []
    for (const mount of mounts) {
      const file = await this.#file(mount, left)
      left -= file.bytes.length
      out.push({ ...mount, ...file })
    }
    return out
  }

  async #file(mount: Mount, left: number): Promise<Brought> {
    const id = mount.cid.toString()
    const here = this.#recent.get(id)
    const file = here !== undefined && here.bytes.length <= left ? here : await this.#bring(mount, left)
    this.#drop(id)
    this.#recent.set(id, file)
    this.#held += file.bytes.length
    for (const oldest of this.#recent.keys()) {
      if (this.#held <= LIMITS.mountBytes) break
      this.#drop(oldest)
    }
    return file
  }

  async #bring(mount: Mount, left: number): Promise<Brought> {
    const bytes = await this.#files.getFile(mount.cid, left)
    const known = this.#laidOut.get(mount)
    // Whoever repeats the run has the bytes and the id, and no blocks between them.
    if (known === undefined && !fileCid(bytes).equals(mount.cid))
      throw new UtnetError('block_mismatch', `the file ${mount.cid} of ${mount.path} is not laid out as files are here`, {
        hint: `add it again: utnet deploy --mount ${mount.path}=FILE`,
      })
    const hash = known ?? sha256(bytes)
    this.#laidOut.set(mount, hash)
    return { bytes, hash }
  }

  #drop(id: string): void {
    this.#held -= this.#recent.get(id)?.bytes.length ?? 0
    this.#recent.delete(id)
  }
}
