/** A file or folder that cannot be read or written, wherever a command met it: what is wrong with it and what to do, by the number of the error (POSIX.1-2024, errno.h). */
import { UtnetError, type ErrorCode } from '../../runtime/core/index.ts'

type Said = readonly [code: ErrorCode, what: string, hint: string]

const PATH = 'name one that can be read and written'
const DISK = 'make room, or name a place on another disk'
const FILES = 'let the process open more files (ulimit -n)'

const SAID: Readonly<Record<string, Said>> = {
  EACCES: ['usage', 'this user may not', 'name one that this user may read and write'],
  EPERM: ['usage', 'it is not permitted', 'name one that this user may read and write'],
  EISDIR: ['usage', 'it is a folder', 'name a file'],
  ENOTDIR: ['usage', 'a part of the path is no folder', PATH],
  ENOENT: ['usage', 'it is not there', PATH],
  EEXIST: ['usage', 'it is there already', 'name another'],
  ENAMETOOLONG: ['usage', 'the name is too long', 'name a shorter one'],
  ELOOP: ['usage', 'its links lead in a circle', PATH],
  EXDEV: ['usage', 'a disk of its own is mounted there', 'name a file below it'],
  EBUSY: ['usage', 'something else holds it, or is mounted there', 'name another'],
  EMFILE: ['host_busy', 'this process has too many files open', FILES],
  ENFILE: ['host_busy', 'this machine has too many files open', FILES],
  ENOSPC: ['disk_failed', 'the disk is full', DISK],
  EDQUOT: ['disk_failed', "this user's share of the disk is used up", DISK],
  EROFS: ['disk_failed', 'the disk is read-only', 'mount it for writing, or name a place on another disk'],
  EIO: ['disk_failed', 'the disk failed', 'look after the disk, or name a place on another'],
}

/** The error that names what `node:fs` threw, or the file at work where that names none; anything else is given back as it is. */
export function namedFile(thrown: unknown, atWork?: string): unknown {
  if (!(thrown instanceof Error) || thrown instanceof UtnetError) return thrown
  const { syscall, path, dest, code: errno } = thrown as NodeJS.ErrnoException & { readonly dest?: string }
  // of a file that is renamed into its place the place was named
  const file = dest ?? path ?? atWork
  if (syscall === undefined || file === undefined || errno === undefined) return thrown
  const [code, what, hint] = SAID[errno] ?? (['usage', undefined, PATH] as const)
  const message = `cannot ${syscall} ${file}: ${what === undefined ? errno : `${what} (${errno})`}`
  return new UtnetError(code, message, { hint, cause: thrown })
}
