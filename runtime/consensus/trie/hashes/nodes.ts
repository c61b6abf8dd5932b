/**
 * Inner nodes of the trie that get new hashes, all of a batch together (core/trees/sparse-proof.ts says what their hashes are of). A node is asked for once its children are.
 * What is known of its pair is put there at once; the hash of a child that is new comes there when it is made.
 */
import { sha256Pairs } from '../../../core/index.ts'
import { copyHash, Memory } from '../bytes/index.ts'

/** Pairs that are hashed at once: they stay in the nearest cache. */
const AT_ONCE = 256
const PAIR_BYTES = 64
const HASH_BYTES = 32

/** A node is a number: its rank, which is greater than those of its children, and in the low bits which of its rank it is. */
const INDEX_BITS = 22
const INDEX_MASK = (1 << INDEX_BITS) - 1

/** In the place of a child that is none of these nodes: its hash is known. */
export const KNOWN = -1

/** The room for so many nodes of a rank stays set aside. */
const KEPT = 1 << 13

/** Nodes of which none is above another. */
class Rank {
  count = 0
  pairs = new Memory(32 * PAIR_BYTES)
  /** Of each pair: which nodes its children are, or `KNOWN`. */
  children = new Int32Array(64)

  /** The number of one more. */
  next(): number {
    if (this.count * 2 === this.children.length) this.#grow()
    return this.count++
  }

  #grow(): void {
    const { pairs, children } = this
    this.pairs = new Memory(pairs.bytes.length * 2)
    this.pairs.words.set(pairs.words)
    this.children = new Int32Array(children.length * 2)
    this.children.set(children)
  }
}

/** Used by turns: what was used a moment ago is quicker than new. */
const spare: Rank[][] = []

/** Nodes in the order of asking are many: lists of them grow by so much. */
const GROWTH = 8

export class Nodes {
  readonly #ranks: Rank[] = spare.pop() ?? []
  /** In the order of asking: the nodes, and which each is of its page, as that says it. */
  #order = new Int32Array(32)
  #places = new Uint8Array(32)
  #count = 0
  /** Where in the hashes those of each rank begin. */
  readonly #begins: number[] = []
  #hashes = new Memory(0)

  /** How many were asked for. */
  get count(): number {
    return this.#count
  }

  /** Asks for a node, which is `place` of its page. A child is another node, or `KNOWN`: then `known` or `empty` says of it. */
  add(left: number, right: number, place: number): number {
    const rank = this.#rankAbove(Math.max(left, right))
    const own = this.#ranks[rank] as Rank
    const index = own.next()
    own.children[index * 2] = left
    own.children[index * 2 + 1] = right
    return this.#asked((rank << INDEX_BITS) | index, place)
  }

  /** Asks for a node of which one child is a node, left 0 or right 1, and the other's hash is known. */
  above(child: number, side: number, memory: Memory, at: number, place: number): number {
    const rank = this.#rankAbove(child)
    const own = this.#ranks[rank] as Rank
    const index = own.next()
    const other = index * 2 + 1 - side
    own.children[index * 2 + side] = child
    own.children[other] = KNOWN
    copyHash(own.pairs, other * HASH_BYTES, memory, at)
    return this.#asked((rank << INDEX_BITS) | index, place)
  }

  /** The rank above a node: one above what is known is of rank 0. A rank can be full. */
  #rankAbove(child: number): number {
    let rank = (child >> INDEX_BITS) + 1
    while (this.#rank(rank).count > INDEX_MASK) rank++
    return rank
  }

  #asked(node: number, place: number): number {
    if (this.#count === this.#order.length) this.#grow()
    this.#order[this.#count] = node
    this.#places[this.#count++] = place
    return node
  }

  #rank(rank: number): Rank {
    const ranks = this.#ranks
    if (rank === ranks.length) ranks.push(new Rank())
    return ranks[rank] as Rank
  }

  #grow(): void {
    const [order, places] = [this.#order, this.#places]
    this.#order = new Int32Array(order.length * GROWTH)
    this.#order.set(order)
    this.#places = new Uint8Array(places.length * GROWTH)
    this.#places.set(places)
  }

  /** The hash of a child, left 0 or right 1. */
  known(node: number, side: number, memory: Memory, at: number): void {
    copyHash((this.#ranks[node >> INDEX_BITS] as Rank).pairs, ((node & INDEX_MASK) * 2 + side) * HASH_BYTES, memory, at)
  }

  /** Says that a child is empty. */
  empty(node: number, side: number): void {
    const child = (node & INDEX_MASK) * 2 + side
    ;(this.#ranks[node >> INDEX_BITS] as Rank).pairs.words.fill(0, child * 8, child * 8 + 8)
  }

  /** Makes all hashes. Nothing can be asked for afterwards. */
  run(): void {
    const ranks = this.#ranks
    let sum = 0
    for (const { count } of ranks) {
      this.#begins.push(sum)
      sum += count
    }
    this.#hashes = new Memory(this.#count * HASH_BYTES)
    for (const [i, rank] of ranks.entries()) {
      for (let first = 0; first < rank.count; first += AT_ONCE)
        this.#some(rank, first, Math.min(AT_ONCE, rank.count - first), this.#begins[i] as number)
    }
    for (const rank of ranks) rank.count = 0
    if (ranks.every(({ children }) => children.length <= KEPT * 2)) spare.push(ranks)
  }

  #some({ pairs, children }: Rank, first: number, count: number, begin: number): void {
    for (let child = first * 2; child < (first + count) * 2; child++) {
      const node = children[child] as number
      if (node !== KNOWN) copyHash(pairs, child * HASH_BYTES, this.#hashes, this.#hashAt(node))
    }
    const out = this.#hashes.bytes.subarray((begin + first) * HASH_BYTES)
    sha256Pairs(pairs.bytes.subarray(first * PAIR_BYTES, (first + count) * PAIR_BYTES), count, out)
  }

  #hashAt(node: number): number {
    return ((this.#begins[node >> INDEX_BITS] as number) + (node & INDEX_MASK)) * HASH_BYTES
  }

  /** Puts the hash of a node somewhere. */
  put(node: number, out: Memory, at: number): void {
    copyHash(out, at, this.#hashes, this.#hashAt(node))
  }

  /** The node that was asked for as number `i`. */
  node(i: number): number {
    return this.#order[i] as number
  }

  /** Which it is of its page. */
  place(i: number): number {
    return this.#places[i] as number
  }
}
