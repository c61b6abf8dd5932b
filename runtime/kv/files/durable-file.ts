/**
 * Single files that a loss of power leaves whole. A file is durable when its bytes are, and its name: a name lies in the folder, which is synced by itself.
 */
import { randomBytes } from 'node:crypto'
import { closeSync, fsyncSync, linkSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { UtnetError } from '../../core/index.ts'

/** Makes names in a folder durable: what was made, renamed or removed in it. */
export function syncFolder(folder: string): void {
  if (process.platform === 'win32') return // Windows opens no folders.
  const fd = openSync(folder, 'r')
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}

function cannotWrite(path: string, cause: unknown): UtnetError {
  return new UtnetError('disk_failed', `cannot write ${path}: ${(cause as NodeJS.ErrnoException).code}`, { cause })
}

/** What a disk says that is full or broken; anything else is about the path, or the process. */
const OF_THE_DISK: ReadonlySet<string | undefined> = new Set(['ENOSPC', 'EDQUOT', 'EIO', 'EROFS'])

const said = (path: string, cause: unknown): unknown =>
  OF_THE_DISK.has((cause as NodeJS.ErrnoException).code) ? cannotWrite(path, cause) : cause

function openNew(path: string, mode: number): number {
  try {
    return openSync(path, 'wx', mode)
  } catch (cause) {
    throw said(path, cause)
  }
}

/** Writes a file that is not there, and syncs its bytes; its name is durable after `syncFolder`. */
function writeNewFile(path: string, bytes: string | Uint8Array, mode: number): void {
  const fd = openNew(path, mode)
  try {
    writeFileSync(fd, bytes)
    fsyncSync(fd)
  } catch (cause) {
    rmSync(path, { force: true })
    throw cannotWrite(path, cause)
  } finally {
    closeSync(fd)
  }
}

const temporaryOf = (path: string): string => `${path}.${randomBytes(6).toString('hex')}`

/** Writes or replaces a file so that after a crash it is either absent, old or whole: temporary file, fsync, rename, fsync of the folder. Throws what `node:fs` says of the path (`ENOENT`, `EACCES`, `EISDIR`), and `disk_failed` of the disk: then nothing is left beside it. */
export function writeDurably(path: string, bytes: string | Uint8Array, mode = 0o600): void {
  const temporary = temporaryOf(path)
  writeNewFile(temporary, bytes, mode)
  try {
    renameSync(temporary, path)
    syncFolder(dirname(path))
  } catch (cause) {
    rmSync(temporary, { force: true })
    throw said(path, cause)
  }
}

/**
 * Writes a file where there is none, so that after a crash it is absent or whole; what is there is never replaced: a link in place of the rename. Throws as
 * `writeDurably` does, and `EEXIST` of `node:fs` where there is one.
 */
export function writeOnce(path: string, bytes: string | Uint8Array, mode = 0o600): void {
  const temporary = temporaryOf(path)
  writeNewFile(temporary, bytes, mode)
  try {
    linkSync(temporary, path)
    syncFolder(dirname(path))
  } catch (cause) {
    throw said(path, cause)
  } finally {
    rmSync(temporary, { force: true })
  }
}
