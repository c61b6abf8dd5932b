/** CARv1 files, strictly: canonical header and varints, every block of CIDv1 (or v0) sha2-256 and hashing to its CID, nothing left over. */
import { CID } from 'multiformats/cid'
import {
  asArray,
  asCid,
  asMap,
  DAG_PB,
  decode,
  encode,
  encodeVarint,
  joinBytes,
  matchesCid,
  readVarint,
  type Block,
} from '../codec/index.ts'
import { limitError, shown, UtnetError } from '../errors.ts'
import { LIMITS } from '../limits.ts'

/** A file that was read and checked whole. */
export interface Car {
  readonly roots: readonly CID[]
  /** In file order; a block that stands twice is here twice. */
  readonly blocks: readonly Block[]
}

const SHA2_256 = 0x12
const HEADER_BYTES = 64 * 1024

const broken = (why: string): UtnetError => new UtnetError('bundle_invalid', `CAR file: ${why}`)

/** The CID as v1: a v0 names a dag-pb block by the same sha2-256 digest. */
export function asCidV1(cid: CID): CID {
  return cid.version === 1 ? cid : CID.createV1(DAG_PB, cid.multihash)
}

function section(bytes: Uint8Array, at: number, what: string): { readonly body: Uint8Array; readonly next: number } {
  const head = readVarint(bytes, at)
  if (head === undefined || head.value === 0) throw broken(`${what} has no proper length at byte ${at}`)
  const next = head.next + head.value
  if (next > bytes.length) throw broken(`${what} at byte ${at} is cut off`)
  return { body: bytes.subarray(head.next, next), next }
}

function readCid(body: Uint8Array, what: string): { readonly cid: CID; readonly rest: Uint8Array } {
  try {
    const [cid, rest] = CID.decodeFirst(body)
    return { cid, rest }
  } catch (cause) {
    throw new UtnetError('bundle_invalid', `CAR file: ${what} begins with no CID`, { cause })
  }
}

/**
 * The roots and blocks of a CARv1 file, each block checked against its CID. v0 CIDs come out as v1.
 * Throws `bundle_invalid` (form), `block_mismatch` (hash) or `core_too_large`, naming the place.
 */
export function readCar(bytes: Uint8Array): Car {
  if (!(bytes instanceof Uint8Array)) throw new UtnetError('core_bad_argument', 'CAR file must be a Uint8Array')
  if (bytes.length > LIMITS.carBytes) throw limitError('core_too_large', 'carBytes', bytes.length, LIMITS.carBytes, 'CAR file')
  const head = section(bytes, 0, 'header')
  const header = asMap(decode(head.body, 'CAR header', HEADER_BYTES), ['roots', 'version'], 'CAR header')
  if (header['version'] !== 1) throw broken(`version ${shown(header['version'])} is not 1`)
  const roots = asArray(header['roots'], 'roots').map((root) => asCidV1(asCid(root, 'root')))
  const blocks: Block[] = []
  for (let at = head.next; at < bytes.length;) {
    if (blocks.length === LIMITS.carBlocks) throw limitError('core_too_large', 'carBlocks', blocks.length + 1, LIMITS.carBlocks, 'CAR file')
    const what = `block ${blocks.length}`
    const { body, next } = section(bytes, at, what)
    const { cid: named, rest } = readCid(body, what)
    if (named.multihash.code !== SHA2_256) throw broken(`${what} is named by hash 0x${named.multihash.code.toString(16)}, not sha2-256`)
    if (rest.length > LIMITS.blockBytes)
      throw limitError('core_too_large', 'blockBytes', rest.length, LIMITS.blockBytes, `${what} of the CAR file`)
    const cid = asCidV1(named)
    if (!matchesCid(cid, rest)) throw new UtnetError('block_mismatch', `CAR file: ${what} does not hash to ${named.toString()}`)
    blocks.push({ cid, bytes: rest })
    at = next
  }
  return { roots, blocks }
}

/** Bytes of a CARv1 file with these roots and blocks in this order. */
export function writeCar(roots: readonly CID[], blocks: readonly Block[]): Uint8Array {
  const header = encode({ roots: [...roots], version: 1 })
  const parts = [encodeVarint(header.length), header]
  for (const { cid, bytes } of blocks) parts.push(encodeVarint(cid.bytes.length + bytes.length), cid.bytes, bytes)
  return joinBytes(parts)
}
