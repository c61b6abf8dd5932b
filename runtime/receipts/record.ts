/** One journal record: frame (magic, length, CRC-32) and canonical dag-cbor of the batches that one sync made durable. */
import { crc32 } from 'node:zlib'
import { asArray, asBytes, asMap, decode, encode, LIMITS, readBatch, type BatchStatement, type Cbor } from '../core/index.ts'

export interface Entry {
  /** Canonical bytes of the receipt's body. */
  readonly body: Uint8Array
  readonly kept: Cbor
}

export interface SignedBatch {
  readonly batch: BatchStatement
  readonly sig: Uint8Array
}

export interface JournalBatch extends SignedBatch {
  readonly entries: readonly Entry[]
}

const MAGIC = 0x31_6a_74_75 // "utj1", little-endian
const FRAME = 12

/** Bytes of a record. */
export function encodeRecord(batches: readonly JournalBatch[]): Uint8Array {
  const payload = encode(batches.map((b) => ({ batch: { ...b.batch }, sig: b.sig, entries: b.entries.map((e) => [e.body, e.kept]) })))
  const record = new Uint8Array(FRAME + payload.length)
  const view = new DataView(record.buffer)
  view.setUint32(0, MAGIC, true)
  view.setUint32(4, payload.length, true)
  view.setUint32(8, crc32(payload), true)
  record.set(payload, FRAME)
  return record
}

/** Length of the record's payload when a frame stands at the head of these bytes (at least 12). */
export function payloadLength(frame: Uint8Array): number | undefined {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength)
  return frame.length >= FRAME && view.getUint32(0, true) === MAGIC ? view.getUint32(4, true) : undefined
}

/** The batches of a record; undefined when it is torn. Throws when a whole record does not hold what it should. */
export function decodeRecord(record: Uint8Array): JournalBatch[] | undefined {
  const length = payloadLength(record)
  if (length === undefined || record.length < FRAME + length) return undefined
  const payload = record.subarray(FRAME, FRAME + length)
  if (new DataView(record.buffer, record.byteOffset).getUint32(8, true) !== crc32(payload)) return undefined
  return asArray(decode(payload, 'journal record', LIMITS.cborBytes * 4), 'journal record').map((item) => {
    const map = asMap(item, ['batch', 'sig', 'entries'], 'journal batch')
    const entries = asArray(map['entries'], 'entries').map((e) => {
      const [body, kept] = asArray(e, 'entry', 2)
      return { body: asBytes(body, 'body'), kept: kept as Cbor }
    })
    return { batch: readBatch(map['batch']), sig: asBytes(map['sig'], 'sig', 64), entries }
  })
}

export const FRAME_BYTES = FRAME
