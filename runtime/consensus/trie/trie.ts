/** The compact sparse Merkle trie with persistent pages: reads at a root, proofs, and batches that give the next root. */
import { byteString, compareBytes, EMPTY_TRIE, equalBytes, sha256, type TrieProof } from '../../core/index.ts'
import {
  EMPTY_PAGE,
  makeLeaf,
  pageTop,
  slotIndex,
  walkPage,
  withSlots,
  encodePage,
  type Child,
  type Leaf,
  type Page,
  type Slot,
} from './page.ts'
import { pageKey, valueKey, type PageStore } from './page-store.ts'

/** A root: the page at the top and its hash. */
export type TrieRoot = Child

/** The root of the trie that holds nothing. */
export const EMPTY_ROOT: TrieRoot = { kind: 'page', version: 0, hash: EMPTY_TRIE }

export type TrieChange = readonly [key: Uint8Array, value: Uint8Array | undefined]

/** What a batch did: rows to write, rows that no root from this height on needs, and the pages to keep in the cache once it is committed. */
export interface TrieUpdate {
  readonly root: TrieRoot
  readonly rows: readonly (readonly [Uint8Array, Uint8Array])[]
  readonly stale: readonly Uint8Array[]
  readonly pages: readonly (readonly [Uint8Array, Page])[]
}

const TOP = new Uint8Array(32)

function topPage(store: PageStore, trie: number, root: TrieRoot): Page {
  return equalBytes(root.hash, EMPTY_TRIE) ? EMPTY_PAGE : store.load(trie, root, TOP, 0)
}

/** The leaf at a position, if there is one. */
function find(store: PageStore, trie: number, root: TrieRoot, position: Uint8Array): Leaf | undefined {
  let page = topPage(store, trie, root)
  for (let depth = 0; ; depth++) {
    const slot = page.slots[slotIndex(position, depth)] as Slot
    if (slot === null) return undefined
    if (slot.kind === 'leaf') return equalBytes(slot.position, position) ? slot : undefined
    page = store.load(trie, slot, position, depth + 1)
  }
}

/** The value under a key in the trie of a root; undefined when absent. */
export function trieGet(store: PageStore, trie: number, root: TrieRoot, key: Uint8Array): Uint8Array | undefined {
  const leaf = find(store, trie, root, sha256(key))
  return leaf === undefined ? undefined : store.value(trie, leaf)
}

/** The value under a key with the proof that the root holds it, or holds nothing there (core `verifyTrieProof`). */
export function trieProve(
  store: PageStore,
  trie: number,
  root: TrieRoot,
  key: Uint8Array,
): { readonly value: Uint8Array | null; readonly proof: TrieProof } {
  const position = sha256(key)
  const siblings: { depth: number; hash: Uint8Array }[] = []
  let page = topPage(store, trie, root)
  for (let depth = 0; ; depth++) {
    const walk = walkPage(page, position, depth)
    siblings.push(...walk.siblings)
    if (walk.below) {
      page = store.load(trie, page.slots[slotIndex(position, depth)] as Child, position, depth + 1)
      continue
    }
    const { leaf } = walk.node
    if (leaf === null) return { value: null, proof: { depth: walk.depth, siblings, other: null } }
    if (equalBytes(leaf.position, position)) return { value: store.value(trie, leaf), proof: { depth: walk.depth, siblings, other: null } }
    const { valueHash } = leaf
    return { value: null, proof: { depth: walk.depth, siblings, other: { position: leaf.position, valueHash } } }
  }
}

/** All values of a trie with their positions, in order of position. For audits: it reads everything. */
export function* trieWalk(store: PageStore, trie: number, root: TrieRoot): Generator<readonly [position: Uint8Array, value: Uint8Array]> {
  function* below(page: Page, path: Uint8Array, depth: number): Generator<readonly [Uint8Array, Uint8Array]> {
    for (let i = 0; i < 16; i++) {
      const slot = page.slots[i] as Slot
      if (slot === null) continue
      if (slot.kind === 'leaf') {
        yield [slot.position, store.value(trie, slot)]
        continue
      }
      const next = path.slice()
      next[depth >> 1] = (next[depth >> 1] as number) | ((depth & 1) === 0 ? i << 4 : i)
      yield* below(store.load(trie, slot, next, depth + 1), next, depth + 1)
    }
  }
  yield* below(topPage(store, trie, root), new Uint8Array(32), 0)
}

interface Item {
  readonly position: Uint8Array
  readonly value: Uint8Array | undefined
}

/** Applies changes (the last of a key wins) to the trie of a root. `version` is the height that the new root belongs to. */
export function trieUpdate(store: PageStore, trie: number, root: TrieRoot, changes: readonly TrieChange[], version: number): TrieUpdate {
  const rows: (readonly [Uint8Array, Uint8Array])[] = []
  const stale: Uint8Array[] = []
  const pages: (readonly [Uint8Array, Page])[] = []

  const dropValue = (leaf: Leaf): void => {
    if (leaf.value === null) stale.push(valueKey(trie, leaf.version, leaf.position))
  }
  const newLeaf = (position: Uint8Array, value: Uint8Array): Leaf => {
    const leaf = makeLeaf(position, value, version)
    if (leaf.value === null) rows.push([valueKey(trie, version, position), value])
    return leaf
  }
  const writePage = (page: Page, position: Uint8Array, depth: number): Child => {
    const key = pageKey(trie, version, position, depth)
    rows.push([key, encodePage(page)])
    pages.push([key, page])
    return { kind: 'page', version, hash: pageTop(page).hash }
  }

  /** A subtree of leaves that share `depth` nibbles. */
  const grow = (leaves: readonly Leaf[], depth: number): Slot => {
    const first = leaves[0]
    if (first === undefined) return null
    if (leaves.length === 1) return first
    const groups = new Map<number, Leaf[]>()
    for (const leaf of leaves) {
      const at = slotIndex(leaf.position, depth)
      const group = groups.get(at)
      if (group === undefined) groups.set(at, [leaf])
      else group.push(leaf)
    }
    const slots = new Map<number, Slot>()
    for (const [at, group] of groups) slots.set(at, grow(group, depth + 1))
    return writePage(withSlots(EMPTY_PAGE, slots), first.position, depth)
  }

  /** The slot after the items below it; the same object when nothing changed. */
  const change = (slot: Slot, items: readonly Item[], depth: number): Slot => {
    if (slot !== null && slot.kind === 'page') {
      const position = (items[0] as Item).position
      const old = store.load(trie, slot, position, depth)
      const page = changePage(old, items, depth)
      if (page === old) return slot
      stale.push(pageKey(trie, slot.version, position, depth))
      const top = pageTop(page)
      // deletes collapse to the sibling leaf only: an inner node stays where it is
      return top.kind === 'empty' ? null : top.kind === 'leaf' ? top.leaf : writePage(page, position, depth)
    }
    const leaves: Leaf[] = []
    let kept = slot === null
    for (const { position, value } of items) {
      if (slot !== null && equalBytes(slot.position, position)) {
        kept = true
        if (value !== undefined && equalBytes(sha256(value), slot.valueHash)) {
          leaves.push(slot)
        } else {
          dropValue(slot)
          if (value !== undefined) leaves.push(newLeaf(position, value))
        }
      } else if (value !== undefined) {
        leaves.push(newLeaf(position, value))
      }
    }
    if (!kept && slot !== null) leaves.push(slot)
    return grow(leaves, depth)
  }

  const changePage = (page: Page, items: readonly Item[], depth: number): Page => {
    const slots = new Map<number, Slot>()
    for (let from = 0; from < items.length;) {
      const at = slotIndex((items[from] as Item).position, depth)
      let to = from + 1
      while (to < items.length && slotIndex((items[to] as Item).position, depth) === at) to++
      const old = page.slots[at] as Slot
      const next = change(old, items.slice(from, to), depth + 1)
      if (next !== old) slots.set(at, next)
      from = to
    }
    return slots.size === 0 ? page : withSlots(page, slots)
  }

  const last = new Map<string, Item>()
  for (const [key, value] of changes) {
    const position = sha256(key)
    last.set(byteString(position), { position, value })
  }
  const items = [...last.values()].sort((a, b) => compareBytes(a.position, b.position))
  const old = topPage(store, trie, root)
  const page = changePage(old, items, 0)
  if (page === old) return { root, rows: [], stale: [], pages: [] }
  if (old !== EMPTY_PAGE) stale.push(pageKey(trie, root.version, TOP, 0))
  const empty = pageTop(page).kind === 'empty'
  return { root: empty ? { ...EMPTY_ROOT, version } : writePage(page, TOP, 0), rows, stale, pages }
}
