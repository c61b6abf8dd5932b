/** Content identifiers: CIDv1, sha2-256, base32 in text. Files are UnixFS v1 with raw leaves, 1 MiB chunks, width 1024; a single chunk is its raw CID. */
import { CID } from 'multiformats/cid'
import { create, Digest } from 'multiformats/hashes/digest'
import { byteString, concatBytes, copyInto, utf8 } from './bytes.ts'
import { encode, type Cbor } from './codec.ts'
import { limitError, UtnetError } from '../errors.ts'
import { sha256 } from './hash.ts'
import { LIMITS } from '../limits.ts'
import { encodeVarint } from './varint.ts'

export { CID }

/** Codecs that our CIDs may have (multicodec table). */
export const RAW = 0x55
export const DAG_PB = 0x70
export const DAG_CBOR = 0x71
const SHA2_256 = 0x12

/** Bytes, and the CID that they hash to. */
export interface Block {
  readonly cid: CID
  readonly bytes: Uint8Array
}

/** The CID of a block's bytes under a codec (`RAW`, `DAG_PB`, `DAG_CBOR`). */
export function cidOf(codec: number, bytes: Uint8Array): CID {
  return cidOfDigest(codec, sha256(bytes))
}

const CID_BYTES = 36

/** The CID whose bytes go to `at`. They, the multihash and the digest are views of one array: a small array of its own for each costs more than all else. */
function cidAt(room: Uint8Array, at: number, codec: number, hashes: Uint8Array, from: number): CID {
  room[at] = 1
  room[at + 1] = codec
  room[at + 2] = SHA2_256
  room[at + 3] = 32
  copyInto(room, at + 4, hashes, from, 32)
  const end = at + CID_BYTES
  return new CID(1, codec, new Digest(SHA2_256, 32, room.subarray(at + 4, end), room.subarray(at + 2, end)), room.subarray(at, end))
}

/** The CID of a block whose sha2-256 digest (32 bytes) is known. */
export function cidOfDigest(codec: number, hash: Uint8Array): CID {
  if (hash.length !== 32) throw new UtnetError('core_bad_argument', `a sha2-256 digest has 32 bytes, not ${hash.length}`)
  // a codec that is none of ours takes more bytes
  if (codec > 0x7f) return CID.createV1(codec, create(SHA2_256, hash))
  return cidAt(new Uint8Array(CID_BYTES), 0, codec, hash, 0)
}

/** The CIDs of dag-cbor blocks whose sha2-256 digests lie one behind another. */
export function cborCids(hashes: Uint8Array): CID[] {
  const count = hashes.length / 32
  const room = new Uint8Array(count * CID_BYTES)
  return Array.from({ length: count }, (_, i) => cidAt(room, i * CID_BYTES, DAG_CBOR, hashes, i * 32))
}

const BASE32 = utf8('abcdefghijklmnopqrstuvwxyz234567')
/** Of the CID: version, codec, sha2-256 and its length stand before the digest. */
const binary = Uint8Array.of(1, DAG_CBOR, SHA2_256, 32, ...new Uint8Array(36))
const text = new Uint8Array(1 + Math.ceil((36 * 8) / 5))

/** Text of the CID of a dag-cbor block whose sha2-256 digest stands at `at`: what `cidOfDigest(DAG_CBOR, digest).toString()` gives. */
export function cborCidText(bytes: Uint8Array, at = 0): string {
  for (let i = 0; i < 32; i++) binary[4 + i] = bytes[at + i] as number
  text[0] = 0x62 // "b": base32
  for (let i = 0, to = 1; to < text.length; i += 5) {
    const high = ((binary[i] as number) << 12) | ((binary[i + 1] as number) << 4) | ((binary[i + 2] as number) >> 4)
    const low = (((binary[i + 2] as number) & 15) << 16) | ((binary[i + 3] as number) << 8) | (binary[i + 4] as number)
    for (let shift = 15; shift >= 0 && to < text.length; shift -= 5) text[to++] = BASE32[(high >> shift) & 31] as number
    for (let shift = 15; shift >= 0 && to < text.length; shift -= 5) text[to++] = BASE32[(low >> shift) & 31] as number
  }
  return byteString(text)
}

/** A dag-cbor block of a value. */
export function cborBlock(value: Cbor): Block {
  const bytes = encode(value)
  return { cid: cidOf(DAG_CBOR, bytes), bytes }
}

/** The CID of base32 text (v1, sha2-256, a codec of ours); throws `core_bad_text` naming `what`. */
export function parseCid(text: string, what = 'cid'): CID {
  let cid: CID
  try {
    cid = CID.parse(text)
  } catch {
    throw new UtnetError('core_bad_text', `${what} is not a CID: ${String(text).slice(0, 80)}`)
  }
  const { code, digest } = cid.multihash
  if (cid.version !== 1 || code !== SHA2_256 || digest.length !== 32 || cid.toString() !== text) {
    throw new UtnetError('core_bad_text', `${what} must be a CIDv1 with sha2-256 in base32: ${text.slice(0, 80)}`)
  }
  return cid
}

/** True when the bytes hash to the CID (sha2-256 only). */
export function matchesCid(cid: CID, bytes: Uint8Array): boolean {
  return cid.version === 1 && cid.multihash.code === SHA2_256 && cidOf(cid.code, bytes).equals(cid)
}

const field = (key: number, bytes: Uint8Array): Uint8Array => concatBytes(Uint8Array.of(key), encodeVarint(bytes.length), bytes)

/** A node of a UnixFS file as the node above it links to it. */
export interface FilePart {
  readonly cid: CID
  /** Bytes of the file below this node. */
  readonly size: number
  /** Bytes of all blocks below and including this one (`Tsize`). */
  readonly total: number
}

/** The dag-pb node of UnixFS type File over its children: links in front of data, as the dag-pb specification orders the wire form. */
export function fileNode(children: readonly FilePart[]): Block & FilePart {
  const size = children.reduce((n, c) => n + c.size, 0)
  const unixfs = concatBytes(
    Uint8Array.of(0x08, 2, 0x18),
    encodeVarint(size),
    ...children.map((c) => concatBytes(Uint8Array.of(0x20), encodeVarint(c.size))),
  )
  const links = children.map((c) =>
    field(0x12, concatBytes(field(0x0a, c.cid.bytes), Uint8Array.of(0x12, 0), Uint8Array.of(0x18), encodeVarint(c.total))),
  )
  const bytes = concatBytes(...links, field(0x0a, unixfs))
  return { cid: cidOf(DAG_PB, bytes), bytes, size, total: bytes.length + children.reduce((n, c) => n + c.total, 0) }
}

/**
 * The blocks of a file, leaves first and its root last.
 * UnixFS v1, balanced, raw leaves of 1 MiB, width 1024; one chunk or less is a single raw block.
 */
export function fileBlocks(bytes: Uint8Array): readonly [...Block[], Block] {
  if (bytes.length > LIMITS.carBytes) throw limitError('core_too_large', 'carBytes', bytes.length, LIMITS.carBytes, 'file')
  const blocks: Block[] = []
  let level: FilePart[] = []
  for (let at = 0; at === 0 || at < bytes.length; at += LIMITS.fileChunkBytes) {
    const chunk = bytes.subarray(at, at + LIMITS.fileChunkBytes)
    const cid = cidOf(RAW, chunk)
    blocks.push({ cid, bytes: chunk })
    level.push({ cid, size: chunk.length, total: chunk.length })
  }
  while (level.length > 1) {
    const next: FilePart[] = []
    for (let i = 0; i < level.length; i += LIMITS.fileWidth) {
      const node = fileNode(level.slice(i, i + LIMITS.fileWidth))
      blocks.push({ cid: node.cid, bytes: node.bytes })
      next.push(node)
    }
    level = next
  }
  return blocks as [...Block[], Block]
}

/** The CID of a file's bytes: the root of `fileBlocks`. */
export function fileCid(bytes: Uint8Array): CID {
  const blocks = fileBlocks(bytes)
  return (blocks[blocks.length - 1] as Block).cid
}
