/** Pages of rows from the disk: decoded, and hashed, so that nothing of a page is ever used that does not belong to the root. */
import type { Arena } from './arena.ts'
import { Branch, BRANCH, BRANCH_CELL_BYTES } from './branch.ts'
import { Bucket, bucketBytes, BUCKET_LEAVES } from './bucket.ts'
import { damaged } from './damaged.ts'
import { HashJobs, hashLeaves } from './hashing.ts'
import { LEAF_BYTES, type Leaf } from './leaf.ts'
import { same32 } from './position.ts'

/** A row, and what it must be. */
export interface Wanted {
  readonly row: Uint8Array
  /** As a branch says it of its end; undefined for a root, which can be either. */
  readonly kind: number | undefined
  /** Bits above its top, which are those of a position. */
  readonly depth: number
  readonly positions: Uint8Array
  readonly positionAt: number
  /** Where its hash lies. */
  readonly hashes: Uint8Array
  readonly hashAt: number
}

/** A page in the cache. */
export interface Held {
  readonly kind: number
  readonly cell: number
}

const noPage = () => damaged('a row of the state trie is damaged: it is no page')

class Reading {
  readonly #arena: Arena
  readonly jobs = new HashJobs()
  readonly leaves: Leaf[] = []

  constructor(arena: Arena) {
    this.#arena = arena
  }

  read(wanted: Wanted): Held {
    const { row, kind } = wanted
    const is = row[0] === 0 ? BRANCH : row[0]
    if (is === undefined || (kind !== undefined && is !== kind)) throw noPage()
    return { kind: is, cell: is === BRANCH ? this.#branch(row) : this.#bucket(wanted) }
  }

  #branch(row: Uint8Array): number {
    const cell = this.#arena.take(BRANCH_CELL_BYTES)
    const [bytes, at] = [this.#arena.bytes(cell), this.#arena.at(cell)]
    bytes.fill(0, at, at + BRANCH_CELL_BYTES)
    const branch = Branch.ofRow(row, bytes, at)
    if (branch === undefined) throw noPage()
    branch.askHashes(this.jobs, -1)
    return cell
  }

  #bucket({ row, depth, positions, positionAt }: Wanted): number {
    const count = row[0] as number
    if (count > BUCKET_LEAVES || row.length > 1 + count * LEAF_BYTES) throw noPage()
    const cell = this.#arena.take(bucketBytes(count, row.length))
    const bucket = Bucket.ofRow(row, this.#arena.bytes(cell), this.#arena.at(cell), depth, positions, positionAt)
    if (bucket === undefined) throw noPage()
    for (let i = 0; i < count; i++) this.leaves.push(bucket.leaf(i))
    bucket.hash(this.jobs, -1)
    return cell
  }
}

/** Puts pages into the cache, none of which is above another. Throws `data_corrupt` for what is no page, or not the one that is wanted. */
export function readPages(arena: Arena, wanted: readonly Wanted[]): Held[] {
  const reading = new Reading(arena)
  const held = wanted.map((one) => reading.read(one))
  hashLeaves(reading.leaves)
  reading.jobs.run()
  for (const [i, { kind, cell }] of held.entries()) {
    const { hashes, hashAt } = wanted[i] as Wanted
    const [bytes, at] = [arena.bytes(cell), arena.at(cell)]
    const top = kind === BRANCH ? new Branch(bytes, at).hashAt(1) : new Bucket(bytes, at).topAt
    if (!same32(bytes, top, hashes, hashAt)) throw damaged('a page of the state trie is damaged: its hash is not the one that led to it')
  }
  return held
}
