/**
 * Blocks in a key-value store, checked at both edges: what does not hash to its CID is neither taken nor given out.
 * (Helia's own put and its CAR import check nothing.) Only sha2-256; a v0 CID names the same block as its v1 form.
 */
import {
  asCidV1,
  concatBytes,
  equalBytes,
  limitError,
  LIMITS,
  matchesCid,
  utf8,
  UtnetError,
  CID,
  type Block,
  type Kv,
} from '../runtime/core/index.ts'

const PREFIX = utf8('block/')
const END = utf8('block0')
const SHA2_256 = 0x12

/** What a scrub found. */
export interface ScrubReport {
  readonly blocks: number
  readonly bytes: number
  /** CIDs whose stored bytes do not hash to them, and keys that are no CID (in hex). */
  readonly corrupt: readonly string[]
}

/** The one form of a CID in the store; throws `core_bad_argument` on other hashes (identity among them). */
function known(cid: CID): CID {
  if (cid.multihash.code !== SHA2_256) {
    throw new UtnetError('core_bad_argument', `${cid.toString()} is not a sha2-256 CID`, { hint: 'this store holds sha2-256 blocks only' })
  }
  return asCidV1(cid)
}

const keyOf = (cid: CID): Uint8Array => concatBytes(PREFIX, cid.bytes)

export class Blocks {
  readonly #kv: Kv

  constructor(kv: Kv) {
    this.#kv = kv
  }

  /** True when something is stored under the CID; its bytes are checked when they are read. */
  has(cid: CID): boolean {
    return this.#kv.get(keyOf(known(cid))) !== undefined
  }

  /** A block's bytes, checked again. Throws `block_not_found`, or `data_corrupt` when the disk gave back other bytes. */
  get(cid: CID): Uint8Array {
    const id = known(cid)
    const bytes = this.#kv.get(keyOf(id))
    if (bytes === undefined) throw new UtnetError('block_not_found', `block ${cid.toString()} is not in the store`)
    if (!matchesCid(id, bytes)) {
      throw new UtnetError('data_corrupt', `block ${cid.toString()} is damaged on disk`, {
        hint: 'put or import the block again: that repairs it',
      })
    }
    return bytes
  }

  /** Stores blocks in one durable commit: all or none. Throws `block_mismatch` or `core_too_large` naming the block. */
  async putAll(blocks: readonly Block[]): Promise<void> {
    const changes: (readonly [Uint8Array, Uint8Array])[] = []
    const seen = new Set<string>()
    for (const { cid, bytes } of blocks) {
      const id = known(cid)
      if (bytes.length > LIMITS.blockBytes)
        throw limitError('core_too_large', 'blockBytes', bytes.length, LIMITS.blockBytes, `block ${cid.toString()}`)
      if (!matchesCid(id, bytes)) throw new UtnetError('block_mismatch', `the bytes given do not hash to ${cid.toString()}`)
      const key = keyOf(id)
      const name = id.toString()
      if (seen.has(name)) continue
      seen.add(name)
      const present = this.#kv.get(key)
      // A damaged block is written over: that is how it heals.
      if (present === undefined || !equalBytes(present, bytes)) changes.push([key, bytes])
    }
    if (changes.length > 0) await this.#kv.commit(changes)
  }

  /** Removes blocks in one commit. */
  async removeAll(cids: readonly CID[]): Promise<void> {
    await this.#kv.commit(cids.map((cid) => [keyOf(known(cid)), undefined]))
  }

  /** Up to `limit` entries behind a key, in key order; their bytes are not checked. A key that is no CID gives an undefined one. */
  page(after: Uint8Array | undefined, limit: number): Entry[] {
    // The smallest key behind another is that key and a zero byte.
    const from = after === undefined ? PREFIX : concatBytes(after, Uint8Array.of(0))
    return [...this.#kv.range(from, END, { limit })].map(([key, bytes]) => ({ key, bytes, cid: readKey(key) }))
  }
}

interface Entry {
  readonly cid: CID | undefined
  readonly key: Uint8Array
  readonly bytes: Uint8Array
}

function readKey(key: Uint8Array): CID | undefined {
  try {
    return CID.decode(key.subarray(PREFIX.length))
  } catch {
    return undefined
  }
}
