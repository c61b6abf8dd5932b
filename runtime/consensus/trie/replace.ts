/** The most common change of a bucket: other values of leaves that it has. All but these leaves is copied as it lies. */
import { copyInto } from '../../core/index.ts'
import { Bucket, bucketBytes } from './bucket.ts'
import type { Room } from './draft.ts'
import { copyHash, type HashJobs } from './hashing.ts'
import type { Items } from './items.ts'
import type { Leaf } from './leaf.ts'
import { POSITION_BYTES, same32 } from './position.ts'

/** Puts a stretch of one memory into another. */
function copy(out: Uint8Array, at: number, from: Uint8Array, start: number, end: number): void {
  out.set(from.subarray(start, end), at)
}

/** Leaves of a bucket in other forms. */
export class Replacement {
  readonly #before: Bucket
  /** Numbers of the leaves, and what they become. */
  readonly #numbers: number[]
  readonly #leaves: Leaf[]

  private constructor(before: Bucket, numbers: number[], leaves: Leaf[]) {
    this.#before = before
    this.#numbers = numbers
    this.#leaves = leaves
  }

  /** What items do to a bucket; undefined where it is more than this: where they bring or remove leaves, or values have rows of their own. */
  static of(before: Bucket, items: Items, from: number, to: number): Replacement | undefined {
    const numbers: number[] = []
    const leaves: Leaf[] = []
    for (let i = from; i < to; i++) {
      const leaf = items.leaves[i]
      if (leaf === undefined || leaf.ownRow) return undefined
      const number = before.candidate(items.positions, i * POSITION_BYTES)
      const old = before.leaf(number)
      if (old.ownRow || !old.isAt(items.positions, i * POSITION_BYTES)) return undefined
      if (same32(old.bytes, old.hashAt, leaf.bytes, leaf.hashAt)) continue
      numbers.push(number)
      leaves.push(leaf)
    }
    return new Replacement(before, numbers, leaves)
  }

  /** False where all leaves were what they are to become. */
  get changed(): boolean {
    return this.#leaves.length > 0
  }

  /** The new bucket. Asks for its hashes. */
  bucket(room: Room, jobs: HashJobs): Bucket {
    const before = this.#before
    let { rowBytes } = before
    const [numbers, leaves] = [this.#numbers, this.#leaves]
    for (let k = 0; k < leaves.length; k++) rowBytes += (leaves[k] as Leaf).size - before.sizeOf(numbers[k] as number)
    const at = room.take(bucketBytes(before.count, rowBytes))
    const { bytes } = room
    copy(bytes, at, before.bytes, before.at, before.rowAt)
    const bucket = new Bucket(bytes, at)
    bucket.setRowBytes(rowBytes)
    this.#putRow(bucket)
    let changed = 0
    for (let k = 0; k < leaves.length; k++) {
      const [number, leaf] = [numbers[k] as number, leaves[k] as Leaf]
      changed |= 1 << number
      copyHash(bytes, bucket.hashAt(number), leaf.bytes, leaf.hashAt)
    }
    bucket.hash(jobs, changed)
    return bucket
  }

  #putRow(bucket: Bucket): void {
    const before = this.#before
    const { bytes } = bucket
    // how far it is written, in the row before and in the new one
    let done = 0
    let to = 0
    for (let k = 0; k < this.#leaves.length; k++) {
      const leaf = this.#leaves[k] as Leaf
      const number = this.#numbers[k] as number
      const start = before.offset(number)
      copy(bytes, bucket.rowAt + to, before.bytes, before.rowAt + done, before.rowAt + start)
      to += start - done
      copyInto(bytes, bucket.rowAt + to, leaf.bytes, leaf.at, leaf.size)
      to += leaf.size
      done = before.endOf(number)
      const next = this.#numbers[k + 1] ?? bucket.count - 1
      if (to !== done) for (let i = number + 1; i <= next; i++) bucket.setOffset(i, before.offset(i) + to - done)
    }
    copy(bytes, bucket.rowAt + to, before.bytes, before.rowAt + done, before.rowAt + before.rowBytes)
  }
}
