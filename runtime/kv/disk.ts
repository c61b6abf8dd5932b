/** The Disk port over real files. */
import {
  closeSync,
  constants,
  fdatasync,
  fdatasyncSync,
  fstatSync,
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
import { syncFolder } from './files/index.ts'

/**
 * Append-only files in one folder, made when it is absent. A name is a plain file name. The folder is synced when a file comes or goes, so a
 * synced file cannot vanish. Any failed write, truncation or sync is final for its file: the kernel may have dropped the pages, so a second try
 * could succeed over lost data.
 */
export function openDisk(folder: string): Disk {
  attempt(`folder ${folder}`, () => mkdirSync(folder, { recursive: true }))
  const files = new Map<string, LogFile>()
  return {
    open(name, reserve = 0) {
      const path = join(folder, checkName(name))
      const known = files.get(name)
      if (known !== undefined) throw new UtnetError('disk_failed', `file ${name} is already open`)
      const file = openLog(path, reserve, () => files.delete(name))
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

/** Up to here a copy is cheaper than a vector of parts. */
const JOINED_BYTES = 65_536

/** Writes all parts, `total` bytes, at a place. */
function writeAll(fd: number, at: number, parts: readonly Uint8Array[], total: number): void {
  if (parts.length > 1 && total > JOINED_BYTES) {
    const done = writevSync(fd, parts, at)
    // A short write: the rest is rare enough to be copied.
    if (done < total) writeWhole(fd, at + done, concatBytes(...parts).subarray(done))
  } else writeWhole(fd, at, parts.length === 1 ? (parts[0] as Uint8Array) : concatBytes(...parts))
}

function writeWhole(fd: number, at: number, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length;) done += writeSync(fd, bytes, done, bytes.length - done, at + done)
}

function openLog(path: string, reserve: number, closed: () => void): LogFile {
  const fd = attempt(path, () => openSync(path, constants.O_RDWR | constants.O_CREAT, 0o600))
  let size = attempt(path, () => fstatSync(fd).size)
  /** Length of the file on the disk: what is behind `size` is zero. */
  let reserved = size
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
  const extend = (to: number): void => {
    writeWhole(fd, reserved, new Uint8Array(to - reserved))
    reserved = to
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
        const total = parts.reduce((n, part) => n + part.length, 0)
        if (reserve > 0 && total > 0 && size + total > reserved) extend(size + total + reserve)
        writeAll(fd, size, parts, total)
        size += total
        reserved = Math.max(reserved, size)
      })
    },
    truncate(length) {
      act(() => {
        if (length > size) throw new Error(`cannot truncate ${size} bytes to ${length}`)
        ftruncateSync(fd, length)
        size = reserved = length
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
    makeRoom() {
      act(() => {
        if (reserved - size >= reserve / 2) return
        extend(size + reserve)
        fdatasyncSync(fd)
      })
    },
    async close() {
      if (failure === undefined && reserved > size) attempt(path, () => ftruncateSync(fd, size))
      failure ??= new UtnetError('disk_failed', `${path} is closed`)
      closed()
      closeSync(fd)
    },
  }
}
