/**
 * Pages of the compact sparse Merkle trie: one page holds four levels of the binary trie (16 slots), so that a path is a few reads.
 * The hashes are those of the binary trie in core/sparse-proof.ts; how nodes lie in pages is no part of any hash.
 *
 * The row of a page is [slots that are taken, 2 bytes][those of them that lead to a page, 2 bytes][the slots in order: a leaf (leaf.ts), or hash 32 and height 6 of a
 * page]. In memory the hashes of its leaves and of its inner nodes lie behind the row. They are made when the row is read, and the topmost must be the one that led
 * there: so nothing of a page is ever used that does not belong to the root.
 */
import { bitAt, copyInto, EMPTY_TRIE, equalBytes, UtnetError } from '../../core/index.ts'
import { hashLeaves, hashNodes } from './hashing.ts'
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
function bitCount(mask: number): number {
  let n = 0
  for (let rest = mask; rest !== 0; rest &= rest - 1) n++
  return n
}

/** The inner nodes of 2 to 15, a bit each. */
function innerNodes(taken: number, pages: number): number {
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

/** Immutable once its hashes are made. */
export class Page {
  /** The row, and the hashes behind it. */
  readonly bytes: Uint8Array
  readonly rowBytes: number
  readonly taken: number
  readonly pages: number
  /** Hash of the top node. */
  top: Uint8Array = EMPTY_TRIE
  readonly #inner: number

  private constructor(bytes: Uint8Array, rowBytes: number, taken: number, pages: number) {
    this.bytes = bytes
    this.rowBytes = rowBytes
    this.taken = taken
    this.pages = pages
    this.#inner = innerNodes(taken, pages)
  }

  /** A page of slots that are still to be written, and hashes, too. */
  static blank(taken: number, pages: number, rowBytes: number): Page {
    const bytes = new Uint8Array(rowBytes + 32 * (bitCount(taken & ~pages) + bitCount(innerNodes(taken, pages))))
    bytes[0] = taken >> 8
    bytes[1] = taken & 255
    bytes[2] = pages >> 8
    bytes[3] = pages & 255
    return new Page(bytes, rowBytes, taken, pages)
  }

  /** The pages of rows from the disk, under the hashes that they must have; throws `data_corrupt` for what is no page, or another. */
  static readAll(rows: readonly { readonly row: Uint8Array; readonly top: Uint8Array }[]): Page[] {
    const pages = rows.map(({ row }) => Page.#ofRow(row))
    hashLeaves(pages.flatMap((page) => page.leaves()))
    hashNodes(
      pages.map((page) => ({
        mustHash: (node) => page.kind(node) === 'inner',
        putChildren: (node, out, at) => page.putChildren(node, out, at),
        setHash: (node, hashes, at) => page.setHash(node, hashes, at),
      })),
    )
    for (const [i, page] of pages.entries()) {
      if (page.kind(1) === 'leaf') page.top = (page.leaf(slotBelow(1, page.taken)) as Leaf).hash.slice()
      if (!equalBytes(page.top, (rows[i] as { readonly top: Uint8Array }).top))
        throw damaged('a page of the state trie is damaged: its hash is not the one that led to it')
    }
    return pages
  }

  static #ofRow(row: Uint8Array): Page {
    const bad = (): UtnetError => damaged('a row of the state trie is damaged: it is no page')
    if (row.length < SLOTS_AT) throw bad()
    const page = Page.blank(((row[0] as number) << 8) | (row[1] as number), ((row[2] as number) << 8) | (row[3] as number), row.length)
    let at = SLOTS_AT
    for (let slot = 0; slot < SLOTS; slot++) {
      if (((page.taken >> slot) & 1) === 0) continue
      const leaf = ((page.pages >> slot) & 1) === 0
      if (leaf && !leafFits(row, at)) throw bad()
      at += leaf ? leafSize(row, at) : CHILD_BYTES
    }
    if (at !== row.length || (page.pages & ~page.taken) !== 0) throw bad()
    page.bytes.set(row)
    return page
  }

  get row(): Uint8Array {
    return this.bytes.subarray(0, this.rowBytes)
  }

  kind(node: number): NodeKind {
    return nodeKind(node, this.taken, this.pages)
  }

  /** Where a slot begins in the row. */
  slotAt(slot: number): number {
    let at = SLOTS_AT
    for (let i = 0; i < slot; i++) {
      if (((this.taken >> i) & 1) === 0) continue
      at += ((this.pages >> i) & 1) === 1 ? CHILD_BYTES : leafSize(this.bytes, at)
    }
    return at
  }

  /** The page that a slot leads to. */
  child(slot: number): Child | undefined {
    if (((this.pages >> slot) & 1) === 0) return undefined
    const at = this.slotAt(slot)
    return { hash: this.bytes.subarray(at, at + 32), version: bytesHeight(this.bytes, at + 32) }
  }

  /** The leaf of a slot. */
  leaf(slot: number): Leaf | undefined {
    if (((this.taken & ~this.pages) >> slot) % 2 === 0) return undefined
    return new Leaf(this.bytes, this.slotAt(slot), this.leafHashAt(slot))
  }

  leaves(): Leaf[] {
    const out: Leaf[] = []
    for (let slot = 0; slot < SLOTS; slot++) {
      const leaf = this.leaf(slot)
      if (leaf !== undefined) out.push(leaf)
    }
    return out
  }

  leafHashAt(slot: number): number {
    return this.rowBytes + 32 * bitCount(this.taken & ~this.pages & ((1 << slot) - 1))
  }

  innerHashAt(node: number): number {
    return this.rowBytes + 32 * (bitCount(this.taken & ~this.pages) + bitCount(this.#inner & ((1 << node) - 1)))
  }

  /** Where the hash of a node but the top lies; nowhere when the node is empty. */
  #hashAt(node: number): number | undefined {
    const kind = this.kind(node)
    if (kind === 'empty') return undefined
    if (kind === 'leaf') return this.leafHashAt(node >= SLOTS ? node - SLOTS : slotBelow(node, this.taken))
    return node >= SLOTS ? this.slotAt(node - SLOTS) : this.innerHashAt(node)
  }

  hash(node: number): Uint8Array {
    if (node === 1) return this.top
    const at = this.#hashAt(node)
    return at === undefined ? EMPTY_TRIE : this.bytes.subarray(at, at + 32)
  }

  /** Writes the hash of a node but the top into zeros. */
  putHash(node: number, out: Uint8Array, at: number): void {
    const from = this.#hashAt(node)
    if (from !== undefined) copyInto(out, at, this.bytes, from, 32)
  }

  putChildren(node: number, out: Uint8Array, at: number): void {
    this.putHash(node * 2, out, at)
    this.putHash(node * 2 + 1, out, at + 32)
  }

  /** Sets the hash of an inner node; only while the page is made. */
  setHash(node: number, hashes: Uint8Array, at: number): void {
    if (node === 1) this.top = hashes.slice(at, at + 32)
    else copyInto(this.bytes, this.innerHashAt(node), hashes, at, 32)
  }
}

/** The page that holds nothing. */
export const EMPTY_PAGE: Page = Page.blank(0, 0, SLOTS_AT)

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
