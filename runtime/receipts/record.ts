/**
 * One journal record: what one sync made durable.
 *
 * Frame, 52 bytes: magic 4, length of the statement 4, length of the files 4 (big endian), sha-256 of the statement 32, tag 8. The tag is keyed, with a
 * key that only the node can derive, over the record's place, lengths and hash: bytes of a guest that stand inside a record can never be taken for
 * one, nor can a record at another place. Statement: canonical dag-cbor of the batches; none at all is the mark of a clean end. Files: their bytes, one
 * behind the other, each under the sha-256 and length that the statement names. So large files are neither copied nor hashed to be written.
 */
import { hash } from 'node:crypto'
import {
  ARRAY,
  asArray,
  asBytes,
  asMap,
  asUint,
  BYTES,
  decode,
  digest,
  encode,
  equalBytes,
  HEAD_MAX,
  MAP,
  NULL,
  putBatch,
  putBytes,
  putHead,
  putText,
  readBatch,
  toHex,
  UINT,
  UtnetError,
  type BatchStatement,
  type Cbor,
} from '../core/index.ts'
import type { Keeping, Kept } from './kept.ts'

interface Entry {
  /** Canonical bytes of the receipt's body. */
  readonly body: Uint8Array
  /** What is kept of its openings, or null. */
  readonly kept: Kept | null
}

/** The statement of a batch, and the node's ed25519 signature (64 bytes) of it. */
export interface SignedBatch {
  readonly batch: BatchStatement
  readonly sig: Uint8Array
}

export interface JournalBatch extends SignedBatch {
  readonly entries: readonly Entry[]
}

/** An entry as it is written. */
export interface NewEntry {
  /** The body stands here, `length` bytes at `bodyAt`. */
  readonly sealed: Uint8Array | undefined
  readonly bodyAt: number
  readonly length: number
  readonly keeping: Keeping | null
}

export interface NewBatch extends SignedBatch {
  readonly entries: readonly NewEntry[]
}

const MAGIC = Uint8Array.of(0x75, 0x74, 0x6a, 0x31) // "utj1"
const LENGTHS_AT = 4
const HASH_AT = 12
const TAG_AT = 44
export const FRAME_BYTES = 52
/** A record holds at least one entry, of any size that a run may have; this only bounds what a broken frame can ask for. */
const MAX_PAYLOAD = 0x7fff_ffff

/** Lengths of the two parts behind a frame. */
function lengthsOf(frame: Uint8Array): { readonly statement: number; readonly files: number } {
  const view = new DataView(frame.buffer, frame.byteOffset)
  return { statement: view.getUint32(LENGTHS_AT), files: view.getUint32(LENGTHS_AT + 4) }
}

const sha256 = (bytes: Uint8Array): Uint8Array => Uint8Array.from(hash('sha256', bytes, 'buffer'))

function tagOf(key: Uint8Array, segment: number, at: number, lengthsAndHash: Uint8Array): Uint8Array {
  return digest('journal-frame', key, encode([segment, at]), lengthsAndHash).subarray(0, FRAME_BYTES - TAG_AT)
}

/** The room that records are put together in, one after the other; larger ones are given up. */
let room = new Uint8Array(256 * 1024)
const ROOM_MAX = 1024 * 1024

/** Bytes that the statement of batches takes at most. */
function statementBound(batches: readonly NewBatch[]): number {
  let bound = HEAD_MAX
  for (const { entries } of batches) {
    bound += 512
    for (const { length, keeping } of entries)
      bound += 6 * HEAD_MAX + length + (keeping === null ? 0 : keeping.head.length + keeping.files.length * (3 * HEAD_MAX + 32))
  }
  return bound
}

/** Writes the statement of batches: canonical dag-cbor, as the general encoder would give it. */
function putStatement(into: Uint8Array, from: number, batches: readonly NewBatch[]): number {
  let at = putHead(into, from, ARRAY, batches.length)
  for (const { batch, sig, entries } of batches) {
    at = putBytes(into, putText(into, putHead(into, at, MAP, 3), 'sig'), sig)
    at = putBatch(into, putText(into, at, 'batch'), batch)
    at = putHead(into, putText(into, at, 'entries'), ARRAY, entries.length)
    for (const { sealed, bodyAt, length, keeping } of entries) {
      if (sealed === undefined) throw new UtnetError('node_internal', 'a receipt was written before it was sealed')
      at = putBytes(into, putHead(into, at, ARRAY, 2), sealed.subarray(bodyAt, bodyAt + length))
      if (keeping === null) {
        into[at++] = NULL
        continue
      }
      const { head, files } = keeping
      at = head.put(into, putHead(into, putHead(into, at, ARRAY, 2), BYTES, head.length))
      at = putHead(into, at, ARRAY, files.length)
      for (const [name, bytes] of files) at = putHead(into, putBytes(into, putHead(into, at, ARRAY, 2), name), UINT, bytes.length)
    }
  }
  return at
}

/**
 * The record at a place, as the parts that follow each other. The names of the files are taken as they are given. What it gives is written over by
 * the next call.
 */
export function encodeRecord(key: Uint8Array, segment: number, at: number, batches: readonly NewBatch[]): readonly Uint8Array[] {
  const bound = FRAME_BYTES + statementBound(batches)
  const into = bound <= room.length ? room : new Uint8Array(bound)
  if (into.length <= ROOM_MAX) room = into
  const end = putStatement(into, FRAME_BYTES, batches)
  const files: Uint8Array[] = []
  for (const { entries } of batches) for (const { keeping } of entries) for (const [, bytes] of keeping?.files ?? []) files.push(bytes)
  into.set(MAGIC)
  const view = new DataView(into.buffer)
  view.setUint32(LENGTHS_AT, end - FRAME_BYTES)
  view.setUint32(
    LENGTHS_AT + 4,
    files.reduce((n, f) => n + f.length, 0),
  )
  into.set(sha256(into.subarray(FRAME_BYTES, end)), HASH_AT)
  into.set(tagOf(key, segment, at, into.subarray(LENGTHS_AT, TAG_AT)), TAG_AT)
  return [into.subarray(0, end), ...files]
}

/** Bytes behind the frame when these begin with a frame that the node wrote for this place. */
export function payloadLength(key: Uint8Array, segment: number, at: number, frame: Uint8Array): number | undefined {
  if (frame.length < FRAME_BYTES || !equalBytes(frame.subarray(0, LENGTHS_AT), MAGIC)) return undefined
  if (!equalBytes(frame.subarray(TAG_AT, FRAME_BYTES), tagOf(key, segment, at, frame.subarray(LENGTHS_AT, TAG_AT)))) return undefined
  const { statement, files } = lengthsOf(frame)
  return statement + files > MAX_PAYLOAD ? undefined : statement + files
}

/** The batches of a record whose frame was accepted; undefined when its statement or one of its files is torn. */
export function decodeRecord(record: Uint8Array): JournalBatch[] | undefined {
  const end = FRAME_BYTES + lengthsOf(record).statement
  const statement = record.subarray(FRAME_BYTES, end)
  if (!equalBytes(sha256(statement), record.subarray(HASH_AT, TAG_AT))) return undefined
  let at = end
  let whole = true
  const keptOf = (value: Cbor): Kept => {
    const [head, named] = asArray(value, 'kept openings', 2)
    const files = new Map<string, Uint8Array>()
    for (const file of asArray(named, 'files')) {
      const [hash, length] = asArray(file, 'file', 2)
      const bytes = record.subarray(at, (at += asUint(length, 'length of a file')))
      const name = asBytes(hash, 'hash of a file', 32)
      whole &&= equalBytes(sha256(bytes), name)
      files.set(toHex(name), bytes)
    }
    return { head: asBytes(head, 'kept openings'), files }
  }
  const batches = asArray(decode(statement, 'journal record', MAX_PAYLOAD), 'journal record').map((item) => {
    const map = asMap(item, ['batch', 'sig', 'entries'], 'journal batch')
    const entries = asArray(map['entries'], 'entries').map((e) => {
      const [body, kept] = asArray(e, 'entry', 2)
      return { body: asBytes(body, 'body'), kept: kept === null ? null : keptOf(kept as Cbor) }
    })
    return { batch: readBatch(map['batch']), sig: asBytes(map['sig'], 'sig', 64), entries }
  })
  return whole && at === record.length ? batches : undefined
}
