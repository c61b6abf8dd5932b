/**
 * Pages of the compact sparse Merkle trie: one page holds four levels of the binary trie (16 slots), so that a path is a few reads.
 * The hashes are those of the binary trie in core/sparse-proof.ts; how nodes lie in pages is no part of any hash.
 *
 * A page is its row: [slots that are taken, 2 bytes][those of them that lead to a page, 2 bytes][the slots in order: a leaf (leaf.ts), or hash 32 and height 6
 * of a page][hashes of the inner nodes 2 to 15, in order]. So a page from the disk is used as it lies there, and what is hashed when it is read is the path that
 * is walked: each step shows that two nodes are those that the one above was made of (checks.ts).
 */
import { bitAt, copyInto, EMPTY_TRIE, UtnetError } from '../../core/index.ts'
import { Leaf, leafFits, leafSize } from './leaf.ts'
import { bytesHeight, VERSION_BYTES } from './version.ts'

export const SLOTS = 16
export const SLOTS_AT = 4
/** Bytes of a slot that leads to a page. */
export const CHILD_BYTES = 32 + VERSION_BYTES

export interface Child {
  /** Height at which the page was written. */
  readonly version: number
  readonly hash: Uint8Array
}

export type NodeKind = 'empty' | 'leaf' | 'inner'

/** The slots below a node: nodes are a heap, 1 is the top, 16 to 31 are the slots. */
const BELOW: readonly number[] = Array.from({ length: 2 * SLOTS }, (_, node) => {
  if (node === 0) return 0
  const level = 31 - Math.clz32(node)
  const width = SLOTS >> level
  return ((1 << width) - 1) << ((node - (1 << level)) * width)
})

/** What a node is, by the slots that are taken and those that lead to pages. A leaf stands at the first depth where it is alone. */
export function nodeKind(node: number, taken: number, pages: number): NodeKind {
  const below = taken & (BELOW[node] as number)
  if (below === 0) return 'empty'
  return (below & (below - 1)) === 0 && (below & pages) === 0 ? 'leaf' : 'inner'
}

/** The slot of the one leaf below a node. */
export function slotBelow(node: number, taken: number): number {
  return 31 - Math.clz32(taken & (BELOW[node] as number))
}

/** How many bits are set. */
export function bitCount(mask: number): number {
  let n = 0
  for (let rest = mask; rest !== 0; rest &= rest - 1) n++
  return n
}

/** The inner nodes of 2 to 15, a bit each. */
export function innerNodes(taken: number, pages: number): number {
  let mask = 0
  for (let node = 2; node < SLOTS; node++) if (nodeKind(node, taken, pages) === 'inner') mask |= 1 << node
  return mask
}

/** The slot of a position in a page `depth` pages below the root. */
export function slotIndex(position: Uint8Array, depth: number): number {
  const byte = position[depth >> 1] as number
  return (depth & 1) === 0 ? byte >> 4 : byte & 15
}

/** The refusal of what the disk gives back. */
export function damaged(what: string): UtnetError {
  return new UtnetError('data_corrupt', what, { hint: 'restore the data folder from a copy, or start from a new one' })
}

/** All nodes, as a mask of those that were checked. */
const ALL = -1

/** Immutable, but for what is known of it. */
export class Page {
  readonly row: Uint8Array
  /** Hash of the top node. */
  readonly top: Uint8Array
  readonly taken: number
  readonly pages: number
  /** Nodes whose content is known to be what their hashes say, a bit each: of an inner node its two children, of a slot its leaf. */
  seen: number
  readonly #inner: number

  private constructor(row: Uint8Array, top: Uint8Array, seen: number) {
    this.row = row
    this.top = top
    this.taken = ((row[0] as number) << 8) | (row[1] as number)
    this.pages = ((row[2] as number) << 8) | (row[3] as number)
    this.seen = seen
    this.#inner = innerNodes(this.taken, this.pages)
  }

  /** A page that was made here. What it took over from another may never have been looked at: `seen` names the rest. */
  static made(row: Uint8Array, top: Uint8Array, seen: number): Page {
    return new Page(row, top, seen)
  }

  /** The page of a row from the disk, under the hash that it must have; throws `data_corrupt` for what is no page. Its nodes are checked as they are walked. */
  static read(row: Uint8Array, top: Uint8Array): Page {
    if (row.length < SLOTS_AT) throw damaged('a page of the state trie is cut off')
    const page = new Page(row, top, 0)
    let at = SLOTS_AT
    for (let slot = 0; slot < SLOTS; slot++) {
      if (((page.taken >> slot) & 1) === 0) continue
      const leaf = ((page.pages >> slot) & 1) === 0
      if (leaf && !leafFits(row, at)) throw damaged('a page of the state trie is damaged')
      at += leaf ? leafSize(row, at) : CHILD_BYTES
    }
    if (at !== page.#innerAt || (page.pages & ~page.taken) !== 0) throw damaged('a page of the state trie is damaged')
    return page
  }

  get #innerAt(): number {
    return this.row.length - 32 * bitCount(this.#inner)
  }

  kind(node: number): NodeKind {
    return nodeKind(node, this.taken, this.pages)
  }

  /** Where a slot begins in the row. */
  slotAt(slot: number): number {
    let at = SLOTS_AT
    for (let i = 0; i < slot; i++) {
      if (((this.taken >> i) & 1) === 0) continue
      at += ((this.pages >> i) & 1) === 1 ? CHILD_BYTES : leafSize(this.row, at)
    }
    return at
  }

  /** The page that a slot leads to. */
  child(slot: number): Child | undefined {
    if (((this.pages >> slot) & 1) === 0) return undefined
    const at = this.slotAt(slot)
    return { hash: this.row.subarray(at, at + 32), version: bytesHeight(this.row, at + 32) }
  }

  /** The leaf of a slot. */
  leaf(slot: number): Leaf | undefined {
    if (((this.taken & ~this.pages) >> slot) & 1) return new Leaf(this.row, this.slotAt(slot))
    return undefined
  }

  /** The hash of a node but the top: where it lies in the row; nowhere when the node is empty. */
  #hashAt(node: number): number | undefined {
    const kind = this.kind(node)
    if (kind === 'empty') return undefined
    if (node >= SLOTS) return this.slotAt(node - SLOTS)
    if (kind === 'leaf') return this.slotAt(slotBelow(node, this.taken))
    return this.#innerAt + 32 * bitCount(this.#inner & ((1 << node) - 1))
  }

  hash(node: number): Uint8Array {
    if (node === 1) return this.top
    const at = this.#hashAt(node)
    return at === undefined ? EMPTY_TRIE : this.row.subarray(at, at + 32)
  }

  /** Writes the hash of a node but the top into zeros. */
  putHash(node: number, out: Uint8Array, at: number): void {
    const from = this.#hashAt(node)
    if (from !== undefined) copyInto(out, at, this.row, from, 32)
  }
}

/** The page that holds nothing. */
export const EMPTY_PAGE: Page = Page.made(new Uint8Array(SLOTS_AT), EMPTY_TRIE, ALL)

export interface PageWalk {
  /** Non-empty siblings passed, with the depth of their parent. */
  readonly siblings: { readonly depth: number; readonly hash: Uint8Array }[]
  /** Where it ended: depth of the binary trie, and the leaf there. */
  readonly depth: number
  readonly leaf: Leaf | undefined
  /** The page in which the walk goes on. */
  readonly below: Child | undefined
}

/** Walks from a page's top towards a position until the node is no inner one, or the page ends. */
export function walkPage(page: Page, position: Uint8Array, pageDepth: number): PageWalk {
  const siblings: PageWalk['siblings'] = []
  let node = 1
  let depth = pageDepth * 4
  while (node < SLOTS && page.kind(node) === 'inner') {
    const next = node * 2 + bitAt(position, depth)
    if (page.kind(next ^ 1) !== 'empty') siblings.push({ depth, hash: page.hash(next ^ 1) })
    node = next
    depth++
  }
  const leaf = page.kind(node) === 'leaf' ? page.leaf(slotBelow(node, page.taken)) : undefined
  return { siblings, depth, leaf, below: page.kind(node) === 'inner' ? page.child(slotIndex(position, pageDepth)) : undefined }
}
