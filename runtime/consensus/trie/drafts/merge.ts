/** The leaves of a bucket after a batch, and the bucket that they make. */
import { copyInto } from '../../../core/index.ts'
import { Bucket, bucketBytes, Leaf } from '../pages/index.ts'
import { BucketDraft } from './bucket-draft.ts'
import type { Items } from './items.ts'
import { copyHash, copyStretch, comparePositions, POSITION_BYTES, same32, sharedBits } from '../bytes/index.ts'
import type { Nodes } from '../hashes/index.ts'
import type { Room } from './room.ts'

/** Where the next leaf is not one of the bucket before. */
const NONE = -1

export class Merge {
  readonly #before: Bucket | undefined
  /** Of each leaf: its number in the bucket before, if it stood there, and its new form, if it has one. */
  readonly #from: number[] = []
  readonly #fresh: (Leaf | undefined)[] = []
  /** Leaves with rows of their own that are gone. */
  readonly gone: Leaf[] = []
  /** Numbers of the items that came in with values in rows of their own. */
  readonly large: number[] = []
  changed = false
  /** True when a key was removed. */
  removed = false

  /** Merges items, all at places where the bucket is, or would be. */
  constructor(before: Bucket | undefined, items: Items, from: number, to: number) {
    this.#before = before
    const count = before?.count ?? 0
    const shared = (before?.depth ?? 0) >> 3
    let next = 0
    for (let i = from; i < to; i++) {
      const position = i * POSITION_BYTES
      let order = -1
      while (before !== undefined && next < count) {
        order = comparePositions(before.bytes, before.positionAt(next), items.positions, position, shared)
        if (order >= 0) break
        this.#push(next++, undefined)
      }
      const leaf = items.leaves[i]
      if (before === undefined || next === count || order !== 0) {
        if (leaf === undefined) continue
        this.#push(NONE, leaf)
        this.changed = true
        if (leaf.ownRow) this.large.push(i)
      } else this.#replace(before, next++, leaf, i)
    }
    while (next < count) this.#push(next++, undefined)
  }

  #push(from: number, fresh: Leaf | undefined): void {
    this.#from.push(from)
    this.#fresh.push(fresh)
  }

  #replace(before: Bucket, number: number, leaf: Leaf | undefined, item: number): void {
    if (leaf !== undefined && same32(before.bytes, before.hashAt(number), leaf.bytes, leaf.hashAt)) return this.#push(number, undefined)
    const old = before.leaf(number)
    if (old.ownRow) this.gone.push(old)
    this.changed = true
    if (leaf === undefined) {
      this.removed = true
      return
    }
    this.#push(number, leaf)
    if (leaf.ownRow) this.large.push(item)
  }

  get count(): number {
    return this.#from.length
  }

  #leaf(i: number): Leaf {
    return this.#fresh[i] ?? (this.#before as Bucket).leaf(this.#from[i] as number)
  }

  leaves(): Leaf[] {
    return this.#from.map((_, i) => this.#leaf(i))
  }

  /** The bucket before with a few leaves in other forms, or a few more or less. Asks for its hashes. */
  bucket(room: Room, nodes: Nodes, depth: number): BucketDraft {
    const { count } = this
    let rowBytes = 1
    for (let i = 0; i < count; i++) rowBytes += this.#sizeOf(i)
    const at = room.take(bucketBytes(count, rowBytes))
    const bucket = Bucket.begin(room.memory, at, count, depth, rowBytes)
    this.#putLeaves(bucket)
    return new BucketDraft(bucket, nodes, this.#before?.depth === depth ? this.#putInner(bucket, this.#before) : this.#putSplits(bucket))
  }

  #sizeOf(i: number): number {
    const fresh = this.#fresh[i]
    if (fresh !== undefined) return fresh.size
    return (this.#before as Bucket).sizeOf(this.#from[i] as number)
  }

  /** True where two neighbours were neighbours before. */
  #together(i: number): boolean {
    return this.#from[i] !== NONE && this.#from[i + 1] === (this.#from[i] as number) + 1
  }

  /** Leaves that stay lie together in the bucket before: a run of them is one copy. */
  #putLeaves(bucket: Bucket): void {
    const { bytes } = bucket
    let offset = 1
    for (let i = 0; i < this.count;) {
      const fresh = this.#fresh[i]
      if (fresh !== undefined) {
        bucket.setOffset(i, offset)
        copyInto(bytes, bucket.rowAt + offset, fresh.bytes, fresh.at, fresh.size)
        copyHash(bucket.memory, bucket.hashAt(i), fresh.memory, fresh.hashAt)
        offset += fresh.size
        i++
        continue
      }
      const before = this.#before as Bucket
      const first = i
      while (i + 1 < this.count && this.#fresh[i + 1] === undefined && this.#together(i)) i++
      const [from, last] = [this.#from[first] as number, this.#from[i] as number]
      const start = before.offset(from)
      const end = before.endOf(last)
      copyStretch(bytes, bucket.rowAt + offset, before.bytes, before.rowAt + start, before.rowAt + end)
      copyStretch(bytes, bucket.hashAt(first), before.bytes, before.hashAt(from), before.hashAt(last + 1))
      for (let k = from; k <= last; k++) bucket.setOffset(first + k - from, offset + before.offset(k) - start)
      offset += end - start
      i++
    }
  }

  #putSplit(bucket: Bucket, gap: number): void {
    bucket.setSplit(gap, sharedBits(bucket.bytes, bucket.positionAt(gap), bucket.bytes, bucket.positionAt(gap + 1)))
  }

  #putSplits(bucket: Bucket): number {
    for (let gap = 0; gap < this.count - 1; gap++) this.#putSplit(bucket, gap)
    return -1
  }

  /** Takes over what stays of the splits and inner hashes. Gives the leaves above which hashes change: the new ones, and the neighbours of those that came or went. */
  #putInner(bucket: Bucket, before: Bucket): number {
    const { count } = this
    let changed = 0
    if (this.#from[0] !== 0) changed |= 1
    if (this.#from[count - 1] !== before.count - 1) changed |= 1 << (count - 1)
    for (let gap = 0; gap < count - 1;) {
      if (!this.#together(gap)) {
        this.#putSplit(bucket, gap)
        changed |= 3 << gap
        gap++
        continue
      }
      const first = gap
      while (gap < count - 1 && this.#together(gap)) gap++
      const from = this.#from[first] as number
      const to = from + gap - first
      for (let k = from; k < to; k++) bucket.setSplit(first + k - from, before.split(k))
      copyStretch(bucket.bytes, bucket.innerAt(first), before.bytes, before.innerAt(from), before.innerAt(to))
    }
    for (let i = 0; i < count; i++) if (this.#fresh[i] !== undefined) changed |= 1 << i
    return changed
  }
}

/** The bucket of leaves in order of position. Asks for its hashes. */
export function bucketOf(leaves: readonly Leaf[], room: Room, nodes: Nodes, depth: number): BucketDraft {
  const rowBytes = leaves.reduce((n, leaf) => n + leaf.size, 1)
  const at = room.take(bucketBytes(leaves.length, rowBytes))
  const bucket = Bucket.begin(room.memory, at, leaves.length, depth, rowBytes)
  let offset = 1
  for (const [i, leaf] of leaves.entries()) {
    bucket.setOffset(i, offset)
    copyInto(bucket.bytes, bucket.rowAt + offset, leaf.bytes, leaf.at, leaf.size)
    copyHash(bucket.memory, bucket.hashAt(i), leaf.memory, leaf.hashAt)
    offset += leaf.size
    if (i > 0) bucket.setSplit(i - 1, sharedBits(bucket.bytes, bucket.positionAt(i - 1), bucket.bytes, bucket.positionAt(i)))
  }
  return new BucketDraft(bucket, nodes, -1)
}
