/** A branch that changes: only what is new of it, over a branch that stays as it is until this one is kept. */
import { Branch, BRANCH, BRANCH_BYTES, EMPTY, LAST, levelOf, NODES, Shape } from '../pages/index.ts'
import type { BucketDraft } from './bucket-draft.ts'
import { copyHash, copyStretch, Memory } from '../bytes/index.ts'
import { KNOWN, type Nodes } from '../hashes/index.ts'
import type { Room } from './room.ts'

export type PageDraft = BucketDraft | BranchDraft

/** What a draft has in its room: the shape, and of each end which of the new pages it has. */
const KIDS_AT = NODES
const DRAFT_BYTES = 2 * NODES

/** Where `ask` keeps which nodes the inner nodes are. */
const asked = new Int32Array(LAST)

/** Inner nodes, a bit each. */
const INNER_MASK = 2 ** LAST - 2

/** The lowest of the bits that are set. */
const lowest = (bits: number): number => 31 - Math.clz32(bits & -bits)

export class BranchDraft {
  /** Branches between it and the root. */
  readonly page: number
  /** A position below it, in memory that stays as it is. */
  readonly positions: Uint8Array
  readonly positionAt: number
  /** What is not said here lies here; undefined for a branch that has no leaves yet. */
  #before: Branch | undefined
  readonly shape: Shape
  readonly #nodes: Nodes
  /** Nodes at or above what changed, a bit each. */
  #changed = 0
  /** Ends that have new pages, a bit each. */
  #renewed = 0
  readonly #kids: PageDraft[] = []
  #strayed = false
  /** Which of the nodes of the batch are its own; the topmost is last. */
  #first = 0
  #end = 0

  constructor(room: Room, nodes: Nodes, page: number, positions: Uint8Array, positionAt: number, before?: Branch) {
    const at = room.take(DRAFT_BYTES)
    this.shape = new Shape(room.memory, at)
    this.#nodes = nodes
    this.page = page
    this.positions = positions
    this.positionAt = positionAt
    this.#before = before
    if (before === undefined) room.memory.bytes.fill(0, at, at + NODES)
    else copyHash(room.memory, at, before.memory, before.at)
  }

  /** The new page of an end, if it has one. */
  kid(node: number): PageDraft | undefined {
    return ((this.#renewed >> node) & 1) === 1 ? this.#kids[this.shape.bytes[this.shape.at + KIDS_AT + node] as number] : undefined
  }

  /** Goes through the new pages. */
  eachKid(take: (kid: PageDraft, node: number) => void): void {
    for (let rest = this.#renewed; rest !== 0; rest &= rest - 1) take(this.kid(lowest(rest)) as PageDraft, lowest(rest))
  }

  #touch(node: number): void {
    for (let n = node; n > 0; n >>= 1) this.#changed |= 1 << n
  }

  /** Makes an inner node of an end. */
  setInner(node: number): void {
    this.clear(node)
    this.shape.setInner(node)
  }

  /** Forgets all at and below a node. */
  clear(node: number): void {
    this.#strayed = true
    this.#forget(node)
    this.shape.setEnd(node, EMPTY)
    this.#touch(node)
  }

  #forget(node: number): void {
    this.#renewed &= ~(1 << node)
    if (!this.shape.isInner(node)) return
    this.#forget(node * 2)
    this.#forget(node * 2 + 1)
  }

  /** Gives a node a new page in the place of all that is there. */
  setPage(node: number, kid: PageDraft): void {
    const { shape } = this
    if (shape.isInner(node)) this.clear(node)
    else this.#touch(node)
    shape.setEnd(node, kid instanceof BranchDraft ? BRANCH : kid.count)
    shape.bytes[shape.at + KIDS_AT + node] = this.#kids.push(kid) - 1
    this.#renewed |= 1 << node
  }

  /** Which of the nodes that change one is; `KNOWN` where it is none of them. */
  #askedOf(node: number): number {
    if (((this.#renewed >> node) & 1) === 1) return (this.kid(node) as PageDraft).top
    return ((this.#changed >> node) & 1) === 1 && this.shape.isInner(node) ? (asked[node] as number) : KNOWN
  }

  /** The topmost node. */
  get top(): number {
    return this.#nodes.node(this.#end - 1)
  }

  /** Asks for the hashes above the new pages, which have asked for theirs. */
  ask(): void {
    this.#first = this.#nodes.count
    if (this.#before !== undefined && !this.#strayed && (this.#renewed & (this.#renewed - 1)) === 0)
      this.#askAbove(lowest(this.#renewed), this.#before)
    else this.#askAll()
    this.#end = this.#nodes.count
  }

  /** The most common case: the nodes above one new page in a branch that is as it was. Those beside them are known. */
  #askAbove(end: number, before: Branch): void {
    const nodes = this.#nodes
    let child = (this.kid(end) as PageDraft).top
    if (child === KNOWN) return this.#askAll()
    for (let node = end; node > 1; node >>= 1) {
      const beside = node ^ 1
      if (before.kind(beside) === EMPTY) {
        const parent = nodes.add((node & 1) === 0 ? child : KNOWN, (node & 1) === 0 ? KNOWN : child, node >> 1)
        nodes.empty(parent, 1 - (node & 1))
        child = parent
      } else child = nodes.above(child, node & 1, before.memory, before.hashAt(beside), node >> 1)
    }
  }

  #askAll(): void {
    for (let rest = this.#changed & INNER_MASK; rest !== 0;) {
      const inner = levelOf(rest)
      rest ^= 1 << inner
      if (!this.shape.isInner(inner)) continue
      const [left, right] = [this.#askedOf(inner * 2), this.#askedOf(inner * 2 + 1)]
      const node = this.#nodes.add(left, right, inner)
      if (left === KNOWN) this.#known(node, 0, inner * 2)
      if (right === KNOWN) this.#known(node, 1, inner * 2 + 1)
      asked[inner] = node
    }
  }

  #known(node: number, side: number, child: number): void {
    const kid = this.kid(child)
    // a branch has a node, so that this is a bucket of one leaf
    if (kid !== undefined) return (kid as BucketDraft).putLeaf(0, node, side)
    if (this.shape.kind(child) === EMPTY) return this.#nodes.empty(node, side)
    const before = this.#before as Branch
    this.#nodes.known(node, side, before.memory, before.hashAt(child))
  }

  /** Whether cells of the pages that it has from the branch below are to be looked up anew. */
  get strayed(): boolean {
    return this.#strayed
  }

  /** Writes the whole page, whose new pages below are of a height. */
  put(memory: Memory, at: number, version: number): Branch {
    const branch = new Branch(memory, at)
    const before = this.#before
    if (before !== undefined) copyStretch(memory.bytes, at, before.bytes, before.at, before.at + BRANCH_BYTES)
    copyHash(memory, at, this.shape.memory, this.shape.at)
    const nodes = this.#nodes
    for (let i = this.#first; i < this.#end; i++) nodes.put(nodes.node(i), memory, branch.hashAt(nodes.place(i)))
    this.eachKid((kid, node) => {
      kid.putTop(memory, branch.hashAt(node))
      branch.setVersion(node, version)
    })
    return branch
  }

  /** The hash of the whole. */
  putTop(out: Memory, at: number): void {
    this.#nodes.put(this.top, out, at)
  }

  /** Takes copies of what lies below: it is about to be moved or written over. */
  settle(): void {
    const before = this.#before
    if (before !== undefined) {
      const memory = new Memory(BRANCH_BYTES)
      copyStretch(memory.bytes, 0, before.bytes, before.at, before.at + BRANCH_BYTES)
      this.#before = new Branch(memory, 0)
      this.#strayed = true
    }
    this.eachKid((kid) => kid.settle())
  }
}
