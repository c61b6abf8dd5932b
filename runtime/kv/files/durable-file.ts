/**
 * Single files that a loss of power leaves whole. A file is durable when its bytes are, and its name: a name lies in the folder, which is synced by itself.
 */
import { randomBytes } from 'node:crypto'
import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs'
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

/** Writes a file that is not there, and syncs its bytes; its name is durable after `syncFolder`. Throws `EEXIST` of `node:fs` where there is one, and `disk_failed` where its bytes cannot be written. */
export function writeNewFile(path: string, bytes: string | Uint8Array, mode = 0o600): void {
  const fd = openSync(path, 'wx', mode)
  try {
    writeFileSync(fd, bytes)
    fsyncSync(fd)
  } catch (cause) {
    rmSync(path, { force: true })
    throw new UtnetError('disk_failed', `cannot write ${path}: ${(cause as NodeJS.ErrnoException).code}`, { cause })
  } finally {
    closeSync(fd)
  }
}

/** Writes or replaces a file so that after a crash it is either absent, old or whole: temporary file, fsync, rename, fsync of the folder. */
export function writeDurably(path: string, bytes: string | Uint8Array, mode = 0o600): void {
  const temporary = `${path}.${randomBytes(6).toString('hex')}`
  writeNewFile(temporary, bytes, mode)
  renameSync(temporary, path)
  syncFolder(dirname(path))
}
