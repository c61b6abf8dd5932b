/** The journal on disk: segments of records. Recovery drops a torn tail and refuses anything else that is broken. */
import { UtnetError, type Disk, type LogFile } from '../core/index.ts'
import { decodeRecord, encodeRecord, FRAME_BYTES, payloadLength, type JournalBatch, type NewBatch } from './record.ts'

const SEGMENT_BYTES = 64 * 1024 * 1024
const SEGMENT_NAME = /^receipts-(\d{8})\.log$/

export interface Place {
  readonly segment: number
  readonly at: number
  readonly length: number
}

/** The record at a place that the journal gave; throws `data_corrupt` when it is not what was written. */
export type RecordReader = (place: Place) => JournalBatch[]

export interface Journal {
  /** Appends one record and makes it durable; a failure is final for the journal. */
  append(batches: readonly NewBatch[]): Promise<Place>
  /** The same while the thread waits for the disk. */
  appendNow(batches: readonly NewBatch[]): Place
  /** Does now what would take the sync of a later record long, while the thread waits; a failure is final for the journal. */
  makeRoom(): void
  readonly read: RecordReader
  /** Whether the thread would wait for the sync of a record of so many receipts. */
  blocks(receipts: number): boolean
  /** Bytes that recovery cut from the end. */
  readonly dropped: number
  /** Writes the mark of a clean end, behind which no break is taken for a torn tail, unless the disk has failed. */
  close(): Promise<void>
}

const nameOf = (segment: number): string => `receipts-${String(segment).padStart(8, '0')}.log`
const broken = (segment: number, at: number): UtnetError =>
  new UtnetError('data_corrupt', `the receipt journal ${nameOf(segment)} is broken at byte ${at}`, {
    hint: 'restore the data folder from a copy',
  })

/** True when the node wrote another record behind `from`: it did so only after a sync, so the break before it is no torn tail. */
function recordFollows(key: Uint8Array, file: LogFile, segment: number, from: number): boolean {
  const rest = file.read(from, file.size() - from)
  for (let i = rest.indexOf(0x75, 1); i >= 0; i = rest.indexOf(0x75, i + 1)) {
    if (payloadLength(key, segment, from + i, rest.subarray(i, i + FRAME_BYTES)) !== undefined) return true
  }
  return false
}

/** Room that is kept behind the end of a segment: most syncs then change no length, which takes them a fraction of the time. */
const RESERVE_BYTES = 256 * 1024

/** True when nothing was written from `at` on: room that was kept when the power was lost. */
function isRoom(file: LogFile, at: number): boolean {
  return file.read(at, file.size() - at).every((byte) => byte === 0)
}

/** Records of up to so many receipts are synced while the thread waits: with more, it has other work meanwhile that outweighs waking up another thread and being called back. */
const NOW_RECEIPTS = 32
/** A disk that takes longer than this, in milliseconds, is left to another thread for the next record; for twice as many each time that it is slow again, up to the most. */
const NOW_MS = 1
const REST_RECORDS = 64

/**
 * Chooses how each record is synced: by how many wait for it, and by how the disk did when the thread last waited. Most slow syncs stand alone; and where
 * the machine is otherwise at rest, one in another thread may come back milliseconds late, since both processors sleep meanwhile.
 */
class SyncChoice {
  #rest = 0
  #next = 1

  blocks(receipts: number): boolean {
    return this.#rest === 0 && receipts <= NOW_RECEIPTS
  }

  now(batches: readonly NewBatch[]): boolean {
    if (this.#rest > 0) {
      this.#rest--
      return false
    }
    let receipts = 0
    for (const { entries } of batches) receipts += entries.length
    return this.blocks(receipts)
  }

  timed(sync: () => void): void {
    const began = performance.now()
    sync()
    if (performance.now() - began <= NOW_MS) this.#next = 1
    else {
      this.#rest = this.#next
      this.#next = Math.min(this.#next * 2, REST_RECORDS)
    }
  }
}

interface Recovered {
  readonly dropped: number
  /** True when the last record is the mark of a clean end. */
  readonly ended: boolean
}

/** Reads one segment, giving each record; cuts a torn tail where that is allowed. */
function recover(
  key: Uint8Array,
  file: LogFile,
  segment: number,
  last: boolean,
  each: (batches: JournalBatch[], place: Place) => void,
): Recovered {
  let at = 0
  let ended = false
  const size = file.size()
  while (at < size) {
    const length = at + FRAME_BYTES <= size ? payloadLength(key, segment, at, file.read(at, FRAME_BYTES)) : undefined
    const whole = length !== undefined && at + FRAME_BYTES + length <= size
    const batches = whole ? decodeRecord(file.read(at, FRAME_BYTES + length)) : undefined
    if (batches === undefined) {
      if (isRoom(file, at)) {
        file.truncate(at)
        return { dropped: 0, ended }
      }
      if (!last || recordFollows(key, file, segment, at)) throw broken(segment, at)
      file.truncate(at)
      return { dropped: size - at, ended }
    }
    const place = { segment, at, length: FRAME_BYTES + (length as number) }
    ended = batches.length === 0
    if (!ended) each(batches, place)
    at += place.length
  }
  return { dropped: 0, ended }
}

function readRecord(key: Uint8Array, file: LogFile, { segment, at, length }: Place): JournalBatch[] {
  const record = file.read(at, length)
  const batches = payloadLength(key, segment, at, record) === length - FRAME_BYTES ? decodeRecord(record) : undefined
  if (batches === undefined) throw broken(segment, at)
  return batches
}

/** Reads records of a journal that another thread writes. */
export function journalReader(disk: Disk, key: Uint8Array): { readonly read: RecordReader; close(): Promise<void> } {
  const files = new Map<number, LogFile>()
  return {
    read(place) {
      let file = files.get(place.segment)
      if (file === undefined || file.size() < place.at + place.length) {
        // Opened again, it has the length that it has now.
        void file?.close()
        file = disk.open(nameOf(place.segment))
        files.set(place.segment, file)
      }
      return readRecord(key, file, place)
    },
    async close() {
      for (const file of files.values()) await file.close()
    },
  }
}

/** Opens the journal of a disk; `key` (32 bytes) is the node's secret for its frames, `each` sees every durable record in order. */
export function openJournal(disk: Disk, key: Uint8Array, each: (batches: JournalBatch[], place: Place) => void): Journal {
  const numbers = disk
    .list()
    .flatMap((name) => SEGMENT_NAME.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => a - b)
  const files = new Map<number, LogFile>()
  let dropped = 0
  let ended = true
  for (const [i, segment] of numbers.entries()) {
    if (segment !== i)
      throw new UtnetError('data_corrupt', `the receipt journal lacks ${nameOf(i)}`, { hint: 'restore the data folder from a copy' })
    const file = disk.open(nameOf(segment), RESERVE_BYTES)
    files.set(segment, file)
    const found = recover(key, file, segment, i === numbers.length - 1, each)
    dropped = found.dropped
    if (file.size() > 0) ended = found.ended
  }
  let current = numbers.at(-1) ?? 0
  const sync = new SyncChoice()
  let failed = false
  const fileOf = (segment: number): LogFile => {
    let file = files.get(segment)
    if (file === undefined) {
      file = disk.open(nameOf(segment), RESERVE_BYTES)
      files.set(segment, file)
    }
    return file
  }
  /** Writes one record, to be synced. */
  const put = (batches: readonly NewBatch[]): { readonly file: LogFile; readonly place: Place } => {
    const full = fileOf(current)
    if (full.size() >= SEGMENT_BYTES) {
      full.truncate(full.size())
      current++
    }
    const segment = current
    const file = fileOf(segment)
    const at = file.size()
    file.append(...encodeRecord(key, segment, at, batches))
    return { file, place: { segment, at, length: file.size() - at } }
  }
  const appendNow = (batches: readonly NewBatch[]): Place => {
    try {
      const { file, place } = put(batches)
      file.syncNow()
      ended = batches.length === 0
      return place
    } catch (error) {
      failed = true
      throw error
    }
  }
  const append = async (batches: readonly NewBatch[]): Promise<Place> => {
    try {
      const { file, place } = put(batches)
      if (sync.now(batches)) sync.timed(() => file.syncNow())
      else await file.sync()
      ended = batches.length === 0
      return place
    } catch (error) {
      failed = true
      throw error
    }
  }
  return {
    dropped,
    append,
    appendNow,
    makeRoom() {
      try {
        fileOf(current).makeRoom()
      } catch (error) {
        failed = true
        throw error
      }
    },
    blocks: (receipts) => sync.blocks(receipts),
    read: (place) => readRecord(key, fileOf(place.segment), place),
    async close() {
      if (!failed && !ended) await append([])
      for (const file of files.values()) await file.close()
    },
  }
}
