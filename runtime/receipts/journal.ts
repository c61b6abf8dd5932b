/** The journal on disk: segments of records. Recovery drops a torn tail and refuses anything else that is broken. */
import { UtnetError, type Disk, type LogFile } from '../core/index.ts'
import { decodeRecord, encodeRecord, FRAME_BYTES, payloadLength, type JournalBatch } from './record.ts'

const SEGMENT_BYTES = 64 * 1024 * 1024
const SEGMENT_NAME = /^receipts-(\d{8})\.log$/

export interface Place {
  readonly segment: number
  readonly at: number
  readonly length: number
}

export interface Journal {
  /** Appends one record and makes it durable; a failure is final for the journal. */
  append(batches: readonly JournalBatch[]): Promise<Place>
  read(place: Place): JournalBatch[]
  close(): Promise<void>
}

const nameOf = (segment: number): string => `receipts-${String(segment).padStart(8, '0')}.log`

/** True when a whole record begins anywhere behind `from`: then the break before it is no torn tail. */
function recordFollows(file: LogFile, from: number): boolean {
  const rest = file.read(from, file.size() - from)
  for (let at = 1; at + FRAME_BYTES <= rest.length; at++) {
    if (rest[at] !== 0x75) continue
    const tail = rest.subarray(at)
    if (payloadLength(tail) === undefined) continue
    try {
      if (decodeRecord(tail) !== undefined) return true
    } catch {
      return true
    }
  }
  return false
}

/** Reads one segment, giving each record; cuts a torn tail where that is allowed. */
function recover(file: LogFile, segment: number, last: boolean, each: (batches: JournalBatch[], place: Place) => void): void {
  let at = 0
  const size = file.size()
  while (at < size) {
    const length = at + FRAME_BYTES <= size ? payloadLength(file.read(at, FRAME_BYTES)) : undefined
    const whole = length !== undefined && at + FRAME_BYTES + length <= size
    const batches = whole ? decodeRecord(file.read(at, FRAME_BYTES + length)) : undefined
    if (batches === undefined) {
      if (!last || recordFollows(file, at)) throw new UtnetError('data_corrupt', `the receipt journal ${nameOf(segment)} is broken at byte ${at}`, { hint: 'restore the data folder from a copy' })
      file.truncate(at)
      return
    }
    const place = { segment, at, length: FRAME_BYTES + (length as number) }
    each(batches, place)
    at += place.length
  }
}

/** Opens the journal of a disk; `each` sees every durable record in order. */
export function openJournal(disk: Disk, each: (batches: JournalBatch[], place: Place) => void): Journal {
  const numbers = disk.list().flatMap((name) => SEGMENT_NAME.exec(name)?.[1] ?? []).map(Number).sort((a, b) => a - b)
  const files = new Map<number, LogFile>()
  for (const [i, segment] of numbers.entries()) {
    const file = disk.open(nameOf(segment))
    files.set(segment, file)
    recover(file, segment, i === numbers.length - 1, each)
  }
  let current = numbers.at(-1) ?? 0
  const fileOf = (segment: number): LogFile => {
    let file = files.get(segment)
    if (file === undefined) {
      file = disk.open(nameOf(segment))
      files.set(segment, file)
    }
    return file
  }
  return {
    async append(batches) {
      if (fileOf(current).size() >= SEGMENT_BYTES) current++
      const segment = current
      const file = fileOf(segment)
      const record = encodeRecord(batches)
      const at = file.size()
      file.append(record)
      await file.sync()
      return { segment, at, length: record.length }
    },
    read({ segment, at, length }) {
      const batches = decodeRecord(fileOf(segment).read(at, length))
      if (batches === undefined) throw new UtnetError('data_corrupt', `the receipt journal ${nameOf(segment)} is broken at byte ${at}`, { hint: 'restore the data folder from a copy' })
      return batches
    },
    async close() {
      for (const file of files.values()) await file.close()
    },
  }
}
