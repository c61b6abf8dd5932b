/**
 * A bucket: all leaves below a node of the trie that has few. Its row is [count 1][the leaves in order of position (leaf.ts)].
 *
 * In memory its hashes lie beside it: [bytes of the row 2][count 1][depth of its top 1][splits][where each leaf begins in the row, 2 bytes each][hashes of the leaves]
 * [hashes of the inner nodes][the row]. The split of a leaf is how many bits it shares with the next one. Every inner node with two children is one of the gaps between
 * neighbours, that of the least split below it; what is kept of it is the hash of the node below its parent, since there may be nodes with one child in between.
 */
import { copyInto } from '../../core/index.ts'
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

/** A bit for each leaf from `left` to `right`. */
const maskOf = (left: number, right: number): number => ((2 << (right - left)) - 1) << left

/** A bucket where it lies. */
export class Bucket {
  readonly bytes: Uint8Array
  readonly at: number
  readonly count: number
  readonly #hashesAt: number
  readonly #innerAt: number
  readonly rowAt: number

  constructor(bytes: Uint8Array, at: number) {
    this.bytes = bytes
    this.at = at
    this.count = bytes[at + 2] as number
    this.#hashesAt = at + HEAD + 3 * this.count
    this.#innerAt = this.#hashesAt + 32 * this.count
    this.rowAt = this.#innerAt + 32 * (this.count - 1)
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
    return this.bytes[this.at + HEAD + gap] as number
  }

  setSplit(gap: number, split: number): void {
    this.bytes[this.at + HEAD + gap] = split
  }

  offset(leaf: number): number {
    const at = this.at + HEAD + this.count + 2 * leaf
    return ((this.bytes[at] as number) << 8) | (this.bytes[at + 1] as number)
  }

  setOffset(leaf: number, offset: number): void {
    const at = this.at + HEAD + this.count + 2 * leaf
    this.bytes[at] = offset >> 8
    this.bytes[at + 1] = offset & 255
  }

  /** Where in the row a leaf ends. */
  endOf(leaf: number): number {
    return leaf + 1 < this.count ? this.offset(leaf + 1) : this.rowBytes
  }

  hashAt(leaf: number): number {
    return this.#hashesAt + 32 * leaf
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
    const splits = this.at + HEAD
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

  copyTop(out: Uint8Array, at: number): void {
    copyInto(out, at, this.bytes, this.topAt, 32)
  }

  /** Asks for the hashes of all inner nodes above leaves that are set in `changed`. */
  hash(jobs: HashJobs, changed: number): void {
    if (this.count > 1) this.#hashBelow(jobs, changed, 0, this.count - 1, this.depth)
  }

  /** Gives the rank above that of the node; 0 when it stays. */
  #hashBelow(jobs: HashJobs, changed: number, left: number, right: number, depth: number): number {
    if (left === right || (changed & maskOf(left, right)) === 0) return 0
    const gap = this.topGap(left, right)
    const split = this.split(gap)
    const below = this.#hashBelow(jobs, changed, left, gap, split + 1)
    let rank = Math.max(below, this.#hashBelow(jobs, changed, gap + 1, right, split + 1))
    const own = this.innerAt(gap)
    jobs.add(rank++, this.bytes, this.nodeAt(left, gap), this.nodeAt(gap + 1, right), own)
    const position = this.positionAt(left)
    for (let d = split - 1; d >= depth; d--) {
      if (bitIn(this.bytes, position, d) === 0) jobs.add(rank++, this.bytes, own, NOWHERE, own)
      else jobs.add(rank++, this.bytes, NOWHERE, own, own)
    }
    return rank
  }
}
