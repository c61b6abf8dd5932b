/**
 * Pages of the compact sparse Merkle trie: one page holds four levels of the binary trie (16 slots), so that a path is a few reads.
 * The hashes are those of the binary trie in core/sparse-proof.ts; how nodes lie in pages is no part of any hash.
 */
import { bitAt, EMPTY_TRIE, sha256, trieInnerHash, trieLeafHash, UtnetError } from '../../core/index.ts'

/** A value up to this size stands in its page; a larger one has a row of its own. */
const INLINE_BYTES = 128

export interface Leaf {
  readonly kind: 'leaf'
  readonly position: Uint8Array
  readonly valueHash: Uint8Array
  /** Null when the value has a row of its own. */
  readonly value: Uint8Array | null
  /** Height at which the value was written: names its row. */
  readonly version: number
  readonly hash: Uint8Array
}

export interface Child {
  readonly kind: 'page'
  /** Height at which the page was written. */
  readonly version: number
  readonly hash: Uint8Array
}

export type Slot = Leaf | Child | null

/** A node of the binary trie inside a page: empty, a leaf that is alone below it, or an inner node. */
export interface PageNode {
  readonly kind: 'empty' | 'leaf' | 'inner'
  readonly hash: Uint8Array
  readonly leaf: Leaf | null
}

const EMPTY_NODE: PageNode = { kind: 'empty', hash: EMPTY_TRIE, leaf: null }

/** Immutable. `nodes` is a heap of 31 nodes: 1 is the top, 16 to 31 are the slots. */
export interface Page {
  readonly slots: readonly Slot[]
  readonly nodes: readonly PageNode[]
}

export const EMPTY_PAGE: Page = { slots: Array.from({ length: 16 }, () => null), nodes: Array.from({ length: 32 }, () => EMPTY_NODE) }

/** The leaf of a value written at a height. */
export function makeLeaf(position: Uint8Array, value: Uint8Array, version: number): Leaf {
  const valueHash = sha256(value)
  const inline = value.length <= INLINE_BYTES ? value : null
  return { kind: 'leaf', position, valueHash, value: inline, version, hash: trieLeafHash(position, valueHash) }
}

function nodeOf(slot: Slot): PageNode {
  if (slot === null) return EMPTY_NODE
  return slot.kind === 'leaf' ? { kind: 'leaf', hash: slot.hash, leaf: slot } : { kind: 'inner', hash: slot.hash, leaf: null }
}

/** A leaf beside nothing rises to its parent: it stands at the first depth where it is alone. An inner node never rises. */
function join(left: PageNode, right: PageNode): PageNode {
  if (left.kind === 'empty' && right.kind !== 'inner') return right
  if (right.kind === 'empty' && left.kind !== 'inner') return left
  return { kind: 'inner', hash: trieInnerHash(left.hash, right.hash), leaf: null }
}

/** The page with some slots replaced; hashes only the paths that changed. */
export function withSlots(page: Page, changes: ReadonlyMap<number, Slot>): Page {
  const slots = [...page.slots]
  const nodes = [...page.nodes]
  let dirty = new Set<number>()
  for (const [at, slot] of changes) {
    slots[at] = slot
    nodes[16 + at] = nodeOf(slot)
    dirty.add((16 + at) >> 1)
  }
  while (dirty.size > 0) {
    const up = new Set<number>()
    for (const at of dirty) {
      nodes[at] = join(nodes[at * 2] as PageNode, nodes[at * 2 + 1] as PageNode)
      if (at > 1) up.add(at >> 1)
    }
    dirty = up
  }
  return { slots, nodes }
}

/** The top node: its hash is that of the subtree. */
export function pageTop(page: Page): PageNode {
  return page.nodes[1] as PageNode
}

/** The slot of a position in a page `depth` pages below the root. */
export function slotIndex(position: Uint8Array, depth: number): number {
  const byte = position[depth >> 1] as number
  return (depth & 1) === 0 ? byte >> 4 : byte & 15
}

export interface PageWalk {
  /** Non-empty siblings passed, with the depth of their parent. */
  readonly siblings: { readonly depth: number; readonly hash: Uint8Array }[]
  /** Where it ended: depth of the binary trie, and the node there. */
  readonly depth: number
  readonly node: PageNode
  /** True when the walk goes on in the page of the slot. */
  readonly below: boolean
}

/** Walks from a page's top towards a position until the node is no inner one, or the page ends. */
export function walkPage(page: Page, position: Uint8Array, pageDepth: number): PageWalk {
  const siblings: PageWalk['siblings'] = []
  let at = 1
  let depth = pageDepth * 4
  while (at < 16 && (page.nodes[at] as PageNode).kind === 'inner') {
    const next = at * 2 + bitAt(position, depth)
    const sibling = page.nodes[next ^ 1] as PageNode
    if (sibling.kind !== 'empty') siblings.push({ depth, hash: sibling.hash })
    at = next
    depth++
  }
  const node = page.nodes[at] as PageNode
  return { siblings, depth, node, below: node.kind === 'inner' }
}

const TAG_EMPTY = 0
const TAG_CHILD = 1
const TAG_INLINE = 2
const TAG_ROW = 3

function writeVersion(out: Uint8Array, at: number, version: number): void {
  let rest = version
  for (let i = 5; i >= 0; i--) {
    out[at + i] = rest % 256
    rest = Math.floor(rest / 256)
  }
}

function readVersion(bytes: Uint8Array, at: number): number {
  let n = 0
  for (let i = 0; i < 6; i++) n = n * 256 + (bytes[at + i] as number)
  return n
}

/** Six bytes, big-endian: the form of a height in the keys of rows, so that they sort by height. */
export function heightBytes(height: number): Uint8Array {
  const out = new Uint8Array(6)
  writeVersion(out, 0, height)
  return out
}

/** The height of its six bytes. */
export function bytesHeight(bytes: Uint8Array, at = 0): number {
  return readVersion(bytes, at)
}

/** Bytes of a page's row: per slot a tag and its fields. */
export function encodePage(page: Page): Uint8Array {
  let size = 16
  for (const slot of page.slots) {
    if (slot === null) continue
    size += slot.kind === 'page' ? 38 : slot.value === null ? 70 : 39 + slot.value.length
  }
  const out = new Uint8Array(size)
  let at = 0
  for (const slot of page.slots) {
    if (slot === null) {
      out[at++] = TAG_EMPTY
    } else if (slot.kind === 'page') {
      out[at] = TAG_CHILD
      writeVersion(out, at + 1, slot.version)
      out.set(slot.hash, at + 7)
      at += 39
    } else {
      out[at] = slot.value === null ? TAG_ROW : TAG_INLINE
      writeVersion(out, at + 1, slot.version)
      out.set(slot.position, at + 7)
      if (slot.value === null) {
        out.set(slot.valueHash, at + 39)
        at += 71
      } else {
        out[at + 39] = slot.value.length
        out.set(slot.value, at + 40)
        at += 40 + slot.value.length
      }
    }
  }
  return out
}

/** The page of a row; throws `data_corrupt` unless its hash is the expected one. */
export function decodePage(bytes: Uint8Array, hash: Uint8Array): Page {
  const bad = () =>
    new UtnetError('data_corrupt', 'a page of the state trie is damaged', {
      hint: 'restore the data folder from a copy, or start from a new one',
    })
  const changes = new Map<number, Slot>()
  let at = 0
  for (let i = 0; i < 16; i++) {
    const tag = bytes[at++]
    if (tag === TAG_EMPTY) continue
    const version = readVersion(bytes, at)
    const body = bytes.slice(at + 6, at + 38)
    if (body.length !== 32) throw bad()
    at += 38
    if (tag === TAG_CHILD) {
      changes.set(i, { kind: 'page', version, hash: body })
    } else if (tag === TAG_INLINE) {
      const length = bytes[at] ?? 0
      const value = bytes.slice(at + 1, at + 1 + length)
      if (value.length !== length) throw bad()
      at += 1 + length
      changes.set(i, makeLeaf(body, value, version))
    } else if (tag === TAG_ROW) {
      const valueHash = bytes.slice(at, at + 32)
      if (valueHash.length !== 32) throw bad()
      at += 32
      changes.set(i, { kind: 'leaf', position: body, valueHash, value: null, version, hash: trieLeafHash(body, valueHash) })
    } else {
      throw bad()
    }
  }
  const page = withSlots(EMPTY_PAGE, changes)
  const top = pageTop(page).hash
  if (at !== bytes.length || top.some((byte, i) => byte !== hash[i])) throw bad()
  return page
}
