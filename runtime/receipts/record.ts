/**
 * One journal record: what one sync made durable.
 *
 * Frame, 48 bytes: magic 4, length of the payload 4 (big endian), sha-256 of the payload 32, tag 8. The tag is keyed, with a key that only the node
 * can derive, over the record's place, length and hash: bytes of a guest that stand inside a record can never be taken for one, nor can a record at
 * another place. Payload: canonical dag-cbor of the batches; none at all is the mark of a clean end.
 */
import { hash } from 'node:crypto'
import { asArray, asBytes, asMap, concatBytes, decode, digest, encode, equalBytes, readBatch, type BatchStatement } from '../core/index.ts'

interface Entry {
  /** Canonical bytes of the receipt's body. */
  readonly body: Uint8Array
  /** What is kept of its openings (`keep`), or null. */
  readonly kept: Uint8Array | null
}

export interface SignedBatch {
  readonly batch: BatchStatement
  readonly sig: Uint8Array
}

export interface JournalBatch extends SignedBatch {
  readonly entries: readonly Entry[]
}

const MAGIC = Uint8Array.of(0x75, 0x74, 0x6a, 0x31) // "utj1"
const LENGTH_AT = 4
const HASH_AT = 8
const TAG_AT = 40
export const FRAME_BYTES = 48
/** A record holds at least one entry, of any size that a run may have; this only bounds what a broken frame can ask for. */
const MAX_PAYLOAD = 0x7fff_ffff

const sha256 = (bytes: Uint8Array): Uint8Array => Uint8Array.from(hash('sha256', bytes, 'buffer'))

function tagOf(key: Uint8Array, segment: number, at: number, lengthAndHash: Uint8Array): Uint8Array {
  return digest('journal-frame', key, encode([segment, at]), lengthAndHash).subarray(0, FRAME_BYTES - TAG_AT)
}

/** Bytes of the record at a place. */
export function encodeRecord(key: Uint8Array, segment: number, at: number, batches: readonly JournalBatch[]): Uint8Array {
  const payload = encode(batches.map((b) => ({ batch: { ...b.batch }, sig: b.sig, entries: b.entries.map((e) => [e.body, e.kept]) })))
  const length = new Uint8Array(4)
  new DataView(length.buffer).setUint32(0, payload.length)
  const lengthAndHash = concatBytes(length, sha256(payload))
  return concatBytes(MAGIC, lengthAndHash, tagOf(key, segment, at, lengthAndHash), payload)
}

/** Length of the payload when these bytes begin with a frame that the node wrote for this place. */
export function payloadLength(key: Uint8Array, segment: number, at: number, frame: Uint8Array): number | undefined {
  if (frame.length < FRAME_BYTES || !equalBytes(frame.subarray(0, LENGTH_AT), MAGIC)) return undefined
  if (!equalBytes(frame.subarray(TAG_AT, FRAME_BYTES), tagOf(key, segment, at, frame.subarray(LENGTH_AT, TAG_AT)))) return undefined
  const length = new DataView(frame.buffer, frame.byteOffset).getUint32(LENGTH_AT)
  return length > MAX_PAYLOAD ? undefined : length
}

/** The batches of a record whose frame was accepted; undefined when its payload is torn. */
export function decodeRecord(record: Uint8Array): JournalBatch[] | undefined {
  const payload = record.subarray(FRAME_BYTES)
  if (!equalBytes(sha256(payload), record.subarray(HASH_AT, TAG_AT))) return undefined
  return asArray(decode(payload, 'journal record', MAX_PAYLOAD), 'journal record').map((item) => {
    const map = asMap(item, ['batch', 'sig', 'entries'], 'journal batch')
    const entries = asArray(map['entries'], 'entries').map((e) => {
      const [body, kept] = asArray(e, 'entry', 2)
      return { body: asBytes(body, 'body'), kept: kept === null ? null : asBytes(kept, 'kept openings') }
    })
    return { batch: readBatch(map['batch']), sig: asBytes(map['sig'], 'sig', 64), entries }
  })
}
