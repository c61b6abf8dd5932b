/** The compact sparse Merkle trie with persistent pages: reads at a root, and proofs. */
import { sha256, type TrieProof } from '../../core/index.ts'
import type { Leaf } from './leaf.ts'
import { SLOTS, slotIndex, walkPage, type Page } from './page.ts'
import { loadPage, type PageStore } from './page-store.ts'
import { topPage, type TrieRoot } from './update.ts'

/** The leaf at a position, if there is one. */
function find(store: PageStore, trie: number, root: TrieRoot, position: Uint8Array): Leaf | undefined {
  let page = topPage(store, trie, root)
  for (let depth = 0; ; depth++) {
    const slot = slotIndex(position, depth)
    const child = page.child(slot)
    if (child === undefined) {
      const leaf = page.leaf(slot)
      return leaf?.isAt(position) === true ? leaf : undefined
    }
    page = loadPage(store, trie, child, position, depth + 1)
  }
}

/** The value under a key in the trie of a root; undefined when absent. Throws `data_corrupt` when a page or value on the way is not what its hash says. */
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
  for (let pageDepth = 0; ; pageDepth++) {
    const { siblings: passed, depth, leaf, below } = walkPage(page, position, pageDepth)
    siblings.push(...passed)
    if (below !== undefined) {
      page = loadPage(store, trie, below, position, pageDepth + 1)
      continue
    }
    if (leaf === undefined) return { value: null, proof: { depth, siblings, other: null } }
    if (leaf.isAt(position)) return { value: store.value(trie, leaf), proof: { depth, siblings, other: null } }
    return { value: null, proof: { depth, siblings, other: { position: leaf.position, valueHash: leaf.valueHash } } }
  }
}

/** All values of a trie with their positions, in order of position. For audits: it reads everything. */
export function* trieWalk(store: PageStore, trie: number, root: TrieRoot): Generator<readonly [position: Uint8Array, value: Uint8Array]> {
  function* below(page: Page, path: Uint8Array, depth: number): Generator<readonly [Uint8Array, Uint8Array]> {
    for (let slot = 0; slot < SLOTS; slot++) {
      const leaf = page.leaf(slot)
      if (leaf !== undefined) yield [leaf.position, store.value(trie, leaf)]
      const child = page.child(slot)
      if (child === undefined) continue
      const next = path.slice()
      next[depth >> 1] = (next[depth >> 1] as number) | ((depth & 1) === 0 ? slot << 4 : slot)
      yield* below(loadPage(store, trie, child, next, depth + 1), next, depth + 1)
    }
  }
  yield* below(topPage(store, trie, root), new Uint8Array(32), 0)
}
