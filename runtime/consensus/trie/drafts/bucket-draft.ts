/** A bucket that changes: only what is new of it, over a bucket that stays as it is until this one is kept. */
import { copyInto } from '../../../core/index.ts'
import { Bucket, bucketBytes, BUCKET_LEAVES, type Leaf } from '../pages/index.ts'
import { copyHash, copyStretch, Memory, bitIn } from '../bytes/index.ts'
import { KNOWN, type Nodes } from '../hashes/index.ts'

/** Leaves of a bucket in new forms: a bit each, and they in their order. */
export interface Fresh {
  readonly mask: number
  readonly leaves: readonly Leaf[]
}

export const NONE: Fresh = { mask: 0, leaves: [] }

/** Where `ask` keeps what is open: gaps, what stands on the left of each, and whether that changes. */
const gaps = new Uint8Array(BUCKET_LEAVES)
const lefts = new Int32Array(BUCKET_LEAVES)
const changes = new Uint8Array(BUCKET_LEAVES)

/** What stands in `ask` for a child that is no new node: that of a leaf, or of a gap. */
const leafChild = (leaf: number): number => -1 - leaf
const gapChild = (gap: number): number => -1 - BUCKET_LEAVES - gap

/** The number of the first leaf in a mask. */
const numberOf = (mask: number): number => 31 - Math.clz32(mask & -mask)

export class BucketDraft {
  /** What is not said here lies here. */
  #page: Bucket
  readonly #fresh: Fresh
  readonly #nodes: Nodes
  /** Which of the nodes of the batch are its own: each is a gap, or stands above the one before it, which is the same gap; the topmost is last. */
  readonly #first: number
  readonly #end: number
  readonly rowBytes: number

  /** Asks for the hashes above leaves that are set in `changed`, which are some. */
  constructor(page: Bucket, nodes: Nodes, changed: number, fresh: Fresh = NONE) {
    this.#page = page
    this.#nodes = nodes
    this.#fresh = fresh
    this.#first = nodes.count
    if ((changed & (changed - 1)) === 0) this.#askAbove(numberOf(changed))
    else this.#ask(changed)
    this.#end = nodes.count
    let rowBytes = page.rowBytes
    for (let rest = fresh.mask, k = 0; rest !== 0; rest &= rest - 1)
      rowBytes += (fresh.leaves[k++] as Leaf).size - page.sizeOf(numberOf(rest))
    this.rowBytes = rowBytes
  }

  get count(): number {
    return this.#page.count
  }

  get size(): number {
    return bucketBytes(this.count, this.rowBytes)
  }

  /** The topmost node; `KNOWN` where there is none. */
  get top(): number {
    return this.#end > this.#first ? this.#nodes.node(this.#end - 1) : KNOWN
  }

  #freshLeaf(i: number): Leaf | undefined {
    const { mask, leaves } = this.#fresh
    if (((mask >> i) & 1) === 0) return undefined
    let k = 0
    for (let below = mask & ((1 << i) - 1); below !== 0; below &= below - 1) k++
    return leaves[k]
  }

  leaf(i: number): Leaf {
    return this.#freshLeaf(i) ?? this.#page.leaf(i)
  }

  /** The most common case: the nodes above one leaf. Those beside them are known. */
  #askAbove(leaf: number): void {
    const page = this.#page
    const last = page.count - 1
    // the gaps to the left and right of the leaves below `child`
    let left = leaf - 1
    let right = leaf
    let [before, behind] = [left < 0 ? -1 : page.split(left), right === last ? -1 : page.split(right)]
    let child = leafChild(leaf)
    while (before >= 0 || behind >= 0) {
      // the later split is the next node; what stands beside it are leaves whose gaps split later still
      const step = before > behind ? -1 : 1
      const gap = step < 0 ? left : right
      const split = page.split(gap)
      let next = gap + step
      let beside = leafChild(step < 0 ? gap : gap + 1)
      for (let least = 256; next >= 0 && next < last; next += step) {
        const deeper = page.split(next)
        if (deeper < split) break
        if (deeper < least) [least, beside] = [deeper, gapChild(next)]
      }
      if (step < 0) {
        left = next
        before = left < 0 ? -1 : page.split(left)
      } else {
        right = next
        behind = right === last ? -1 : page.split(right)
      }
      const parent = before < 0 && behind < 0 ? page.depth - 1 : Math.max(before, behind)
      child = step < 0 ? this.#node(gap, beside, child, parent) : this.#node(gap, child, beside, parent)
    }
  }

  #ask(changed: number): void {
    const page = this.#page
    const last = page.count - 1
    const top = page.depth - 1
    // The nodes whose right sides are not complete, from the top down: each with the gap that it is, and what stands on its left.
    let open = 0
    // What is complete: which node it is, and whether it changes.
    let child = leafChild(0)
    let isNew = changed & 1
    for (let gap = 0; gap <= last; gap++) {
      const split = gap < last ? page.split(gap) : top
      while (open > 0) {
        const own = gaps[open - 1] as number
        if (page.split(own) <= split) break
        open--
        isNew |= changes[open] as number
        if (isNew === 0) child = gapChild(own)
        else child = this.#node(own, lefts[open] as number, child, open > 0 ? Math.max(split, page.split(gaps[open - 1] as number)) : split)
      }
      gaps[open] = gap
      lefts[open] = child
      changes[open++] = isNew
      child = leafChild(gap + 1)
      isNew = (changed >> (gap + 1)) & 1
    }
  }

  /** The node that a gap is, and those with one child that stand above it and below the depth of its parent. */
  #node(gap: number, left: number, right: number, parent: number): number {
    const [nodes, page] = [this.#nodes, this.#page]
    let node: number
    if (left < 0 === right < 0) {
      node = nodes.add(left < 0 ? KNOWN : left, right < 0 ? KNOWN : right, gap)
      if (left < 0) this.#known(node, 0, left)
      if (right < 0) this.#known(node, 1, right)
    } else node = left < 0 ? this.#above(right, 1, left, gap) : this.#above(left, 0, right, gap)
    for (let d = page.split(gap) - 1; d > parent; d--) {
      const side = bitIn(page.bytes, page.positionAt(gap), d)
      node = side === 0 ? nodes.add(node, KNOWN, gap) : nodes.add(KNOWN, node, gap)
      nodes.empty(node, 1 - side)
    }
    return node
  }

  #above(node: number, side: number, child: number, gap: number): number {
    const page = this.#page
    if (child <= gapChild(0)) return this.#nodes.above(node, side, page.memory, page.innerAt(gapChild(0) - child), gap)
    const fresh = this.#freshLeaf(-1 - child)
    if (fresh !== undefined) return this.#nodes.above(node, side, fresh.memory, fresh.hashAt, gap)
    return this.#nodes.above(node, side, page.memory, page.hashAt(-1 - child), gap)
  }

  #known(node: number, side: number, child: number): void {
    const page = this.#page
    if (child > gapChild(0)) this.putLeaf(-1 - child, node, side)
    else this.#nodes.known(node, side, page.memory, page.innerAt(gapChild(0) - child))
  }

  /** Gives a node the hash of a leaf for a child. */
  putLeaf(leaf: number, node: number, side: number): void {
    const fresh = this.#freshLeaf(leaf)
    if (fresh === undefined) this.#nodes.known(node, side, this.#page.memory, this.#page.hashAt(leaf))
    else this.#nodes.known(node, side, fresh.memory, fresh.hashAt)
  }

  /** Writes what is new of the hashes into a bucket of as many leaves. */
  putHashes(bucket: Bucket): void {
    const { mask, leaves } = this.#fresh
    for (let rest = mask, k = 0; rest !== 0; rest &= rest - 1) {
      const leaf = leaves[k++] as Leaf
      copyHash(bucket.memory, bucket.hashAt(numberOf(rest)), leaf.memory, leaf.hashAt)
    }
    const nodes = this.#nodes
    for (let i = this.#first; i < this.#end; i++) nodes.put(nodes.node(i), bucket.memory, bucket.innerAt(nodes.place(i)))
  }

  /** Writes the whole page. */
  put(memory: Memory, at: number): void {
    const page = this.#page
    const sameSizes = this.#sameSizes()
    copyStretch(memory.bytes, at, page.bytes, page.at, sameSizes ? page.at + page.size : page.rowAt)
    const bucket = new Bucket(memory, at)
    this.putHashes(bucket)
    if (sameSizes) return this.#putLeaves(bucket)
    bucket.setRowBytes(this.rowBytes)
    this.#putOffsets(bucket)
    this.#putRow(bucket)
  }

  #sameSizes(): boolean {
    const { mask, leaves } = this.#fresh
    for (let rest = mask, k = 0; rest !== 0; rest &= rest - 1)
      if ((leaves[k++] as Leaf).size !== this.#page.sizeOf(numberOf(rest))) return false
    return true
  }

  #putLeaves({ bytes, rowAt }: Bucket): void {
    const { mask, leaves } = this.#fresh
    for (let rest = mask, k = 0; rest !== 0; rest &= rest - 1) {
      const leaf = leaves[k++] as Leaf
      copyInto(bytes, rowAt + this.#page.offset(numberOf(rest)), leaf.bytes, leaf.at, leaf.size)
    }
  }

  #putOffsets(bucket: Bucket): void {
    const page = this.#page
    for (let i = 0, moved = 0; i < page.count; i++) {
      bucket.setOffset(i, page.offset(i) + moved)
      const fresh = this.#freshLeaf(i)
      if (fresh !== undefined) moved += fresh.size - page.sizeOf(i)
    }
  }

  #putRow({ bytes: out, rowAt }: Bucket): void {
    const page = this.#page
    const { mask, leaves } = this.#fresh
    // how far it is written, in the row before and in the new one
    let done = 0
    let to = rowAt
    for (let rest = mask, k = 0; rest !== 0; rest &= rest - 1) {
      const leaf = leaves[k++] as Leaf
      const start = page.offset(numberOf(rest))
      copyStretch(out, to, page.bytes, page.rowAt + done, page.rowAt + start)
      to += start - done
      copyInto(out, to, leaf.bytes, leaf.at, leaf.size)
      to += leaf.size
      done = page.endOf(numberOf(rest))
    }
    copyStretch(out, to, page.bytes, page.rowAt + done, page.rowAt + page.rowBytes)
  }

  /** The hash of the whole. */
  putTop(out: Memory, at: number): void {
    if (this.top !== KNOWN) return this.#nodes.put(this.top, out, at)
    const { memory, hashAt } = this.leaf(0)
    copyHash(out, at, memory, hashAt)
  }

  /** Takes a copy of what lies below: it is about to be moved or written over. */
  settle(): void {
    const { bytes, at, size } = this.#page
    const memory = new Memory(size)
    copyStretch(memory.bytes, 0, bytes, at, at + size)
    this.#page = new Bucket(memory, 0)
  }
}
