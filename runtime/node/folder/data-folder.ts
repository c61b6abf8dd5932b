/** The data folder: `format, lock, keys/, chain/, blocks/, journal/`. One node at a time; a folder of a newer version is left alone. */
import { existsSync, readFileSync, statfsSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { UtnetError } from '../../core/index.ts'
import { makeFolder, writeDurably } from '../../kv/files/index.ts'

/** A node that begins with less room ends at its first blocks; LMDB, which maps its file, may end the process without a word. */
const ROOM_BYTES = 1 << 20

/** Raised when a folder written before cannot be read any more. 2: rows with checksums. 3: batches name their chain. 4: inner nodes of the state are the hash of 64 bytes. */
const FORMAT = 4

/** Result code 5 of SQLite: another connection holds the lock. */
const SQLITE_BUSY = 5

/** An open data folder, by the paths of its parts. */
export interface DataFolder {
  readonly path: string
  readonly keys: string
  readonly chain: string
  readonly blocks: string
  readonly journal: string
  /** Gives the folder free for another node. */
  release(): void
}

function formatIn(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    throw new UtnetError('data_corrupt', `${file} cannot be read`, { hint: 'choose another folder: --data DIR', cause })
  }
}

function checkFormat(path: string): void {
  const file = join(path, 'format')
  if (!existsSync(file)) {
    writeDurably(file, `${FORMAT}\n`, 0o644)
    return
  }
  const text = formatIn(file).trim()
  if (!/^\d{1,9}$/.test(text))
    throw new UtnetError('data_corrupt', `${file} does not hold a format number`, { hint: 'choose another folder: --data DIR' })
  if (Number(text) > FORMAT) {
    throw new UtnetError('data_version', `the data folder ${path} has format ${text}, this utnet knows up to ${FORMAT}`, {
      hint: 'use the newer utnet that wrote it, or choose another folder: --data DIR',
    })
  }
  if (Number(text) < FORMAT)
    throw new UtnetError('data_version', `the data folder ${path} has format ${text}, this utnet reads format ${FORMAT}`, {
      hint: 'use the older utnet that wrote it, or choose another folder: --data DIR',
    })
}

/**
 * The lock is a held SQLite transaction: the operating system drops it with the process, however that ends,
 * so that no stale lock survives a crash and no process id is mistaken for another. Throws `data_locked` with the text given, `data_corrupt` for what is no lock.
 */
export function holdLock(file: string, whenTaken: string): () => void {
  let database: DatabaseSync | undefined
  try {
    database = new DatabaseSync(file)
    database.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE')
  } catch (cause) {
    database?.close()
    if ((cause as { errcode?: number }).errcode === SQLITE_BUSY) throw new UtnetError('data_locked', whenTaken, { cause })
    throw new UtnetError('data_corrupt', `${file} is no lock: ${(cause as Error).message}`, {
      hint: 'remove it where no node uses the folder, or choose another folder: --data DIR',
      cause,
    })
  }
  const held = database
  return () => held.close()
}

function mustHaveRoom(path: string, bytes: number): void {
  const { bavail, bsize } = statfsSync(path)
  if (bavail * bsize < bytes)
    throw new UtnetError('disk_failed', `the disk of ${path} has ${bavail * bsize} bytes left, a node takes ${bytes}`, {
      hint: 'make room, or choose another folder: --data DIR',
    })
}

/** Opens (or makes) a data folder on a disk with `room` bytes left, and locks it; throws `disk_failed`, `data_locked`, `data_version` or `data_corrupt`. */
export function openDataFolder(path: string, room = ROOM_BYTES): DataFolder {
  try {
    makeFolder(path, 0o700)
  } catch (cause) {
    throw new UtnetError('disk_failed', `cannot make the data folder ${path}`, { cause })
  }
  mustHaveRoom(path, room)
  // The version is looked at first: a newer utnet may lock in another way.
  checkFormat(path)
  const release = holdLock(join(path, 'lock'), `the data folder ${path} is in use by another node`)
  const folder = (name: string): string => {
    const full = join(path, name)
    makeFolder(full, 0o700)
    return full
  }
  return { path, keys: folder('keys'), chain: folder('chain'), blocks: folder('blocks'), journal: folder('journal'), release }
}
