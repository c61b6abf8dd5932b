/**
 * The Kv port as a write-ahead log over a Disk, entries in memory: what crash tests run the chain on. One commit is one record: magic 4, length 4
 * (big endian), checksum 32 (over the payload), payload = canonical dag-cbor of [[key, value or null], ...].
 */
import {
  asArray,
  asBytes,
  compareBytes,
  concatBytes,
  decode,
  digest,
  encode,
  equalBytes,
  UtnetError,
  type Disk,
  type Kv,
  type LogFile,
} from '../core/index.ts'
import { checkChanges, checkKey, checkLimit, type Change } from './key.ts'

const MAGIC = Uint8Array.from([0x75, 0x74, 0x6b, 0x76])
const HEADER = 40

function record(changes: readonly Change[]): Uint8Array {
  const payload = encode(changes.map(([key, value]) => [key, value ?? null]))
  const length = new Uint8Array(4)
  new DataView(length.buffer).setUint32(0, payload.length)
  return concatBytes(MAGIC, length, digest('simulated-kv', payload), payload)
}

/** The changes of the record at an offset and where the next begins; undefined when none is whole there. */
function readRecord(file: LogFile, at: number): { readonly changes: readonly Change[]; readonly next: number } | undefined {
  if (at + HEADER > file.size()) return undefined
  const header = file.read(at, HEADER)
  const length = new DataView(header.buffer, header.byteOffset).getUint32(4)
  const next = at + HEADER + length
  if (!equalBytes(header.subarray(0, 4), MAGIC) || next > file.size()) return undefined
  const payload = file.read(at + HEADER, length)
  if (!equalBytes(digest('simulated-kv', payload), header.subarray(8))) return undefined
  const changes = asArray(decode(payload), 'record').map((item): Change => {
    const [key, value] = asArray(item, 'change', 2)
    return [asBytes(key, 'key'), value === null ? undefined : asBytes(value, 'value')]
  })
  return { changes, next }
}

// Keys as latin-1 text: strings compare by code unit, hence as bytes.
const textOf = (key: Uint8Array): string => {
  let text = ''
  for (const byte of key) text += String.fromCharCode(byte)
  return text
}
const bytesOf = (text: string): Uint8Array => Uint8Array.from(text, (c) => c.charCodeAt(0))

/** Opens a store in the file `name` of a disk, dropping a torn tail. A failed commit is final, as in `openLmdb`. */
export async function simulatedKv(disk: Disk, name = 'kv.log'): Promise<Kv> {
  const file = disk.open(name)
  const entries = new Map<string, Uint8Array>()
  let sorted: string[] | undefined
  let failure: UtnetError | undefined
  let queue: Promise<void> = Promise.resolve()

  const apply = (changes: readonly Change[]) => {
    for (const [key, value] of changes) {
      const text = textOf(key)
      if (value === undefined ? entries.delete(text) : !entries.has(text)) sorted = undefined
      if (value !== undefined) entries.set(text, Uint8Array.from(value))
    }
  }
  const ready = () => {
    if (failure !== undefined) throw failure
  }
  let end = 0
  for (let found = readRecord(file, end); found !== undefined; found = readRecord(file, end)) {
    apply(found.changes)
    end = found.next
  }
  if (end < file.size()) {
    file.truncate(end)
    await file.sync()
  }

  return {
    get(key) {
      ready()
      const value = entries.get(textOf(checkKey(key)))
      return value === undefined ? undefined : Uint8Array.from(value)
    },
    range(from, to, options = {}) {
      ready()
      const limit = checkLimit(options.limit)
      if (compareBytes(from, to) >= 0) return []
      sorted ??= [...entries.keys()].sort((a, b) => (a < b ? -1 : 1))
      const [low, high] = [textOf(from), textOf(to)]
      const found = sorted.filter((key) => low <= key && key < high)
      if (options.reverse) found.reverse()
      return found.slice(0, limit).map((key) => [bytesOf(key), Uint8Array.from(entries.get(key) as Uint8Array)] as const)
    },
    commit(changes) {
      try {
        ready()
        checkChanges(changes)
      } catch (error) {
        return Promise.reject(error as Error)
      }
      if (changes.length === 0) return Promise.resolve()
      const bytes = record(changes)
      const copied = changes.map(([key, value]): Change => [Uint8Array.from(key), value === undefined ? undefined : Uint8Array.from(value)])
      const done = queue.then(async () => {
        ready()
        try {
          file.append(bytes)
          await file.sync()
        } catch (error) {
          failure ??= error as UtnetError
          throw failure
        }
        apply(copied)
      })
      queue = done.catch(() => undefined)
      return done
    },
    async close() {
      await queue
      failure ??= new UtnetError('disk_failed', `store ${name} is closed`)
      await file.close()
    },
  }
}
