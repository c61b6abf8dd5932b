/**
 * Batches of changes to a trie. From the top down, a level at a time, the pages on the way to what changes are read; then the pages take their new form; then
 * all hashes are made from the bottom up, a level at a time again.
 */
import { compareBytes, EMPTY_TRIE, equalBytes, sha256 } from '../../core/index.ts'
import { Draft } from './draft.ts'
import { hashLeaves, hashNodes } from './hashing.ts'
import { Leaf } from './leaf.ts'
import { EMPTY_PAGE, SLOTS, slotIndex, type Child, type Page } from './page.ts'
import { loadPage, pageKey, TOP, valueKey, type Ask, type PageStore } from './page-store.ts'

/** A root: the page at the top and its hash. */
export type TrieRoot = Child

/** The root of the trie that holds nothing. */
export const EMPTY_ROOT: TrieRoot = { version: 0, hash: EMPTY_TRIE }

export type TrieChange = readonly [key: Uint8Array, value: Uint8Array | undefined]

/** What a batch did: rows to write, rows that no root from this height on needs, and the pages to keep in the cache once it is committed. */
export interface TrieUpdate {
  readonly root: TrieRoot
  readonly rows: readonly (readonly [Uint8Array, Uint8Array])[]
  readonly stale: readonly Uint8Array[]
  readonly pages: readonly (readonly [Uint8Array, Page])[]
}

interface Item {
  readonly position: Uint8Array
  readonly value: Uint8Array | undefined
}

/** The items of one slot, and the page that they go on in. */
interface Group {
  readonly slot: number
  readonly from: number
  readonly to: number
  below: Visit | undefined
}

/** A page that items pass. */
interface Visit {
  readonly page: Page
  readonly version: number
  readonly groups: readonly Group[]
  draft: Draft | undefined
}

interface Made {
  readonly draft: Draft
  readonly position: Uint8Array
}

export function topPage(store: PageStore, trie: number, root: TrieRoot): Page {
  return equalBytes(root.hash, EMPTY_TRIE) ? EMPTY_PAGE : loadPage(store, trie, root, TOP, 0)
}

class Update {
  readonly rows: (readonly [Uint8Array, Uint8Array])[] = []
  readonly stale: Uint8Array[] = []
  readonly #items: readonly Item[]
  readonly #leaves: Leaf[] = []
  /** New leaves lie here until their pages are made: one piece of memory, since many small ones cost more than what is done with them. */
  readonly #leafBytes: Uint8Array
  #leafAt = 0
  /** Drafts that stay, by depth. */
  readonly #drafts: Made[][] = []
  readonly #store: PageStore
  readonly #trie: number
  readonly #version: number

  constructor(store: PageStore, trie: number, version: number, items: readonly Item[]) {
    this.#store = store
    this.#trie = trie
    this.#version = version
    this.#items = items
    this.#leafBytes = new Uint8Array(items.reduce((n, { value }) => n + (value === undefined ? 0 : Leaf.sizeOf(value)), 0))
  }

  #positionAt(index: number): Uint8Array {
    return (this.#items[index] as Item).position
  }

  #visit(page: Page, version: number, from: number, to: number, depth: number): Visit {
    const groups: Group[] = []
    for (let start = from; start < to;) {
      const slot = slotIndex(this.#positionAt(start), depth)
      let end = start + 1
      while (end < to && slotIndex(this.#positionAt(end), depth) === slot) end++
      groups.push({ slot, from: start, to: end, below: undefined })
      start = end
    }
    return { page, version, groups, draft: undefined }
  }

  /** Reads all pages on the way; gives them by depth. */
  #descend(top: Page, version: number): Visit[][] {
    const levels: Visit[][] = []
    for (let level = [this.#visit(top, version, 0, this.#items.length, 0)]; level.length > 0;) {
      const depth = levels.push(level)
      const asks: Ask[] = []
      const asking: Group[] = []
      for (const { page, groups } of level) {
        for (const group of groups) {
          const child = page.child(group.slot)
          if (child === undefined) continue
          asks.push({ child, position: this.#positionAt(group.from) })
          asking.push(group)
        }
      }
      const pages = asks.length === 0 ? [] : this.#store.load(this.#trie, depth, asks)
      level = asking.map((group, i) => {
        group.below = this.#visit(pages[i] as Page, (asks[i] as Ask).child.version, group.from, group.to, depth)
        return group.below
      })
    }
    return levels
  }

  #newLeaf(position: Uint8Array, value: Uint8Array): Leaf {
    const leaf = Leaf.put(this.#leafBytes, this.#leafAt, position, value, this.#version)
    this.#leafAt += Leaf.sizeOf(value)
    if (leaf.ownRow) this.rows.push([valueKey(this.#trie, this.#version, position), value])
    this.#leaves.push(leaf)
    return leaf
  }

  /** The leaves of a slot that held one or none; undefined when nothing changed. */
  #leavesOf(old: Leaf | undefined, { from, to }: Group): Leaf[] | undefined {
    const leaves: Leaf[] = []
    let changed = false
    let kept = old
    for (let i = from; i < to; i++) {
      const { position, value } = this.#items[i] as Item
      if (old?.isAt(position) === true) {
        if (value !== undefined && equalBytes(sha256(value), old.valueHash)) continue
        if (old.ownRow) this.stale.push(valueKey(this.#trie, old.version, position))
        kept = undefined
        changed = true
      }
      if (value === undefined) continue
      leaves.push(this.#newLeaf(position, value))
      changed = true
    }
    if (!changed) return undefined
    if (kept !== undefined) leaves.push(kept)
    return leaves
  }

  #keep(draft: Draft, position: Uint8Array, depth: number): void {
    const at = (this.#drafts[depth] ??= [])
    at.push({ draft, position })
  }

  /** A subtree of two leaves or more that share `depth` nibbles. */
  #grow(leaves: readonly Leaf[], depth: number): Draft {
    const draft = new Draft(EMPTY_PAGE, this.#version)
    const groups: Leaf[][] = []
    for (const leaf of leaves) {
      const group = (groups[slotIndex(leaf.position, depth)] ??= [])
      group.push(leaf)
    }
    for (let slot = 0; slot < SLOTS; slot++) {
      const group = groups[slot]
      if (group !== undefined) this.#setLeaves(draft, slot, group, depth)
    }
    this.#keep(draft, (leaves[0] as Leaf).position, depth)
    return draft
  }

  #setLeaves(draft: Draft, slot: number, leaves: readonly Leaf[], depth: number): void {
    const [first, second] = leaves
    if (first === undefined) draft.clear(slot)
    else if (second === undefined) draft.setLeaf(slot, first)
    else draft.setPage(slot, this.#grow(leaves, depth + 1))
  }

  /** Gives the page of a visit its new form, those below it having theirs. */
  #change(visit: Visit, depth: number): void {
    const { page } = visit
    for (const group of visit.groups) {
      const { slot, below } = group
      if (below === undefined) {
        const leaves = this.#leavesOf(page.leaf(slot), group)
        if (leaves !== undefined) this.#setLeaves((visit.draft ??= new Draft(page, this.#version)), slot, leaves, depth)
        continue
      }
      if (below.draft === undefined) continue
      visit.draft ??= new Draft(page, this.#version)
      const position = this.#positionAt(group.from)
      this.stale.push(pageKey(this.#trie, below.version, position, depth + 1))
      const kind = below.draft.kind(1)
      // deletes collapse to the sibling leaf only: an inner node stays where it is
      if (kind === 'empty') visit.draft.clear(slot)
      else if (kind === 'leaf') visit.draft.setLeaf(slot, below.draft.sole())
      else {
        this.#keep(below.draft, position, depth + 1)
        visit.draft.setPage(slot, below.draft)
      }
    }
  }

  /** Applies the items to the trie of a top page; undefined when nothing changed. */
  apply(top: Page, version: number): Draft | undefined {
    const levels = this.#descend(top, version)
    for (let depth = levels.length - 1; depth >= 0; depth--) for (const visit of levels[depth] as Visit[]) this.#change(visit, depth)
    return levels[0]?.[0]?.draft
  }

  /** All pages, with their rows. */
  finish(top: Draft): (readonly [Uint8Array, Page])[] {
    if (top.kind(1) !== 'empty') this.#keep(top, TOP, 0)
    hashLeaves(this.#leaves)
    const pages: (readonly [Uint8Array, Page])[] = []
    for (let depth = this.#drafts.length - 1; depth >= 0; depth--) {
      const made = this.#drafts[depth] ?? []
      for (const { draft, position } of made) {
        const key = pageKey(this.#trie, this.#version, position, depth)
        const page = draft.make()
        this.rows.push([key, page.row])
        pages.push([key, page])
      }
      hashNodes(made.map(({ draft }) => draft))
    }
    return pages
  }
}

/** In order of position; of changes to one key the last. */
function itemsOf(changes: readonly TrieChange[]): Item[] {
  const all = changes.map(([key, value]) => ({ position: sha256(key), value })).sort((a, b) => compareBytes(a.position, b.position))
  return all.filter(({ position }, i) => i + 1 === all.length || !equalBytes(position, (all[i + 1] as Item).position))
}

/** Applies changes (the last of a key wins) to the trie of a root. `version` is the height that the new root belongs to. */
export function trieUpdate(store: PageStore, trie: number, root: TrieRoot, changes: readonly TrieChange[], version: number): TrieUpdate {
  const nothing = { root, rows: [], stale: [], pages: [] }
  if (changes.length === 0) return nothing
  const update = new Update(store, trie, version, itemsOf(changes))
  const old = topPage(store, trie, root)
  const draft = update.apply(old, root.version)
  if (draft === undefined) return nothing
  if (old !== EMPTY_PAGE) update.stale.push(pageKey(trie, root.version, TOP, 0))
  const pages = update.finish(draft)
  const hash = draft.kind(1) === 'empty' ? EMPTY_TRIE : draft.page.top
  return { root: { version, hash }, rows: update.rows, stale: update.stale, pages }
}
