/** The Disk port over real files. */
import {
  closeSync,
  fdatasync,
  fdatasyncSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  rmSync,
  writeSync,
  writevSync,
} from 'node:fs'
import { join } from 'node:path'
import { concatBytes, UtnetError, type Disk, type LogFile } from '../core/index.ts'

/**
 * Append-only files in one folder, made when it is absent. A name is a plain file name. The folder is synced when a file comes or goes, so a
 * synced file cannot vanish. Any failed write, truncation or sync is final for its file: the kernel may have dropped the pages, so a second try
 * could succeed over lost data.
 */
export function openDisk(folder: string): Disk {
  attempt(`folder ${folder}`, () => mkdirSync(folder, { recursive: true }))
  const files = new Map<string, LogFile>()
  return {
    open(name) {
      const path = join(folder, checkName(name))
      const known = files.get(name)
      if (known !== undefined) throw new UtnetError('disk_failed', `file ${name} is already open`)
      const file = openLog(path, () => files.delete(name))
      attempt(path, () => syncFolder(folder))
      files.set(name, file)
      return file
    },
    list() {
      return readdirSync(folder).sort()
    },
    remove(name) {
      if (files.has(name)) throw new UtnetError('disk_failed', `file ${name} is open`)
      const path = join(folder, checkName(name))
      attempt(path, () => {
        rmSync(path, { force: true })
        syncFolder(folder)
      })
    },
  }
}

function checkName(name: string): string {
  if (!/^[a-z0-9][a-z0-9._-]*$/.test(name)) throw new UtnetError('core_bad_argument', `${name} is not a file name`)
  return name
}

function attempt<T>(what: string, action: () => T): T {
  try {
    return action()
  } catch (cause) {
    throw new UtnetError('disk_failed', `${what}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
  }
}

function syncFolder(folder: string): void {
  if (process.platform === 'win32') return // Windows opens no folders.
  const fd = openSync(folder, 'r')
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}

/** Up to here a copy is cheaper than a vector of parts. */
const JOINED_BYTES = 65_536

/** Writes all parts at the end of the file; gives how many bytes they were. */
function writeAll(fd: number, parts: readonly Uint8Array[]): number {
  const total = parts.reduce((n, part) => n + part.length, 0)
  if (parts.length > 1 && total > JOINED_BYTES) {
    const done = writevSync(fd, parts)
    // A short write: the rest is rare enough to be copied.
    if (done < total) writeWhole(fd, concatBytes(...parts).subarray(done))
  } else writeWhole(fd, parts.length === 1 ? (parts[0] as Uint8Array) : concatBytes(...parts))
  return total
}

function writeWhole(fd: number, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length;) done += writeSync(fd, bytes, done, bytes.length - done)
}

function openLog(path: string, closed: () => void): LogFile {
  const fd = attempt(path, () => openSync(path, 'a+', 0o600))
  let size = attempt(path, () => fstatSync(fd).size)
  let failure: UtnetError | undefined
  const act = <T>(action: () => T): T => {
    if (failure !== undefined) throw failure
    try {
      return attempt(path, action)
    } catch (error) {
      failure = error as UtnetError
      throw error
    }
  }
  return {
    size: () => size,
    read(at, length) {
      if (failure !== undefined) throw failure
      if (at < 0 || length < 0 || at + length > size)
        throw new UtnetError('core_bad_argument', `${path}: ${length} bytes at ${at} are beyond its ${size}`)
      const out = new Uint8Array(length)
      attempt(path, () => {
        for (let done = 0; done < length;) {
          const n = readSync(fd, out, done, length - done, at + done)
          if (n === 0) throw new Error('it ends early')
          done += n
        }
      })
      return out
    },
    append(...parts) {
      act(() => {
        size += writeAll(fd, parts)
      })
    },
    truncate(length) {
      act(() => {
        if (length > size) throw new Error(`cannot truncate ${size} bytes to ${length}`)
        ftruncateSync(fd, length)
        size = length
      })
    },
    sync() {
      return new Promise((resolve, reject) => {
        if (failure !== undefined) return reject(failure)
        fdatasync(fd, (cause) => {
          if (cause === null || cause === undefined) return failure === undefined ? resolve() : reject(failure)
          failure ??= new UtnetError('disk_failed', `${path}: ${cause.message}`, { cause })
          reject(failure)
        })
      })
    },
    syncNow() {
      act(() => fdatasyncSync(fd))
    },
    async close() {
      failure ??= new UtnetError('disk_failed', `${path} is closed`)
      closed()
      closeSync(fd)
    },
  }
}
