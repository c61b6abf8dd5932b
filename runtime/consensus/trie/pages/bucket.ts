/**
 * A bucket: all leaves below a node of the trie that has few. Its row is [count 1][the leaves in order of position (leaf.ts)].
 *
 * In memory it is [to spare 1][count 1][depth of its top 1][0][bytes of the row 2][splits][where each leaf begins in the row, 2 bytes each][up to 3 to
 * spare][hashes of the leaves][hashes of the inner nodes][the row]. The split of a leaf is how many bits it shares with the next one. Every inner node with two children
 * is one of the gaps between neighbours, that of the least split below it; what is kept of it is the hash of the node below its parent, since there may be nodes with one
 * child in between.
 */
import { Leaf, LEAF_BYTES, leafFits, leafSize, POSITION_AT } from './leaf.ts'
import { type Memory, bitIn, POSITION_BYTES, sharedBits } from '../bytes/index.ts'

/** Leaves of a bucket at most: a bit each in a mask. */
export const BUCKET_LEAVES = 24
const COUNT_AT = 1
const DEPTH_AT = 2
const ROW_BYTES_AT = 4
const SPLITS_AT = 6
const HASH_BYTES = 32

/** Where the hashes begin: at whole words. */
const hashesFrom = (count: number): number => (SPLITS_AT + 3 * count + 3) & ~3

const rowFrom = (count: number): number => hashesFrom(count) + (2 * count - 1) * HASH_BYTES

/** Bytes of a bucket in memory. */
export function bucketBytes(count: number, rowBytes: number): number {
  return rowFrom(count) + rowBytes
}

/** The largest bucket in memory. */
export const BUCKET_BYTES: number = bucketBytes(BUCKET_LEAVES, 1 + BUCKET_LEAVES * LEAF_BYTES)

/** A bucket where it lies. */
export class Bucket {
  readonly memory: Memory
  readonly bytes: Uint8Array
  readonly at: number
  readonly count: number
  readonly #hashesAt: number
  readonly rowAt: number

  constructor(memory: Memory, at: number) {
    this.memory = memory
    this.bytes = memory.bytes
    this.at = at
    this.count = this.bytes[at + COUNT_AT] as number
    this.#hashesAt = at + hashesFrom(this.count)
    this.rowAt = at + rowFrom(this.count)
  }

  /** Begins a bucket, whose leaves, splits and hashes are still to be written. */
  static begin(memory: Memory, at: number, count: number, depth: number, rowBytes: number): Bucket {
    const { bytes } = memory
    bytes[at + COUNT_AT] = count
    bytes[at + DEPTH_AT] = depth
    const bucket = new Bucket(memory, at)
    bucket.setRowBytes(rowBytes)
    bytes[bucket.rowAt] = count
    return bucket
  }

  /** Writes the bucket of a row from the disk, all but its hashes; undefined when the row is none of leaves in order that share `depth` bits with a position. */
  static ofRow(row: Uint8Array, out: Memory, at: number, depth: number, positions: Uint8Array, positionAt: number): Bucket | undefined {
    const count = row[0] as number
    const bucket = Bucket.begin(out, at, count, depth, row.length)
    out.bytes.set(row, bucket.rowAt)
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
    return this.#number(ROW_BYTES_AT)
  }

  setRowBytes(rowBytes: number): void {
    this.#setNumber(ROW_BYTES_AT, rowBytes)
  }

  get size(): number {
    return bucketBytes(this.count, this.rowBytes)
  }

  get depth(): number {
    return this.bytes[this.at + DEPTH_AT] as number
  }

  split(gap: number): number {
    return this.bytes[this.at + SPLITS_AT + gap] as number
  }

  setSplit(gap: number, split: number): void {
    this.bytes[this.at + SPLITS_AT + gap] = split
  }

  offset(leaf: number): number {
    return this.#number(SPLITS_AT + this.count + 2 * leaf)
  }

  setOffset(leaf: number, offset: number): void {
    this.#setNumber(SPLITS_AT + this.count + 2 * leaf, offset)
  }

  #number(from: number): number {
    const { bytes, at } = this
    return ((bytes[at + from] as number) << 8) | (bytes[at + from + 1] as number)
  }

  #setNumber(to: number, number: number): void {
    const { bytes, at } = this
    bytes[at + to] = number >> 8
    bytes[at + to + 1] = number & 255
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
    return this.#hashesAt + HASH_BYTES * leaf
  }

  innerAt(gap: number): number {
    return this.#hashesAt + HASH_BYTES * (this.count + gap)
  }

  positionAt(leaf: number): number {
    return this.rowAt + this.offset(leaf) + POSITION_AT
  }

  leaf(i: number): Leaf {
    return new Leaf(this.memory, this.rowAt + this.offset(i), this.hashAt(i))
  }

  /** The one leaf that can be at a position. */
  candidate(positions: Uint8Array, at: number): number {
    const { bytes, count } = this
    const splits = this.at + SPLITS_AT
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

  /** Reads from the lines of memory that a change of a leaf needs; gives something of them. */
  touch(leaf: number): number {
    const { bytes, count } = this
    const position = this.positionAt(leaf)
    let sum = (bytes[position] as number) + (bytes[position + POSITION_BYTES - 1] as number)
    // with the hashes of its neighbours
    for (let near = Math.max(0, leaf - 1); near <= leaf + 1; near++) sum += bytes[this.hashAt(near)] as number
    for (let gap = 0; gap < count; gap += 2) sum += bytes[this.innerAt(gap)] as number
    return sum
  }
}
