/** The Kv port over LMDB. Locking the data folder and its version are the node's matter. */
import { closeSync, openSync, readSync, statSync } from 'node:fs'
import { endianness } from 'node:os'
import { join } from 'node:path'
import { open } from 'lmdb'
import { compareBytes, UtnetError, type Kv } from '../core/index.ts'
import { checkChanges, checkKey, checkLimit, type Change } from './key.ts'
import { sealed, unsealed } from './seal.ts'

/** A copy of what LMDB hands out: a view over memory that its next read reuses, whose `length` may be set below that of the view. Of values `unsealed` makes it. */
function copy(view: Uint8Array): Uint8Array {
  const { length } = view
  const out = new Uint8Array(length)
  out.set(view.subarray(0, length))
  return out
}

/**
 * Opens (or makes) a store in a folder. A commit is one LMDB transaction, written by a thread of its own and synced before it resolves.
 * The first failed commit is final: from then on every call throws `disk_failed`. A read throws `data_corrupt` where the disk gives back what was not written.
 */
export async function openLmdb(path: string): Promise<Kv> {
  // overlappingSync would resolve before the sync; without it LMDB syncs the data, then writes the root page synchronously.
  const db = openFolder(path)
  let failure: UtnetError | undefined
  const ready = () => {
    if (failure !== undefined) throw failure
  }
  const fail = (cause: unknown): UtnetError =>
    (failure ??= new UtnetError('disk_failed', `store ${path} failed: ${messageOf(cause)}`, { cause }))

  return {
    get(key) {
      ready()
      const value: Uint8Array | undefined = db.getBinaryFast(checkKey(key))
      return value === undefined ? undefined : unsealed(key, value, value.length)
    },
    range(from, to, options = {}) {
      ready()
      const limit = checkLimit(options.limit)
      if (limit === 0 || compareBytes(from, to) >= 0) return []
      // An empty bound means no bound to LMDB; no key is empty, so the smallest key stands for it.
      const low = from.length === 0 ? Uint8Array.of(0) : from
      if (compareBytes(low, to) >= 0) return []
      const bounded = Number.isFinite(limit) ? { limit } : {}
      const found = options.reverse
        ? db.getRange({ start: to, end: low, reverse: true, exclusiveStart: true, inclusiveEnd: true, ...bounded })
        : db.getRange({ start: low, end: to, ...bounded })
      return found.map(({ key, value }) => {
        const own = copy(key)
        return [own, unsealed(own, value, value.length)] as const
      })
    },
    async commit(changes: readonly Change[]) {
      ready()
      checkChanges(changes)
      if (changes.length === 0) return
      try {
        await db.batch(() => {
          for (const [key, value] of changes) {
            if (value === undefined) void db.remove(key)
            else void db.put(key, sealed(key, value))
          }
        })
      } catch (cause) {
        hear(reasonOf(cause))
        hear(db.committed)
        throw fail(cause)
      }
      ready()
    },
    async close() {
      failure ??= new UtnetError('disk_failed', `store ${path} is closed`)
      await db.close()
    },
  }
}

/**
 * LMDB says why a commit failed by a second promise, and where large values made it begin to write before the end of the turn, that it failed by a third that
 * it keeps for itself. Unheard, as on a full disk, each would end the process without a code.
 */
function hear(promise: PromiseLike<unknown> | undefined): void {
  promise?.then(undefined, () => undefined)
}

/** Of a failed commit LMDB says no more than where the reason is to be found, which comes later and is `Input/output error` for a full disk too. */
function messageOf(cause: unknown): string {
  if (reasonOf(cause) !== undefined) return 'the disk did not take a commit'
  return cause instanceof Error ? cause.message : String(cause)
}

const reasonOf = (cause: unknown): Promise<unknown> | undefined =>
  (cause as { readonly commitError?: Promise<unknown> } | null)?.commitError

/** Where LMDB's mark stands in a page that tells of the file (`mm_magic` behind the head of 24 bytes), and what it is. */
const MARK_AT = 24
const MARK = 0xbeefc0de
const SMALLEST_PAGE = 4_096

/** Throws `data_corrupt` for a file that LMDB did not write: LMDB itself would end the process. It makes a file that is missing or empty anew. */
function mustBeOurs(path: string): void {
  const file = join(path, 'data.mdb')
  const size = statSync(file, { throwIfNoEntry: false })?.size ?? 0
  if (size === 0) return
  const mark = new DataView(new ArrayBuffer(4))
  const fd = openSync(file, 'r')
  try {
    if (size >= 2 * SMALLEST_PAGE) readSync(fd, mark, 0, 4, MARK_AT)
  } finally {
    closeSync(fd)
  }
  if (mark.getUint32(0, endianness() === 'LE') !== MARK) {
    throw new UtnetError('data_corrupt', `${file} is not what this node wrote`, {
      hint: 'put the data folder back from a copy, or begin another: utnet dev --data DIR',
    })
  }
}

function openFolder(path: string) {
  try {
    mustBeOurs(path)
    return open<Uint8Array, Uint8Array>({
      path,
      noSubdir: false,
      keyEncoding: 'binary',
      encoding: 'binary',
      overlappingSync: false,
      cache: false,
    })
  } catch (cause) {
    if (cause instanceof UtnetError) throw cause
    throw new UtnetError('disk_failed', `store ${path} cannot be opened: ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
    })
  }
}
