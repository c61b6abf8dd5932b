/**
 * A bucket: all leaves below a node of the trie that has few. Its row is [count 1][the leaves in order of position (leaf.ts)].
 *
 * In memory its hashes lie beside it: [bytes of the row 2][count 1][depth of its top 1][hashes of the leaves][hashes of the inner nodes][splits][where each leaf begins
 * in the row, 2 bytes each][the row]. It begins, as all hashes do, at whole words. The split of a leaf is how many bits it shares with the next one. Every inner node with two children is one of the gaps between
 * neighbours, that of the least split below it; what is kept of it is the hash of the node below its parent, since there may be nodes with one child in between.
 */
import { NOWHERE, type HashJobs } from './hashing.ts'
import { Leaf, LEAF_BYTES, leafFits, leafSize, POSITION_AT } from './leaf.ts'
import { bitIn, sharedBits } from './position.ts'

/** Leaves of a bucket at most: a bit each in a mask. */
export const BUCKET_LEAVES = 24

const HEAD = 4

/** Bytes of a bucket in memory. */
export function bucketBytes(count: number, rowBytes: number): number {
  return HEAD + count * 67 - 32 + rowBytes
}

/** The largest bucket in memory. */
export const BUCKET_BYTES: number = bucketBytes(BUCKET_LEAVES, 1 + BUCKET_LEAVES * LEAF_BYTES)

/** Where `hash` keeps what is open. */
const gaps = new Uint8Array(BUCKET_LEAVES)
const lefts = new Int32Array(BUCKET_LEAVES * 3)

/** A bucket where it lies. */
export class Bucket {
  readonly bytes: Uint8Array
  readonly at: number
  readonly count: number
  readonly #innerAt: number
  readonly #splitsAt: number
  readonly rowAt: number

  constructor(bytes: Uint8Array, at: number) {
    this.bytes = bytes
    this.at = at
    this.count = bytes[at + 2] as number
    this.#innerAt = at + HEAD + 32 * this.count
    this.#splitsAt = this.#innerAt + 32 * (this.count - 1)
    this.rowAt = this.#splitsAt + 3 * this.count
  }

  /** Begins a bucket, whose leaves, splits and hashes are still to be written. */
  static begin(bytes: Uint8Array, at: number, count: number, depth: number, rowBytes: number): Bucket {
    bytes[at] = rowBytes >> 8
    bytes[at + 1] = rowBytes & 255
    bytes[at + 2] = count
    bytes[at + 3] = depth
    const bucket = new Bucket(bytes, at)
    bytes[bucket.rowAt] = count
    return bucket
  }

  /** Writes the bucket of a row from the disk, all but its hashes; undefined when the row is none of leaves in order that share `depth` bits with a position. */
  static ofRow(row: Uint8Array, out: Uint8Array, at: number, depth: number, positions: Uint8Array, positionAt: number): Bucket | undefined {
    const count = row[0] as number
    const bucket = Bucket.begin(out, at, count, depth, row.length)
    out.set(row, bucket.rowAt)
    let from = 1
    for (let i = 0; i < count; i++) {
      if (!leafFits(row, from)) return undefined
      bucket.setOffset(i, from)
      if (i === 0) {
        if (sharedBits(row, from + POSITION_AT, positions, positionAt) < depth) return undefined
      } else {
        const before = bucket.offset(i - 1)
        const split = sharedBits(row, before + POSITION_AT, row, from + POSITION_AT)
        if (split < depth || split === 256 || bitIn(row, from + POSITION_AT, split) === 0) return undefined
        bucket.setSplit(i - 1, split)
      }
      from += leafSize(row, from)
    }
    return from === row.length ? bucket : undefined
  }

  get rowBytes(): number {
    return ((this.bytes[this.at] as number) << 8) | (this.bytes[this.at + 1] as number)
  }

  get size(): number {
    return bucketBytes(this.count, this.rowBytes)
  }

  get depth(): number {
    return this.bytes[this.at + 3] as number
  }

  split(gap: number): number {
    return this.bytes[this.#splitsAt + gap] as number
  }

  setSplit(gap: number, split: number): void {
    this.bytes[this.#splitsAt + gap] = split
  }

  offset(leaf: number): number {
    const at = this.#splitsAt + this.count + 2 * leaf
    return ((this.bytes[at] as number) << 8) | (this.bytes[at + 1] as number)
  }

  setRowBytes(rowBytes: number): void {
    this.bytes[this.at] = rowBytes >> 8
    this.bytes[this.at + 1] = rowBytes & 255
  }

  setOffset(leaf: number, offset: number): void {
    const at = this.#splitsAt + this.count + 2 * leaf
    this.bytes[at] = offset >> 8
    this.bytes[at + 1] = offset & 255
  }

  /** Where in the row a leaf ends. */
  endOf(leaf: number): number {
    return leaf + 1 < this.count ? this.offset(leaf + 1) : this.rowBytes
  }

  /** Bytes of a leaf in the row. */
  sizeOf(leaf: number): number {
    return this.endOf(leaf) - this.offset(leaf)
  }

  hashAt(leaf: number): number {
    return this.at + HEAD + 32 * leaf
  }

  innerAt(gap: number): number {
    return this.#innerAt + 32 * gap
  }

  positionAt(leaf: number): number {
    return this.rowAt + this.offset(leaf) + POSITION_AT
  }

  leaf(i: number): Leaf {
    return new Leaf(this.bytes, this.rowAt + this.offset(i), this.hashAt(i))
  }

  /** The one leaf that can be at a position. */
  candidate(positions: Uint8Array, at: number): number {
    const { bytes, count } = this
    const splits = this.#splitsAt
    let found = 0
    for (let gap = 0; gap < count - 1;) {
      const split = bytes[splits + gap++] as number
      if (bitIn(positions, at, split) === 1) found = gap
      else while (gap < count - 1 && (bytes[splits + gap] as number) > split) gap++
    }
    return found
  }

  /** The gap that is the topmost node of several leaves with two children. */
  topGap(left: number, right: number): number {
    let gap = left
    let least = this.split(left)
    for (let k = left + 1; k < right; k++) {
      const split = this.split(k)
      if (split >= least) continue
      least = split
      gap = k
    }
    return gap
  }

  /** Where the hash of the node of these leaves lies, seen from below its parent. */
  nodeAt(left: number, right: number): number {
    return left === right ? this.hashAt(left) : this.innerAt(this.topGap(left, right))
  }

  /** Where the hash of the whole lies. */
  get topAt(): number {
    return this.nodeAt(0, this.count - 1)
  }

  /** Asks for the hashes of all inner nodes above leaves that are set in `changed`. */
  hash(jobs: HashJobs, changed: number): void {
    // The nodes whose right sides are not complete, from the top down: each with the gap that it is, and what stands on its left.
    let open = 0
    // What is complete: where its hash lies, the rank above its own, and whether it changes.
    let place = this.hashAt(0)
    let rank = 0
    let changes = changed & 1
    for (let gap = 0; gap < this.count; gap++) {
      const split = gap < this.count - 1 ? this.split(gap) : this.depth - 1
      while (open > 0 && this.split(gaps[open - 1] as number) > split) {
        const node = gaps[--open] as number
        const own = this.innerAt(node)
        changes |= lefts[open * 3 + 2] as number
        if (changes !== 0) {
          rank = Math.max(rank, lefts[open * 3 + 1] as number)
          jobs.add(rank++, this.bytes, lefts[open * 3] as number, place, own)
          const above = open > 0 ? Math.max(split, this.split(gaps[open - 1] as number)) : split
          rank = this.#hashAbove(jobs, rank, node, above + 1)
        }
        place = own
      }
      gaps[open] = gap
      lefts[open * 3] = place
      lefts[open * 3 + 1] = rank
      lefts[open * 3 + 2] = changes
      open++
      place = this.hashAt(gap + 1)
      rank = 0
      changes = (changed >> (gap + 1)) & 1
    }
  }

  /** Asks for the hashes of the nodes with one child that stand above one with two, from a depth on. Gives the rank above them. */
  #hashAbove(jobs: HashJobs, first: number, gap: number, depth: number): number {
    const own = this.innerAt(gap)
    const position = this.positionAt(gap)
    let rank = first
    for (let d = this.split(gap) - 1; d >= depth; d--) {
      if (bitIn(this.bytes, position, d) === 0) jobs.add(rank++, this.bytes, own, NOWHERE, own)
      else jobs.add(rank++, this.bytes, NOWHERE, own, own)
    }
    return rank
  }
}
